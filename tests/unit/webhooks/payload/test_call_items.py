"""Calls, call statuses and errors, from fixtures and with parts missing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calls.domain.events import (
    AnswerReceived,
    CallCreated,
    ErrorReported,
    MediaReference,
    Offered,
    Peer,
    ProviderError,
    RecordingAvailable,
    RemoteAccepted,
    RemoteHungUp,
    RemoteRejected,
    RemoteRinging,
    TranscriptionAvailable,
    UnknownReceived,
)
from calls.domain.vocabulary import Direction
from tests import webhook_bodies as bodies
from webhooks.payload import read
from webhooks.payload.item import Item

CONNECTED_AT = datetime(2026, 9, 21, 14, 21, 46, tzinfo=UTC)  # 1790000506
DIALED_AT = datetime(2026, 9, 21, 14, 30, 1, tzinfo=UTC)  # 1790001001
ADA = Peer(
    wa_id="447700900123", user_id="GB.4820193377501926", name="Ada Quill", username="adaquill"
)
OFFER = (
    "v=0\r\no=- 1790000506 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 3480 UDP/TLS/RTP/SAVPF 111\r\n"
)
ANSWER = (
    "v=0\r\no=- 1790001001 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
    "m=audio 3482 UDP/TLS/RTP/SAVPF 111\r\n"
)
NO_AUDIO = ProviderError(
    code=138021,
    title="No audio from the user",
    message="No audio from the user",
    details="The user's phone received no media for 20 seconds.",
)


def only(name: str) -> Item:
    (item,) = read(bodies.fixture(name))
    assert item.wa_phone_number_id == bodies.PHONE_NUMBER_ID
    assert item.display_phone_number == bodies.BUSINESS
    assert item.waba_id == bodies.WABA_ID
    return item


def items_of(**parts: Any) -> list[Item]:
    return read(bodies.dump(bodies.envelope(bodies.value(**parts))))


# --- connect ------------------------------------------------------------------------------------


def test_a_user_calls():
    item = only("calls/connect__inbound")

    assert item.key == f"call:{bodies.INBOUND_ID}:connect:1790000506:"
    assert item.event == Offered(
        wa_call_id=bodies.INBOUND_ID,
        occurred_at=CONNECTED_AT,
        peer=ADA,
        direction=Direction.INBOUND,
        deeplink_payload="campaign-17",
        cta_payload="order-5521",
        sdp=OFFER,
    )


def test_a_user_without_a_number_calls():
    assert only("calls/connect__inbound_bsuid_only").event == Offered(
        wa_call_id=bodies.INBOUND_ID,
        occurred_at=CONNECTED_AT,
        peer=Peer(
            user_id="GB.4820193377501926",
            parent_user_id="GB.ENT.7719002200",
            username="adaquill",
        ),
        direction=Direction.INBOUND,
        sdp=OFFER,
    )


def test_an_offer_without_contacts_sender_and_direction_is_an_inbound_call():
    assert only("calls/connect__inbound_bare").event == Offered(
        wa_call_id=bodies.INBOUND_ID,
        occurred_at=CONNECTED_AT,
        direction=Direction.INBOUND,
        sdp=OFFER,
    )


def test_meta_answers_our_call_and_the_legacy_duplicate_is_ignored():
    item = only("calls/connect__outbound")

    assert item.key == f"call:{bodies.OUTBOUND_ID}:connect:1790001001:"
    assert item.event == AnswerReceived(
        wa_call_id=bodies.OUTBOUND_ID,
        occurred_at=DIALED_AT,
        peer=Peer(wa_id="447700900123", user_id="GB.4820193377501926"),
        direction=Direction.OUTBOUND,
        callback_data="task:93121",
        sdp=ANSWER,
    )


def test_an_answer_without_contacts_and_with_a_number_for_a_time_is_read():
    item = only("calls/connect__outbound_without_contacts")

    assert item.key == f"call:{bodies.OUTBOUND_ID}:connect:1790001001:"
    assert item.event.peer == Peer(wa_id="447700900123")
    assert item.event.occurred_at == DIALED_AT


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"direction": "business_initiated"}, AnswerReceived),
        ({"direction": None, "session": {"sdp_type": "Answer", "sdp": "v=0"}}, AnswerReceived),
        ({"direction": "SIDEWAYS", "session": {"sdp_type": "Offer"}}, Offered),
        ({"direction": None, "session": None, "from": bodies.BUSINESS}, AnswerReceived),
        ({"direction": None, "session": None}, Offered),
        ({"direction": None, "session": [], "to": None}, Offered),
    ],
)
def test_the_direction_follows_from_whatever_is_there(more, kind):
    (item,) = items_of(calls=[bodies.connect(**more)])

    assert type(item.event) is kind
    assert item.event.direction is (
        Direction.OUTBOUND if kind is AnswerReceived else Direction.INBOUND
    )


def test_a_call_from_our_own_number_went_to_the_user():
    call = bodies.connect(direction=None, session=None, to=bodies.USER)
    (item,) = items_of(calls=[{**call, "from": f"+{bodies.BUSINESS}"}])

    assert item.event.peer == Peer(wa_id=bodies.USER)


def test_the_word_of_an_event_may_be_written_in_any_case():
    (item,) = items_of(calls=[bodies.connect(event="CONNECT")])

    assert item.key == f"call:{bodies.INBOUND_ID}:connect:1790000506:"


def test_a_callback_text_is_found_under_both_spellings_and_cut():
    (right,) = items_of(calls=[bodies.terminate(biz_opaque_callback_data="x" * 600)])
    (wrong,) = items_of(calls=[bodies.terminate(biz_opaque_callback_date="room:1")])

    assert right.event.callback_data == "x" * 512
    assert wrong.event.callback_data == "room:1"


def test_an_sdp_too_long_for_anybody_is_cut():
    (item,) = items_of(calls=[bodies.connect(session={"sdp": "a" * 3_000_000})])

    assert isinstance(item.event, Offered)
    assert len(item.event.sdp) == 65_536


# --- terminate ----------------------------------------------------------------------------------


def test_an_answered_call_is_over():
    item = only("calls/terminate__completed")

    assert item.key == f"call:{bodies.INBOUND_ID}:terminate:1790000534:completed"
    assert item.event == RemoteHungUp(
        wa_call_id=bodies.INBOUND_ID,
        occurred_at=CONNECTED_AT + timedelta(seconds=28),
        peer=ADA,
        direction=Direction.INBOUND,
        callback_data="room:8f2",
        deeplink_payload="campaign-17",
        cta_payload="order-5521",
        status="completed",
        started_at=CONNECTED_AT + timedelta(seconds=7),
        ended_at=CONNECTED_AT + timedelta(seconds=27),
        duration_seconds=20,
    )


def test_completed_without_times_was_not_answered():
    event = only("calls/terminate__unanswered_outbound").event

    assert isinstance(event, RemoteHungUp)
    assert event.direction is Direction.OUTBOUND
    assert event.status == "completed"
    assert (event.started_at, event.ended_at, event.duration_seconds) == (None, None, None)


def test_errors_in_both_places_are_one():
    event = only("calls/terminate__failed_errors_in_both_places").event

    assert isinstance(event, RemoteHungUp)
    assert event.status == "failed"
    assert event.errors == (NO_AUDIO,)


def test_errors_beside_the_call_belong_to_it():
    event = only("calls/terminate__failed_errors_beside").event

    assert isinstance(event, RemoteHungUp)
    assert event.status == "failed"
    assert event.duration_seconds == 20
    assert event.errors == (
        ProviderError(
            code=138021,
            message="No audio from the user",
            details="No media.",
            href="https://example.test/errors",
        ),
    )


def test_errors_beside_two_calls_belong_to_the_one_that_failed():
    fine, failed = items_of(
        calls=[
            bodies.terminate("wacid.A"),
            bodies.terminate("wacid.B", status="FAILED", errors=[]),
        ],
        errors=[{"code": 1}],
    )

    assert isinstance(fine.event, RemoteHungUp)
    assert isinstance(failed.event, RemoteHungUp)
    assert fine.event.errors == ()
    assert failed.event.errors == (ProviderError(code=1),)


def test_errors_beside_that_no_call_has_are_reported_by_themselves():
    failed, connected, reported = items_of(
        calls=[
            bodies.terminate("wacid.A", status="FAILED", errors=[{"code": 1}]),
            bodies.connect("wacid.B"),
        ],
        errors=[{"code": 1}, {"code": 2}],
    )

    assert isinstance(failed.event, RemoteHungUp)
    assert failed.event.errors == (ProviderError(code=1),)
    assert isinstance(connected.event, Offered)
    assert isinstance(reported.event, ErrorReported)
    assert reported.event.errors == (ProviderError(code=2),)


def test_a_status_that_nobody_knows_is_kept_within_its_column():
    (item,) = items_of(calls=[bodies.terminate(status="X" * 40)])

    assert isinstance(item.event, RemoteHungUp)
    assert item.event.status == "x" * 32


# --- statuses -----------------------------------------------------------------------------------


def test_the_phone_of_the_user_rings():
    item = only("calls/ringing__outbound")

    assert item.key == f"status:{bodies.OUTBOUND_ID}:ringing:1790001002"
    assert item.event == RemoteRinging(
        wa_call_id=bodies.OUTBOUND_ID,
        occurred_at=DIALED_AT + timedelta(seconds=1),
        peer=Peer(wa_id="447700900123", user_id="GB.4820193377501926"),
        direction=Direction.OUTBOUND,
        callback_data="task:93121",
    )


def test_the_user_picks_up_in_mixed_case():
    item = only("calls/accepted__mixed_case")

    assert item.key == f"status:{bodies.OUTBOUND_ID}:accepted:1790001010"
    assert type(item.event) is RemoteAccepted


def test_a_user_without_a_number_declines():
    event = only("calls/rejected__bsuid_only_without_type").event

    assert type(event) is RemoteRejected
    assert event.peer == Peer(user_id="GB.4820193377501926")


def test_an_unknown_status_of_a_call_is_kept_with_the_call():
    (item,) = items_of(
        statuses=[{"type": "call", "id": "wacid.A", "status": "PARKED", "timestamp": 1790000506}]
    )

    assert isinstance(item.event, UnknownReceived)
    assert (item.event.event, item.event.wa_call_id) == ("parked", "wacid.A")
    assert item.event.occurred_at == CONNECTED_AT


def test_a_status_without_a_call_is_kept():
    (item,) = items_of(statuses=[{"type": "call", "status": "RINGING"}])

    assert isinstance(item.event, UnknownReceived)
    assert item.event.event == "ringing"


# --- the rest -----------------------------------------------------------------------------------


def test_a_call_on_a_sip_number_is_created():
    assert only("calls/call_created__sip").event == CallCreated(
        wa_call_id=bodies.INBOUND_ID,
        occurred_at=CONNECTED_AT,
        peer=ADA,
        direction=Direction.INBOUND,
    )


def test_metas_recording_is_available():
    assert only("calls/call_recording_available__audio").event == RecordingAvailable(
        wa_call_id=bodies.INBOUND_ID,
        occurred_at=CONNECTED_AT + timedelta(seconds=84),
        peer=Peer(wa_id="447700900123", user_id="GB.4820193377501926"),
        media=MediaReference(
            id="1122334455667788",
            mime_type="audio/ogg; codecs=opus",
            sha256="3q2+7w==",
            url="https://media.example.test/attachments/?mid=1122334455667788",
        ),
    )


def test_metas_transcription_is_available():
    event = only("calls/call_transcription_available__document").event

    assert isinstance(event, TranscriptionAvailable)
    assert event.media.id == "8877665544332211"
    assert event.media.mime_type == "application/json"


def test_an_error_without_a_call_is_reported():
    item = only("calls/errors__no_payment_method")

    assert item.key.startswith("errors:")
    assert item.event == ErrorReported(
        peer=ADA,
        errors=(
            ProviderError(
                code=131044,
                message="Business eligibility payment issue",
                details="There is no valid payment method.",
            ),
        ),
    )


def test_an_unknown_event_of_a_call_is_kept_without_its_sdp():
    item = only("calls/call_warped__unknown_event")

    assert isinstance(item.event, UnknownReceived)
    assert item.event.field_name == "calls"
    assert item.event.event == "call_warped"
    assert item.event.wa_call_id == bodies.INBOUND_ID
    assert item.event.peer == ADA
    assert item.event.details["factor"] == 9
    assert item.event.details["session"] == {"sdp_type": "offer", "sdp": "(hidden)"}


@pytest.mark.parametrize("wa_call_id", [None, "", "w" * 256, ["wacid.A"], True])
def test_a_call_without_a_usable_id_is_kept(wa_call_id):
    (item,) = items_of(calls=[bodies.connect(wa_call_id)])

    assert isinstance(item.event, UnknownReceived)
    assert (item.event.event, item.event.wa_call_id) == ("connect", "")


@pytest.mark.parametrize("element", ["text", 7, False, [[]]])
def test_a_call_of_another_type_is_kept_beside_its_neighbour(element):
    strange, fine = items_of(calls=[element, bodies.connect()])

    assert isinstance(strange.event, UnknownReceived)
    assert isinstance(fine.event, Offered)
