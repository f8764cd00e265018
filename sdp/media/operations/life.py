"""The life of an operation, and all operations of one call. Pure.

An operation is one act on the media of a call: it has an id, is started by a request, and ends
exactly once: by itself, by a verb, or with the call (cause `hung_up`). Nothing begins before the
gate of the call is open; what is started earlier waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Protocol

from sdp.media.dtmf import Digit
from sdp.media.messages import (
    MediaErrorCode,
    MediaEventKind,
    OperationKind,
    OperationState,
    OperationStatus,
)
from sdp.media.registry import Refused
from sdp.media.wire import Party

State = OperationState
#: So many operations of a call that are over are remembered, so that a repeated request is known.
REMEMBERED = 1000
#: Causes of an end.
COMPLETED, STOPPED, HUNG_UP, REPLACED = "completed", "stopped", "hung_up", "replaced"
BARGED_IN, TIMEOUT = "barged_in", "timeout"
PEER_LEFT = "peer_left"  # the other call that it needs is over


class Call(Party, Protocol):
    """What an operation may touch of the call that it belongs to."""

    operations: Operations
    is_over: bool  # there is no media any more

    @property
    def opus_payload_type(self) -> int: ...

    def tell(self, kind: MediaEventKind, data: dict[str, Any]) -> None: ...

    def pressed(self, digits: list[Digit], now: float) -> None: ...

    def statistics(self, now: float) -> dict[str, Any]: ...


class Operation:
    """Base of all kinds. Subclasses override `_begin`, `_release`, `result` and the hooks.

    :param is_announced: tell of it by operation events; what a request did not ask for (the
        prompt of a gather, the greeting) is not announced.
    """

    kind: ClassVar[OperationKind]
    #: Wants `tick` each 20 ms.
    is_timed = False
    #: Verbs that take options.
    verbs_with_options: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, operation_id: str, *, is_announced: bool = True) -> None:
        self.operation_id = operation_id
        self.state = State.QUEUED
        self.is_ended = False
        self.is_announced = is_announced
        #: Called once at the end with cause and time; for the operation that this one serves.
        self.on_end: Callable[[str, float], None] | None = None
        self._call: Call | None = None
        self._has_begun = False
        self._last_words = "", ""  # cause and message of its end

    @property
    def is_acting(self) -> bool:
        """Has it begun, and not ended?"""
        return self._has_begun and not self.is_ended

    def status(self) -> OperationStatus:
        return OperationStatus(
            operation_id=self.operation_id,
            kind=str(self.kind),
            state=str(self.state),
            result=self.result(),
        )

    # --- life, as `Operations` drives it ----------------------------------------------------------

    def attach(self, call: Call) -> None:
        """This is the call it belongs to."""
        self._call = call

    def begin(self, now: float) -> None:
        """The call's gate is open."""
        if self._call is not None and not self.is_ended and not self._has_begun:
            self._has_begun = True
            self._begin(self._call, now)

    def obey(self, verb: str, options: dict[str, Any], now: float) -> None:
        """Do what a request says.

        :raises Refused: bad_request: this kind has no such verb.
        """
        if verb != "stop":
            raise Refused(MediaErrorCode.BAD_REQUEST, f"verb: {self.kind} has no {verb[:20]!r}")
        self.finish(STOPPED, now)

    def finish(self, cause: str, now: float) -> None:
        """The end, for `cause`; another end after this one changes nothing."""
        if not self.is_ended:
            self._end(State.FINISHED, cause, "", now)

    def fail(self, cause: str, message: str, now: float) -> None:
        """The end without success. `message` is for people."""
        if not self.is_ended:
            self._end(State.FAILED, cause, message, now)

    def _end(self, state: OperationState, cause: str, message: str, now: float) -> None:
        self.state, self.is_ended = state, True
        self._last_words = cause, message
        call = self._call
        if call is not None:
            if self._has_begun:
                self._release(call, now)
            call.operations.forget(self)
        self.tell_end(now)

    def tell_end(self, now: float) -> None:
        """Say why it ended, to all whom it concerns."""
        cause, message = self._last_words
        if self._call is not None:
            self._tell_end(self._call, cause, message)
        if self.on_end is not None:
            self.on_end(cause if self.state is State.FINISHED else "failed", now)

    def _tell_end(self, call: Call, cause: str, message: str) -> None:
        """Subclasses may tell more."""
        if not self.is_announced:
            return
        data = {"operation_id": self.operation_id, "kind": str(self.kind), "cause": cause}
        if self.state is State.FAILED:
            call.tell(MediaEventKind.OPERATION_FAILED, {**data, "message": message})
        else:
            call.tell(MediaEventKind.OPERATION_FINISHED, {**data, **self.result()})

    def _started(self, call: Call) -> None:
        """The act itself begins now: tell of it."""
        self.state = State.RUNNING
        if self.is_announced:
            data = {"operation_id": self.operation_id, "kind": str(self.kind)}
            call.tell(MediaEventKind.OPERATION_STARTED, data)

    # --- for subclasses ---------------------------------------------------------------------------

    def _begin(self, call: Call, now: float) -> None:
        """Take what is needed of the call."""
        self._started(call)

    def _release(self, call: Call, now: float) -> None:
        """Give back what was taken."""

    def result(self) -> dict[str, Any]:
        """What is known of the act, during it and at its end; JSON types only."""
        return {}

    def tick(self, now: float) -> None:
        """20 ms have passed."""

    def key_down(self, now: float) -> None:
        """The peer has begun to press a key."""

    def press(self, key: str, now: float) -> None:
        """The peer has pressed a key."""

    def speech(self, now: float) -> None:
        """The peer has begun to speak."""


class Operations:
    """The operations of one call. Ids are remembered with the words that they came with."""

    def __init__(self, call: Call) -> None:
        self.is_timed = False  # is there one that wants ticks?
        self._call = call
        self._is_open = False
        self._known: dict[str, tuple[object, Operation]] = {}
        self._live: list[Operation] = []

    def __iter__(self) -> Iterator[Operation]:
        return iter(tuple(self._live))

    def recall(self, operation_id: str, words: object) -> Operation | None:
        """The operation that this request has started before, if it has.

        :raises Refused: conflict: the id was used with other words.
        """
        known = self._known.get(operation_id)
        if known is None:
            return None
        if known[0] != words:
            raise Refused(MediaErrorCode.CONFLICT, "same operation_id, other words")
        return known[1]

    def find(self, operation_id: str) -> Operation:
        """:raises Refused: no_such_operation."""
        known = self._known.get(operation_id)
        if known is None:
            raise Refused(MediaErrorCode.NO_SUCH_OPERATION, "no such operation")
        return known[1]

    def statuses(self) -> list[OperationStatus]:
        """All that are remembered, oldest first."""
        return [operation.status() for _, operation in self._known.values()]

    def start(self, operation: Operation, words: object, now: float) -> None:
        """Take an operation in; it begins now, or when the gate opens."""
        self._known[operation.operation_id] = (words, operation)
        if len(self._known) > REMEMBERED:
            self._drop_oldest()
        self.adopt(operation, now)

    def adopt(self, operation: Operation, now: float) -> None:
        """Start an operation that serves another one; nobody knows its id."""
        operation.attach(self._call)
        if operation.is_ended:  # before anybody needed it: its sound could not be had
            operation.tell_end(now)
            return
        self._live.append(operation)
        self._count()
        if self._is_open:
            operation.begin(now)

    def _drop_oldest(self) -> None:
        over = (key for key, (_, one) in self._known.items() if one.is_ended)
        oldest = next(over, None)
        if oldest is not None:
            del self._known[oldest]

    def forget(self, operation: Operation) -> None:
        """It is over."""
        self._live.remove(operation)
        self._count()

    def _count(self) -> None:
        self.is_timed = any(one.is_timed for one in self._live)

    # --- what happens to the call -----------------------------------------------------------------

    def open(self, now: float) -> None:
        """The gate is open: what waits begins, in the order it was asked for."""
        self._is_open = True
        for operation in self:
            operation.begin(now)

    def end(self, now: float) -> None:
        """The call is over, and so is everything on it."""
        for operation in self:
            operation.finish(HUNG_UP, now)

    def _acting(self) -> Iterator[Operation]:
        """Those that have begun. What one of them does may end the next ones."""
        return (operation for operation in self if operation.is_acting)

    def tick(self, now: float) -> None:
        for operation in self._acting():
            if operation.is_timed:
                operation.tick(now)

    def key_down(self, now: float) -> None:
        for operation in self._acting():
            operation.key_down(now)

    def press(self, key: str, now: float) -> None:
        for operation in self._acting():
            operation.press(key, now)

    def speech(self, now: float) -> None:
        for operation in self._acting():
            operation.speech(now)
