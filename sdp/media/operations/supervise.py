"""`supervise`: a third call hears two that speak, and may speak to one of them or both. Pure.

The supervisor hears the target and all that the target hears, prompts included, also when that
changes: the target may be transferred meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, TypeAlias

from sdp.media.messages import OperationKind
from sdp.media.operations.life import Call
from sdp.media.operations.link import Link, Other, Others
from sdp.media.operations.reader import Reader
from sdp.media.own_voice import OwnVoice
from sdp.media.patchbay import Patchbay
from sdp.media.wire import Party, Speaker, is_party

Edge: TypeAlias = tuple[Speaker, Party]


class Mode(StrEnum):
    """Who hears the supervisor."""

    LISTEN = auto()  # nobody
    WHISPER = auto()  # one side
    BARGE = auto()  # all


class Ear(StrEnum):
    """Which side a whisper is for."""

    TARGET = auto()
    PARTNER = auto()


@dataclass(frozen=True, slots=True)
class Manner:
    """How a call is supervised."""

    mode: Mode = Mode.LISTEN
    side: Ear = Ear.TARGET

    @property
    def is_heard_by_target(self) -> bool:
        return self.mode is Mode.BARGE or (self.mode is Mode.WHISPER and self.side is Ear.TARGET)

    @property
    def is_heard_by_partner(self) -> bool:
        return self.mode is Mode.BARGE or (self.mode is Mode.WHISPER and self.side is Ear.PARTNER)


@dataclass(frozen=True, slots=True)
class SuperviseOptions:
    target: Other
    manner: Manner


def read_supervise(data: object, others: Others) -> SuperviseOptions:
    reader = Reader(data)
    wanted = others.read(reader, "target")
    manner = _manner(reader, Manner())
    return SuperviseOptions(others.get(wanted), manner)


def _manner(reader: Reader, present: Manner) -> Manner:
    manner = Manner(reader.word("mode", present.mode), reader.word("side", present.side))
    reader.end()
    return manner


class Supervise(Link):
    """Listen, whisper or barge; `update` changes from one to the other."""

    kind = OperationKind.SUPERVISE
    verbs_with_options = frozenset({"update"})

    def __init__(self, operation_id: str, patchbay: Patchbay, options: SuperviseOptions) -> None:
        super().__init__(operation_id, patchbay, options.target)
        self._manner = options.manner
        self._edges: dict[Edge, None] = {}

    def obey(self, verb: str, options: dict[str, Any], now: float) -> None:
        """See `Operation.obey`.

        :raises MessageError: an option of `update` is wrong.
        """
        if verb != "update":
            super().obey(verb, options, now)
            return
        self._manner = _manner(Reader(options), self._manner)
        if self.has_met:
            self._follow(self.other)

    def _meet(self, call: Call, now: float) -> None:
        self._patchbay.watch(self._follow)
        self._follow(self.other)
        self._started(call)

    def _part(self) -> None:
        self._patchbay.unwatch(self._follow)

    def _follow(self, listener: Party) -> None:
        """The target hears others than before, or the manner is another."""
        us = self._call
        if listener is not self.other or us is None:
            return
        wanted = self._wanted(us)
        with self._patchbay.at_once():
            for speaker, heard_by in wanted:
                self._patchbay.patch(self, speaker, heard_by)
            for edge in self._edges:
                if edge not in wanted:
                    self._patchbay.unpatch(self, *edge)
            self._edges = wanted

    def _wanted(self, us: Party) -> dict[Edge, None]:
        """Pairs of speaker and listener."""
        target = self.other
        speakers = [one for one in self._patchbay.speakers(target) if one is not us]
        heard_by: list[Party] = [target] if self._manner.is_heard_by_target else []
        if self._manner.is_heard_by_partner:
            heard_by += [one for one in speakers if is_party(one)]
        heard = (target, *speakers, OwnVoice.of(target.outlet))
        return dict.fromkeys([(one, us) for one in heard] + [(us, one) for one in heard_by])

    def result(self) -> dict[str, Any]:
        words = {"mode": str(self._manner.mode), "side": str(self._manner.side)}
        return {"target": self.other_id, **words, **super().result()}
