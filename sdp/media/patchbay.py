"""Who hears whom among the calls of a worker. Pure.

An edge leads from a call that speaks to a call that listens, and belongs to whoever asked for it;
an edge with several owners is there until the last one lets go. A call that listens to one other
gets its packets as they are, at the moment they arrive ("forwarded": no decoder, no encoder, no
clock); a call that listens to several, or whose owner wants it so, gets a mix. Either is a layer of
its outlet, so keys, prompts, hold and mute keep their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, Protocol, TypeAlias

from sdp.media.inlet import Inlet
from sdp.media.layers import Source
from sdp.media.wire import Party, Speaker, Wire


class Feed(Protocol):
    """A call's sound, for mixes."""

    def talks(self, now: float) -> bool:
        """Does the call speak? To be asked by one only, each 20 ms."""

    def close(self) -> None: ...


class Mix(Source, Protocol):
    """The sound of several feeds; they may be changed at any time."""

    feeds: Sequence[Feed]


class Mixer(Protocol):
    """Makes mixes."""

    def feed(self, inlet: Inlet) -> Feed: ...

    def mix(self, feeds: Sequence[Feed]) -> Mix: ...


class Wish(NamedTuple):
    """What an owner wants of an edge."""

    has_keys: bool = False
    is_mixed: bool = False


#: The owners of an edge, each with its wish.
Owners: TypeAlias = dict[object, Wish]


class _Ear:
    """What a listener gets."""

    __slots__ = ("feeds", "mix", "speaker", "wire")

    def __init__(self) -> None:
        self.speaker: Speaker | None = None
        self.wire: Wire | None = None
        self.feeds: dict[Speaker, Feed] = {}
        self.mix: Mix | None = None


class Patchbay:
    """One per worker.

    :param mixer: without one, a call that should hear several others hears none of them.
    """

    def __init__(self, mixer: Mixer | None = None) -> None:
        self._mixer = mixer
        self._edges: dict[Party, dict[Speaker, Owners]] = {}  # by listener, by speaker
        self._ears: dict[Party, _Ear] = {}
        self._watchers: list[Callable[[Party], None]] = []
        self._changed: dict[Party, None] | None = None  # listeners that wait to be settled

    # --- edges ------------------------------------------------------------------------------------

    def patch(
        self,
        owner: object,
        speaker: Speaker,
        listener: Party,
        *,
        has_keys: bool = False,
        is_mixed: bool = False,
    ) -> None:
        """Let `listener` hear `speaker` until `owner` unpatches them.

        :param has_keys: the speaker's keys reach the listener as telephone-events.
        :param is_mixed: the listener gets a mix even if it hears nobody else.
        """
        wish = Wish(has_keys, is_mixed)
        owners = self._edges.setdefault(listener, {}).setdefault(speaker, {})
        if owners.get(owner) != wish:
            owners[owner] = wish
            self._settle(listener)

    def unpatch(
        self, owner: object, speaker: Speaker | None = None, listener: Party | None = None
    ) -> None:
        """Take away all edges of `owner`, or those of one speaker or listener."""
        for heard, speakers in list(self._edges.items()):
            if listener is None or heard is listener:
                wanted = [one for one in speakers if speaker is None or one is speaker]
                self._release(owner, heard, wanted)

    def _release(self, owner: object, listener: Party, speakers: list[Speaker]) -> None:
        edges = self._edges[listener]
        gone = [one for one in speakers if edges[one].pop(owner, None) is not None]
        for speaker in gone:
            if not edges[speaker]:
                del edges[speaker]
        if gone:
            self._settle(listener)

    def forget(self, party: Party) -> None:
        """The call is over: it neither speaks nor listens."""
        if self._edges.pop(party, None):
            self._settle(party)
        for listener, speakers in list(self._edges.items()):
            if speakers.pop(party, None) is not None:
                self._settle(listener)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Changes made inside are heard as one: nothing is cut between the first and the last."""
        if self._changed is not None:
            yield
            return
        self._changed = {}
        try:
            yield
        finally:
            changed, self._changed = self._changed, None
            for listener in changed:
                self._settle(listener)

    def watch(self, watcher: Callable[[Party], None]) -> None:
        """Tell `watcher` of each listener whose speakers may have changed."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[Party], None]) -> None:
        """Stop that."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def speakers(self, listener: Party) -> list[Speaker]:
        """Whom a call hears, in the order in which they were patched."""
        return list(self._edges.get(listener, ()))

    def feed(self, party: Party) -> Feed | None:
        """What a call says, for who wants to know whether it speaks; to be closed."""
        return None if self._mixer is None else self._mixer.feed(party.inlet)

    # --- sound ------------------------------------------------------------------------------------

    def _settle(self, listener: Party) -> None:
        """Make the listener's sound what its edges say."""
        if self._changed is not None:
            self._changed[listener] = None
            return
        edges = self._edges.get(listener, {})
        ear = self._ears.setdefault(listener, _Ear())
        if len(edges) == 1 and not _wants_mix(edges):
            self._forward(ear, listener, *next(iter(edges.items())))
        elif edges:
            self._mix(ear, listener, list(edges))
        else:
            self._end(ear, listener)
        for watcher in tuple(self._watchers):
            watcher(listener)

    def _forward(self, ear: _Ear, listener: Party, speaker: Speaker, owners: Owners) -> None:
        has_keys = any(wish.has_keys for wish in owners.values())
        if ear.wire is not None and ear.speaker is speaker:
            ear.wire.let_keys(has_keys)
            return
        self._cut(ear)
        ear.speaker, ear.wire = speaker, Wire(speaker, listener, has_keys=has_keys)
        speaker.inlet.wires = (*speaker.inlet.wires, ear.wire)
        listener.outlet.tune(None, is_forwarding=True)
        self._drop(ear, frozenset())

    def _mix(self, ear: _Ear, listener: Party, speakers: list[Speaker]) -> None:
        self._cut(ear)
        if self._mixer is None:
            listener.outlet.tune(None, is_forwarding=False)
            return
        for speaker in speakers:
            if speaker not in ear.feeds:
                ear.feeds[speaker] = self._mixer.feed(speaker.inlet)
        feeds = [ear.feeds[speaker] for speaker in speakers]
        if ear.mix is None:
            ear.mix = self._mixer.mix(feeds)
            listener.outlet.tune(ear.mix, is_forwarding=False)
        else:
            ear.mix.feeds = feeds
        self._drop(ear, frozenset(speakers))

    def _end(self, ear: _Ear, listener: Party) -> None:
        self._cut(ear)
        self._drop(ear, frozenset())
        listener.outlet.tune(None, is_forwarding=False)
        self._edges.pop(listener, None)
        del self._ears[listener]

    def _cut(self, ear: _Ear) -> None:
        """No packets are forwarded any more."""
        if ear.speaker is not None:
            inlet = ear.speaker.inlet
            inlet.wires = tuple(one for one in inlet.wires if one is not ear.wire)
        ear.speaker = ear.wire = None

    def _drop(self, ear: _Ear, kept: frozenset[Speaker]) -> None:
        """Close the feeds that are not needed any more; without any there is no mix."""
        for speaker in [one for one in ear.feeds if one not in kept]:
            ear.feeds.pop(speaker).close()
        if not ear.feeds:
            ear.mix = None


def _wants_mix(edges: dict[Speaker, Owners]) -> bool:
    return any(wish.is_mixed for owners in edges.values() for wish in owners.values())
