"""Fakes at the wire: they behave, and tests look at their state. Each has a real twin in tests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection

from calls.graph import GraphError, Reply
from sdp.media.client import MediaError
from sdp.media.messages import (
    ApplyAnswer,
    CloseSession,
    CommandOperation,
    EventBatch,
    MediaErrorCode,
    OpenSession,
    OperationStatus,
    SessionAnswer,
    SessionEvent,
    StartMedia,
    StartOperation,
    WorkerStatus,
)

ANSWER = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\n"


@dataclass
class FakeGraph:
    """Graph's `/calls`: remembers every body; raises the scripted errors of an action in turn."""

    bodies: list[bytes] = field(default_factory=list)
    errors: dict[str, list[GraphError | None]] = field(default_factory=dict)
    on_action: dict[str, Any] = field(default_factory=dict)
    wa_call_id: str = "wacid.OURS"
    #: What `call_permissions` says, or how it fails.
    permission: dict[str, Any] | GraphError = field(
        default_factory=lambda: {"permission": {"status": "permanent"}, "actions": []}
    )
    asked_about: list[str] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    message_error: GraphError | None = None
    #: Errors for the next probes of a token, in turn.
    number_errors: list[GraphError] = field(default_factory=list)
    probes: int = 0
    #: What Meta tells of the number itself.
    details: dict[str, Any] = field(default_factory=dict)
    #: The number's calling settings, and errors for the next requests about them.
    calling: dict[str, Any] = field(default_factory=lambda: {"status": "ENABLED"})
    settings_errors: list[GraphError] = field(default_factory=list)
    settings_bodies: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def send(self, phone_number_id: str, body: bytes, *, token: str) -> Reply:
        assert not connection.in_atomic_block, "network inside a transaction"
        self.tokens.append(token)
        self.bodies.append(body)
        action = json.loads(body)["action"]
        if action in self.on_action:
            self.on_action[action]()
        planned = self.errors.get(action)
        error = planned.pop(0) if planned else None
        if error is not None:
            raise error
        if action == "connect":
            return Reply(200, "trace", {"calls": [{"id": self.wa_call_id}]})
        return Reply(200, "trace", {"success": True})

    def permissions(
        self, phone_number_id: str, *, wa_id: str = "", user_id: str = "", token: str
    ) -> Reply:
        assert not connection.in_atomic_block, "network inside a transaction"
        self.asked_about.append(wa_id or user_id)
        if isinstance(self.permission, GraphError):
            raise self.permission
        return Reply(200, "trace", self.permission)

    def send_message(self, phone_number_id: str, body: bytes, *, token: str) -> Reply:
        assert not connection.in_atomic_block, "network inside a transaction"
        self.messages.append(json.loads(body))
        if self.message_error is not None:
            raise self.message_error
        return Reply(200, "trace", {"messages": [{"id": f"wamid.{len(self.messages)}"}]})

    def settings(self, phone_number_id: str, *, token: str) -> Reply:
        assert not connection.in_atomic_block, "network inside a transaction"
        if self.settings_errors:
            raise self.settings_errors.pop(0)
        return Reply(200, "trace", {"calling": self.calling})

    def change_settings(self, phone_number_id: str, body: bytes, *, token: str) -> Reply:
        assert not connection.in_atomic_block, "network inside a transaction"
        self.settings_bodies.append(json.loads(body))
        if self.settings_errors:
            raise self.settings_errors.pop(0)
        self.calling = {**self.calling, **json.loads(body)["calling"]}
        return Reply(200, "trace", {"success": True})

    def number(self, phone_number_id: str, *, token: str) -> Reply:
        assert not connection.in_atomic_block, "network inside a transaction"
        self.probes += 1
        if self.number_errors:
            raise self.number_errors.pop(0)
        return Reply(200, "trace", {"id": phone_number_id, **self.details})

    @property
    def actions(self) -> list[str]:
        return [json.loads(body)["action"] for body in self.bodies]


@dataclass
class FakeMedia:
    """A media worker's client: sessions, starts and events as plain state."""

    boot_id: str = "boot-1"
    refuse: MediaError | None = None
    refuse_start: list[MediaError] = field(default_factory=list)
    opened: dict[str, OpenSession] = field(default_factory=dict)
    started: dict[str, StartMedia] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    log: list[SessionEvent] = field(default_factory=list)
    is_reachable: bool = True
    prompts: dict[str, int] = field(default_factory=dict)  # milliseconds by name
    #: Errors for the next requests about operations, in turn; None lets one through.
    refuse_operation: list[MediaError | None] = field(default_factory=list)
    #: What was carried out, in order: an operation's kind, or its verb.
    carried_out: list[str] = field(default_factory=list)
    operations: dict[str, tuple[StartOperation, OperationStatus]] = field(default_factory=dict)

    def _reach(self) -> None:
        assert not connection.in_atomic_block, "network inside a transaction"
        if not self.is_reachable:
            raise MediaError("cannot connect", code=None, sent=False)

    def open_session(self, request: OpenSession) -> SessionAnswer:
        self._reach()
        if self.refuse:
            raise self.refuse
        self.opened[request.call_id] = request
        return SessionAnswer(
            call_id=request.call_id, epoch=request.epoch, sdp=ANSWER, boot_id=self.boot_id
        )

    def apply_answer(self, call_id: str, request: ApplyAnswer) -> None:
        self._reach()
        self.answers.append(request.answer)

    def start_media(self, call_id: str, request: StartMedia) -> None:
        self._reach()
        if self.refuse_start:
            raise self.refuse_start.pop(0)
        if call_id not in self.opened:
            raise MediaError("no such session", code=MediaErrorCode.NO_SUCH_SESSION, sent=True)
        self.started[call_id] = request

    def close_session(self, call_id: str, request: CloseSession) -> dict[str, Any]:
        self._reach()
        self.opened.pop(call_id, None)
        self.closed.append(call_id)
        return {"packets_sent": 50}

    def start_operation(self, call_id: str, request: StartOperation) -> OperationStatus:
        self._reach_operation(call_id)
        known = self.operations.get(request.operation_id)
        if known is not None:
            assert known[0] == request, "the same id with other words"
            return known[1]
        status = OperationStatus(
            operation_id=request.operation_id, kind=request.kind, state="running"
        )
        self.operations[request.operation_id] = (request, status)
        self.carried_out.append(request.kind)
        return status

    def command_operation(
        self, call_id: str, operation_id: str, verb: str, request: CommandOperation
    ) -> OperationStatus:
        self._reach_operation(call_id)
        if operation_id not in self.operations:
            raise MediaError("no such operation", code=MediaErrorCode.NO_SUCH_OPERATION)
        start, status = self.operations[operation_id]
        state = {"stop": "finished", "pause": "paused"}.get(verb, "running")
        self.operations[operation_id] = (start, replace(status, state=state))
        self.carried_out.append(f"{verb} {request.options}" if request.options else verb)
        return self.operations[operation_id][1]

    def _reach_operation(self, call_id: str) -> None:
        self._reach()
        planned = self.refuse_operation.pop(0) if self.refuse_operation else None
        if planned is not None:
            raise planned
        if call_id not in self.opened:
            raise MediaError("no such session", code=MediaErrorCode.NO_SUCH_SESSION)

    def prompt_duration(self, name: str) -> int:
        self._reach()
        if name not in self.prompts:
            raise MediaError("there is no such prompt", code=MediaErrorCode.NO_SUCH_PROMPT)
        return self.prompts[name]

    def sessions(self) -> tuple[str, list[tuple[str, int]]]:
        self._reach()
        return self.boot_id, [(r.call_id, r.epoch) for r in self.opened.values()]

    def events(self, boot_id: str, after: int, wait: float) -> EventBatch:
        self._reach()
        start = after if boot_id == self.boot_id else 0
        return EventBatch(boot_id=self.boot_id, events=self.log[start:], last=len(self.log))

    def status(self) -> WorkerStatus:
        self._reach()
        return WorkerStatus(
            boot_id=self.boot_id, capacity=10, sessions=len(self.opened), draining=False
        )

    def report(self, call_id: str, kind: str, /, epoch: int = 1, **data: Any) -> None:
        """Append an event to the log."""
        self.log.append(
            SessionEvent(
                sequence=len(self.log) + 1,
                call_id=call_id,
                epoch=epoch,
                kind=kind,
                at=1_790_000_000.0,
                data=data,
            )
        )
