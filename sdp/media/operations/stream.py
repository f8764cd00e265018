"""`stream`: the sound of a call to and from a WebSocket, as Twilio Media Streams has it. Pure.

The connection is a `Line`, held at the edge; it never makes a call wait. What the line cannot take
at once waits in a short backlog, and the oldest sound in it is left out first; what the other side
sends is kept in `Playout` until its turn on the call's own 20 ms. If the line breaks it is opened
again, with growing pauses, as long as the call lives.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum, auto
from functools import partial
from typing import Any, Protocol

from sdp.media.mediastreams import (
    FRAME_MS,
    BadMessage,
    Mark,
    Media,
    Script,
    Track,
    read,
)
from sdp.media.messages import OperationKind
from sdp.media.operations.lanes import Convert, Ears, reader
from sdp.media.operations.life import COMPLETED, Call, Operation
from sdp.media.operations.terms import Terms
from sdp.media.operations.vad import attend, neglect
from sdp.media.playout import Playout

#: Causes of a failure.
CONNECT, CLOSED, TAKEN = "connect", "closed", "taken"
MAX_BACKLOG = 100  # messages, 2 s of one track
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 5.0  # seconds before the line is opened again
STEADY_SECONDS = 10.0  # a line that held so long was a good one: pauses are short again


class End(StrEnum):
    """How a line came to an end by itself."""

    DONE = auto()  # the other side closed it in the normal way
    BROKEN = auto()  # it may be opened again
    REFUSED = auto()  # it would be the same again


class Line(Protocol):
    """A connection. It tells the stream by `opened`, `received`, `blocked` and `lost`."""

    def open(self, delay: float) -> None:
        """Connect, after about `delay` seconds."""

    def send(self, message: bytes) -> None:
        """Never waits; called only between `opened` and `lost`."""

    def close(self) -> None:
        """Close what is open, give up what is being opened; nothing is told any more."""

    def make_encoder(self, rate: int) -> Convert:
        """From 20 ms of samples to an Opus packet."""

    def make_decoder(self, rate: int) -> Convert:
        """From an Opus packet to samples."""


class Stream(Operation):
    """One WebSocket of a call.

    :param stream_sid: the same for all connections of this stream.
    :param call_sid: what the other side is told as the id of the call.
    """

    kind = OperationKind.STREAM
    is_timed = True
    line: Line  # set by whoever starts it

    def __init__(self, operation_id: str, terms: Terms, *, stream_sid: str, call_sid: str) -> None:
        super().__init__(operation_id)
        self.terms = terms
        format_ = terms.format
        self._playout = Playout(
            format_.frame_bytes,
            format_.silence[: format_.sample_bytes],
            round(terms.buffer_seconds * format_.rate) * format_.sample_bytes,
            terms.ahead_ms // FRAME_MS,
        )
        self._read = reader(format_.codec)
        self._encode: Convert = bytes
        self._stream_sid = stream_sid
        self._new_script = partial(Script, stream_sid, call_sid)
        self._script: Script | None = None  # while the line is open, and so are the ears
        self._ears: Ears | None = None
        self._backlog: deque[tuple[bytes, bool]] = deque()  # message, is it sound
        self._is_blocked = False
        self._opened_at = 0.0
        self._connections = self._tries = 0
        self._sent = self._dropped = self._bad = 0

    # --- life -------------------------------------------------------------------------------------

    def _begin(self, call: Call, now: float) -> None:
        if self.terms.is_bidirectional:
            if call.outlet.source is not None:
                self.fail(TAKEN, "another live sound is heard in this call already", now)
                return
            self._encode = self.line.make_encoder(self.terms.format.rate)
            call.outlet.source = self
            if self.terms.clear_on_speech:
                attend(call, self, now)
        self.line.open(0.0)

    def _release(self, call: Call, now: float) -> None:
        if self._script is not None and not self._is_blocked:
            self._post(self._script.stop())
        self._unplug()
        neglect(call, self, now)
        if call.outlet.source is self:
            call.outlet.source = None
        self.line.close()

    def result(self) -> dict[str, Any]:
        """Counted over all connections."""
        a_second = self.terms.format.rate * self.terms.format.sample_bytes

        def ms(size: int) -> int:
            return size * 1000 // a_second

        playout = self._playout
        dropped = self._dropped + (self._ears.dropped if self._ears is not None else 0)
        return {
            "is_connected": self._script is not None,
            "reconnects": max(self._connections - 1, 0),
            "sent_ms": self._sent * FRAME_MS,
            "dropped_ms": dropped * FRAME_MS,
            "received_ms": ms(playout.taken + playout.refused),
            "played_ms": ms(playout.played),
            "cleared_ms": ms(playout.cleared),
            "refused_ms": ms(playout.refused),
            "bad_messages": self._bad,
        }

    # --- told by the line -------------------------------------------------------------------------

    def opened(self, now: float) -> None:
        """The line is there: say hello, and let sound flow into it."""
        call, terms = self._call, self.terms
        if call is None or self.is_ended:
            return
        self._opened_at = now
        self._connections += 1
        self._is_blocked = False
        self._script = script = self._new_script()
        parameters = dict(terms.parameters)
        if self._connections > 1:
            parameters["reconnect"] = str(self._connections - 1)
        self._post(script.connected())
        self._post(script.start(terms.tracks, terms.format, parameters))

        def emit(track: Track, sound: bytes) -> None:
            self._post(script.media(track, sound), True)

        make_decoder = self.line.make_decoder
        self._ears = Ears(call, terms.tracks, terms.format, emit, make_decoder, now)
        if self._connections == 1:
            self._started(call)

    def received(self, data: bytes) -> None:
        """A message of the other side; one that is not understood is counted, and that is all."""
        if self.is_ended:
            return
        try:
            message = read(data, self._stream_sid, self.terms.format.sample_bytes)
        except BadMessage:
            self._bad += 1
            return
        if not self.terms.is_bidirectional:
            self._bad += 1
        elif isinstance(message, Media):
            self._playout.add(message.sound)
        elif isinstance(message, Mark):
            self._bad += not self._playout.mark(message.name)
        else:
            self._clear()

    def blocked(self, is_blocked: bool) -> None:
        """The line takes no more for now, or does again."""
        self._is_blocked = is_blocked
        while self._backlog and not self._is_blocked:
            self._post(*self._backlog.popleft())

    def lost(self, end: End, message: str, now: float) -> None:
        """The line ended, or was not opened. `message` is for people."""
        if self.is_ended:
            return
        cause = CONNECT if self._script is None else CLOSED
        if self._script is not None and now - self._opened_at >= STEADY_SECONDS:
            self._tries = 0
        self._unplug()
        if end is End.DONE:
            self.finish(COMPLETED, now)
        elif end is End.REFUSED or not self._connections or self._tries >= self.terms.attempts:
            self.fail(cause, message, now)
        else:
            self.line.open(min(SHORTEST_PAUSE * 2**self._tries, LONGEST_PAUSE))
            self._tries += 1

    # --- to the other side ------------------------------------------------------------------------

    def _post(self, message: bytes, is_sound: bool = False) -> None:
        if not self._is_blocked:
            self._sent += is_sound
            self.line.send(message)
            return
        self._backlog.append((message, is_sound))
        if len(self._backlog) > MAX_BACKLOG:
            sounds = (index for index, (_, is_sound) in enumerate(self._backlog) if is_sound)
            oldest = next(sounds, 0)
            self._dropped += self._backlog[oldest][1]
            del self._backlog[oldest]

    def _unplug(self) -> None:
        """The line is open no more; what waited for it is lost."""
        self._script = None
        if self._ears is not None:
            self._dropped += self._ears.dropped
            self._ears.close()
            self._ears = None
        self._dropped += sum(is_sound for _, is_sound in self._backlog)
        self._backlog.clear()

    # --- in the call ------------------------------------------------------------------------------

    def next(self, now: float) -> bytes | None:
        """As the live sound of the call: the Opus packet of these 20 ms."""
        sound = self._playout.next()
        return None if sound is None else self._encode(self._read(sound))

    def tick(self, now: float) -> None:
        """What was played before this tick has been sent: answer its marks."""
        if self._ears is not None:
            self._ears.tick(now)
        self._answer_marks()

    def press(self, key: str, now: float) -> None:
        """The peer has pressed a key."""
        if self._script is not None:
            self._post(self._script.dtmf(key))

    def speech(self, now: float) -> None:
        """The peer has begun to speak."""
        if self.terms.clear_on_speech:
            self._clear()

    def _clear(self) -> None:
        self._playout.clear()
        self._answer_marks()

    def _answer_marks(self) -> None:
        for name in self._playout.reached():
            if self._script is not None:
                self._post(self._script.mark(name))
