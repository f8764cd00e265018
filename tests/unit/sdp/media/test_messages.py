"""The wire between Django and a media worker: JSON there and back, and what is refused."""

from __future__ import annotations

import json

import pytest

from sdp.media.messages import (
    CloseSession,
    CommandOperation,
    EventBatch,
    Message,
    MessageError,
    OpenSession,
    OperationStatus,
    Playback,
    SessionAnswer,
    SessionEvent,
    StartMedia,
    StartOperation,
    WorkerStatus,
)

EVENT = SessionEvent(sequence=1, call_id="c1", epoch=2, kind="digit", at=1.5, data={"digit": "1"})

MESSAGES: list[Message] = [
    OpenSession(call_id="c1", epoch=1, offer="v=0", prompts=["greeting"]),
    SessionAnswer(call_id="c1", epoch=1, sdp="v=0"),
    Playback(playback_id="p1", prompt="greeting"),
    StartMedia(epoch=1),
    StartMedia(epoch=1, playback=Playback(playback_id="p1", prompt="x"), recording_id="r1"),
    CloseSession(epoch=1, cause="normal_clearing"),
    StartOperation(epoch=1, operation_id="o1", kind="play", options={"source": {"prompt": "x"}}),
    CommandOperation(epoch=1, options={"volume_db": -6}),
    OperationStatus(operation_id="o1", kind="play", state="running", result={"played_ms": 20}),
    EVENT,
    EventBatch(boot_id="b1", events=[EVENT], last=1),
    WorkerStatus(boot_id="b1", capacity=10, sessions=2, draining=False),
]


KINDS: list[type[Message]] = list(dict.fromkeys(type(message) for message in MESSAGES))


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_survives_the_wire(message):
    assert type(message).from_json(json.loads(json.dumps(message.to_json()))) == message


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_fields_of_a_newer_version_are_ignored(message):
    assert type(message).from_json({**message.to_json(), "from_the_future": 1}) == message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [None, 1, "text", [], {}])
def test_what_is_not_such_an_object_is_refused(kind, data):
    with pytest.raises(MessageError):
        kind.from_json(data)


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (OpenSession, {"call_id": "", "epoch": 1, "offer": ""}),
        (OpenSession, {"call_id": "x" * 65, "epoch": 1, "offer": ""}),
        (OpenSession, {"call_id": 5, "epoch": 1, "offer": ""}),
        (OpenSession, {"call_id": "c", "epoch": -1, "offer": ""}),
        (OpenSession, {"call_id": "c", "epoch": "1", "offer": ""}),
        (OpenSession, {"call_id": "c", "epoch": 1, "offer": 7}),
        (OpenSession, {"call_id": "c", "epoch": 1, "offer": "", "prompts": "greeting"}),
        (Playback, {"playback_id": "", "prompt": "x"}),
        (Playback, {"playback_id": "p", "prompt": ""}),
        (StartMedia, {"epoch": "1"}),
        (StartMedia, {"epoch": 1, "recording_id": None}),
        (StartMedia, {"epoch": 1, "playback": {"prompt": "x"}}),
        (StartMedia, {"epoch": 1, "playback": "greeting"}),
        (CloseSession, {"epoch": None}),
        (StartOperation, {"epoch": "1", "operation_id": "o", "kind": "play"}),
        (StartOperation, {"epoch": 1, "operation_id": "", "kind": "play"}),
        (StartOperation, {"epoch": 1, "operation_id": "../o", "kind": "play"}),
        (StartOperation, {"epoch": 1, "operation_id": "o" * 65, "kind": "play"}),
        (StartOperation, {"epoch": 1, "operation_id": 7, "kind": "play"}),
        (StartOperation, {"epoch": 1, "operation_id": "o", "kind": None}),
        (StartOperation, {"epoch": 1, "operation_id": "o", "kind": "play", "options": []}),
        (CommandOperation, {"epoch": None}),
        (CommandOperation, {"epoch": 1, "options": None}),
        (EventBatch, {"boot_id": "b", "events": None, "last": 0}),
        (EventBatch, {"boot_id": "b", "events": [{}], "last": 0}),
    ],
)
def test_wrong_types_are_refused(kind, data):
    with pytest.raises(MessageError):
        kind.from_json(data)
