"""Mixes of what calls say: everybody hears the others, and nobody himself. Pure.

Mixing goes in rounds of 20 ms. In a round the frame of each feed is fixed and who speaks is known;
who does not is left out of all sums. So listeners differ only in which of the *speaking* feeds they
hear, and those who hear the same share one sum, one encoder and one packet: a conference with one
speaker costs one encoding, however many listen, and one where nobody speaks costs none.

A round begins when a mix asks that has had its frame of the present one. Calls take their turns in
an even order, so each mix gets each round exactly once, with no regard to the clock.

Encoders and decoders lean on what they said before. Hence an encoder belongs to a set of speakers,
not to a listener; one for a new set goes on where that of the first listener's last set is, and
whoever changes between two that run hears the same voices from both. Neither clicks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, Self

import numpy as np

from sdp.media.inlet import Inlet
from sdp.media.pacing import Decoder, Pacer
from sdp.media.patchbay import Feed as AnyFeed
from sdp.media.rtp import Packet
from sdp.media.talk import TalkGate

STALE = 0.1  # seconds; nobody has asked for so long: the round is over
TIDY = 50  # rounds; so often, encoders that nobody hears any more are let go


class Encoder(Protocol):
    """As `codec.Encoder`, 16 kHz."""

    def encode(self, samples: bytes) -> bytes: ...

    def become(self, other: Self) -> None: ...


class Feed:
    """What a call says, for mixes. Counts who uses it."""

    __slots__ = ("_gate", "_had", "_inlet", "_mixer", "_pacer", "frame", "users")

    def __init__(self, inlet: Inlet, decoder: Decoder, mixer: Mixer) -> None:
        self.users = 1
        self.frame = b""  # of this round, if the call speaks
        self._inlet = inlet
        self._mixer = mixer
        self._had = -1  # the round in which `talks` was asked last
        self._pacer = Pacer(decoder)
        self._gate = TalkGate()

    @property
    def is_talking(self) -> bool:
        return self._gate.is_talking

    def talks(self, now: float) -> bool:
        """As `is_talking`, also while no mix asks for sound; for one who asks each 20 ms."""
        self._had = self._mixer.begin(self._had, now)
        return self._gate.is_talking

    @property
    def delay_ms(self) -> int:
        """How long the sound waits for late packets."""
        return self._pacer.delay_ms

    def carry(self, packet: Packet, now: float) -> None:
        """A packet of the call arrived."""
        inlet = self._inlet
        if packet.payload_type == inlet.opus and not inlet.is_deaf:
            self._pacer.take(packet, now)

    def turn(self, now: float) -> bool:
        """A round begins: is the call heard in it?"""
        gate = self._gate
        frame = self._pacer.next(now, is_quiet=not gate.is_talking)
        if frame is None:
            gate.rest()
            return False
        self.frame = frame
        return gate.hear(frame)

    def close(self) -> None:
        """One user less; after the last one nothing is decoded any more."""
        self.users -= 1
        if not self.users:
            inlet = self._inlet
            inlet.wires = tuple(one for one in inlet.wires if one is not self)
            self._mixer.forget(inlet)


class Channel:
    """The sound of one set of speakers, encoded once a round."""

    __slots__ = ("_before", "_encoder", "_packet", "round", "speakers")

    def __init__(self, speakers: frozenset[Feed], encoder: Encoder, before: Encoder) -> None:
        self.speakers = speakers
        self.round = 0
        self._packet = b""
        self._encoder = encoder
        self._before = before  # as the encoder was at the end of the last round

    def follow(self, other: Channel, now_round: int) -> None:
        """Begin where `other` was at the end of the last round."""
        self._encoder.become(other._before if other.round == now_round else other._encoder)

    def packet(self, now_round: int) -> bytes:
        """The packet of the round."""
        if self.round != now_round:
            self.round = now_round
            self._before.become(self._encoder)
            self._packet = self._encoder.encode(total([one.frame for one in self.speakers]))
        return self._packet


def total(frames: Sequence[bytes]) -> bytes:
    """Frames added up; what gets too loud is cut off at full scale."""
    if len(frames) == 1:
        return frames[0]
    whole = np.frombuffer(frames[0], np.int16).astype(np.int32)
    for frame in frames[1:]:
        whole += np.frombuffer(frame, np.int16)
    np.minimum(whole, 32767, out=whole)  # both take half the time of `clip`
    np.maximum(whole, -32768, out=whole)
    return whole.astype(np.int16).tobytes()


class Mixer:
    """One per worker.

    :param make_encoder: gives an encoder of 20 ms of 16 kHz.
    :param make_decoder: gives a decoder to 16 kHz.
    """

    def __init__(
        self, make_encoder: Callable[[], Encoder], make_decoder: Callable[[], Decoder]
    ) -> None:
        self.round = 0
        self.talking: frozenset[Feed] = frozenset()
        self.channels_made = 0
        self._make_encoder = make_encoder
        self._make_decoder = make_decoder
        self._feeds: dict[Inlet, Feed] = {}
        self._channels: dict[frozenset[Feed], Channel] = {}
        self._began_at = 0.0

    def feed(self, inlet: Inlet) -> Feed:
        """What the call of `inlet` says; close it."""
        feed = self._feeds.get(inlet)
        if feed is None:
            feed = self._feeds[inlet] = Feed(inlet, self._make_decoder(), self)
            inlet.wires = (*inlet.wires, feed)
        else:
            feed.users += 1
        return feed

    def forget(self, inlet: Inlet) -> None:
        """Nobody hears the call any more."""
        del self._feeds[inlet]

    def mix(self, feeds: Sequence[AnyFeed]) -> Mix:
        """The sound of some feeds, to be asked for each 20 ms."""
        return Mix(self, feeds)

    # --- for mixes --------------------------------------------------------------------------------

    def begin(self, had: int, now: float) -> int:
        """The round for a mix that had `had`: the present one, or a new one."""
        if had == self.round or now - self._began_at > STALE:
            self.round += 1
            self._began_at = now
            self.talking = frozenset([one for one in self._feeds.values() if one.turn(now)])
            if not self.round % TIDY:
                self._tidy()
        return self.round

    def _tidy(self) -> None:
        self._channels = {
            key: channel
            for key, channel in self._channels.items()
            if channel.round >= self.round - 1
        }

    def channel(self, speakers: frozenset[Feed], last: Channel | None) -> Channel:
        """The channel of some speakers, for a listener that had `last` before."""
        channel = self._channels.get(speakers)
        if channel is None or channel.round < self.round - 1:  # or: its encoder has missed a round
            channel = Channel(speakers, self._make_encoder(), self._make_encoder())
            if last is not None:
                channel.follow(last, self.round)
            self._channels[speakers] = channel
            self.channels_made += 1
        return channel


class Mix:
    """What one listener hears."""

    __slots__ = ("_channel", "_feeds", "_had", "_mixer")

    def __init__(self, mixer: Mixer, feeds: Sequence[AnyFeed]) -> None:
        self._mixer = mixer
        self._feeds = frozenset(feeds)
        self._had = -1
        self._channel: Channel | None = None

    @property
    def feeds(self) -> Sequence[AnyFeed]:
        return tuple(self._feeds)

    @feeds.setter
    def feeds(self, feeds: Sequence[AnyFeed]) -> None:
        self._feeds = frozenset(feeds)

    def next(self, now: float) -> bytes | None:
        """The packet of these 20 ms; None while nobody speaks."""
        mixer = self._mixer
        self._had = mixer.begin(self._had, now)
        speakers = mixer.talking.intersection(self._feeds)
        if not speakers:
            self._channel = None
            return None
        channel = self._channel
        if channel is None or channel.speakers != speakers:
            channel = self._channel = mixer.channel(speakers, channel)
        return channel.packet(self._had)
