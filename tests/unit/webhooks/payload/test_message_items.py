"""Permission replies, voicemail, and ordinary messages that pass by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from calls.domain.events import (
    MediaReference,
    MessageStatusChanged,
    Peer,
    PermissionReplied,
    UnknownReceived,
    VoicemailReceived,
)
from tests import webhook_bodies as bodies
from webhooks.payload import read
from webhooks.payload.item import Item

REPLIED_AT = datetime(2026, 9, 21, 14, 46, 40, tzinfo=UTC)  # 1790002000
REPLY_ID = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgSQUJDREVG"
REQUEST_ID = "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAERgSMDEyMzQ1"
ADA = Peer(
    wa_id="447700900123", user_id="GB.4820193377501926", name="Ada Quill", username="adaquill"
)


def only(name: str) -> Item:
    (item,) = read(bodies.fixture(name))
    return item


def reply(**values: object) -> PermissionReplied:
    message = {
        "id": "wamid.1",
        "timestamp": "1790002000",
        "interactive": {"call_permission_reply": {"response": "accept", **values}},
    }
    (item,) = read(bodies.dump(bodies.envelope(bodies.value(messages=[message]), field="messages")))
    assert isinstance(item.event, PermissionReplied)
    return item.event


def test_the_user_allows_calls_for_a_time():
    item = only("messages/call_permission_reply__temporary")

    assert item.key == f"permission:{REPLY_ID}"
    assert item.wa_phone_number_id == bodies.PHONE_NUMBER_ID
    assert item.event == PermissionReplied(
        occurred_at=REPLIED_AT,
        peer=ADA,
        response="accept",
        is_permanent=False,
        expires_at=REPLIED_AT + timedelta(days=7),
        response_source="user_action",
        context_id=REQUEST_ID,
        wa_message_id=REPLY_ID,
    )


def test_the_user_allows_calls_for_ever_in_the_profile():
    event = only("messages/call_permission_reply__permanent_from_profile").event

    assert isinstance(event, PermissionReplied)
    assert event.is_permanent is True
    assert event.expires_at is None
    assert event.context_id == ""


def test_the_user_declines_without_a_type_and_a_number():
    event = only("messages/call_permission_reply__declined_without_type").event

    assert isinstance(event, PermissionReplied)
    assert event.response == "reject"
    assert event.peer == ADA


def test_a_callback_permission_belongs_to_its_call():
    event = only("messages/call_permission_reply__callback").event

    assert isinstance(event, PermissionReplied)
    assert event.wa_call_id == event.context_id == bodies.INBOUND_ID
    assert event.response_source == "automatic"
    assert event.expires_at == REPLIED_AT + timedelta(days=7)


def test_meta_takes_a_permission_back():
    event = only("messages/call_permission_reply__revoked").event

    assert isinstance(event, PermissionReplied)
    assert (event.response, event.response_source) == ("reject", "automatic")


def test_a_short_expiry_counts_from_the_reply():
    assert reply(expiration_timestamp="604800").expires_at == REPLIED_AT + timedelta(days=7)


def test_a_short_expiry_without_a_time_is_unknown():
    message = {
        "id": "wamid.1",
        "interactive": {"call_permission_reply": {"expiration_timestamp": 604800}},
    }
    (item,) = read(bodies.dump(bodies.envelope({"messages": [message]})))

    assert isinstance(item.event, PermissionReplied)
    assert item.event.expires_at is None


@pytest.mark.parametrize("expiry", [0, "0", "soon", None, [], 10**15])
def test_an_expiry_that_is_no_time_is_unknown(expiry):
    assert reply(expiration_timestamp=expiry).expires_at is None


def test_an_expiry_beyond_2038_is_a_time():
    assert reply(expiration_timestamp=4_000_000_000).expires_at == datetime(
        2096, 10, 2, 7, 6, 40, tzinfo=UTC
    )


def test_a_permission_without_a_message_id_is_known_by_its_content():
    message = {"interactive": {"call_permission_reply": {"response": "accept"}}}
    body = bodies.dump(bodies.envelope({"messages": [message]}))

    (once,), (again,) = read(body), read(body)

    assert once.key == again.key
    assert once.key.startswith("permission:")
    assert len(once.key) == len("permission:") + 64


def test_a_voicemail_belongs_to_the_missed_call_in_a_key_space_of_its_own():
    item = only("messages/audio__voicemail")

    assert item.key == f"voicemail:{bodies.INBOUND_ID}"
    assert item.event == VoicemailReceived(
        wa_call_id=bodies.INBOUND_ID,
        occurred_at=datetime(2026, 9, 21, 14, 25, 0, tzinfo=UTC),
        peer=ADA,
        media=MediaReference(
            id="5544332211", mime_type="audio/ogg; codecs=opus", sha256="yv66vg=="
        ),
    )


def test_an_ordinary_message_is_kept_without_its_text():
    item = only("messages/text__ordinary")

    assert item.event == UnknownReceived(
        field_name="messages",
        event="text",
        occurred_at=datetime(2026, 9, 21, 14, 48, 20, tzinfo=UTC),
        details={"id": "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgSVEVYVDEy", "type": "text"},
    )


def test_an_ordinary_audio_message_is_no_voicemail():
    message = {"id": "wamid.1", "type": "audio", "audio": {"id": "1"}}
    (item,) = read(bodies.dump(bodies.envelope({"messages": [message]}, field="messages")))

    assert isinstance(item.event, UnknownReceived)
    assert item.event.event == "audio"


def test_the_status_of_a_message_is_no_status_of_a_call():
    item = only("messages/delivered__message_status")

    assert isinstance(item.event, MessageStatusChanged)
    assert (item.event.wa_message_id, item.event.status) == (REQUEST_ID, "delivered")
    assert item.event.wa_call_id == ""
    assert item.key == f"message:{REQUEST_ID}:delivered"


def test_a_failed_message_says_why():
    status = {
        "id": "wamid.1",
        "status": "failed",
        "timestamp": "1790001990",
        "recipient_id": "447700900123",
        "errors": [{"code": 131026, "title": "Undeliverable", "error_data": {"details": "old"}}],
    }
    (item,) = read(bodies.dump(bodies.envelope({"statuses": [status]}, field="messages")))

    assert isinstance(item.event, MessageStatusChanged)
    assert [(e.code, e.details) for e in item.event.errors] == [(131026, "old")]
    assert item.event.peer.wa_id == "447700900123"


def test_other_words_about_messages_are_kept():
    status = {"id": "wamid.1", "status": "deleted"}
    (item,) = read(bodies.dump(bodies.envelope({"statuses": [status]}, field="messages")))

    assert isinstance(item.event, UnknownReceived)


@pytest.mark.parametrize("element", ["text", 7, False, {"type": [], "interactive": 1}])
def test_messages_and_statuses_of_another_type_are_kept(element):
    items = read(bodies.dump(bodies.envelope({"messages": [element], "statuses": [element]})))

    assert [type(item.event) for item in items] == [UnknownReceived, UnknownReceived]
