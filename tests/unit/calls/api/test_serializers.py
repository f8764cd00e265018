"""The JSON of calls, events and recordings, value by value."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from calls.api import serializers
from calls.models import Call, CallEvent, PhoneNumber, Recording

T0 = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
CALL_ID = UUID("0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e")
RECORDING_ID = UUID("0195d2a8-1c2e-7b11-a0ac-000000000001")


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def make_call(*recordings, **columns):
    number = PhoneNumber(
        pk=3,
        wa_phone_number_id="106540352242922",
        display_phone_number="+55 11 5550-1234",
        label="Sales",
        access_token="EAAsecret",
    )
    call = Call(
        pk=CALL_ID,
        wa_call_id="wacid.A",
        phone_number=number,
        **{
            "direction": "inbound",
            "peer_wa_id": "447700900123",
            "created_at": T0,
            "offered_at": at(-1),
            **columns,
        },
    )
    # what prefetch_related leaves behind
    call._state.fields_cache["dial"] = None
    call.__dict__["_prefetched_objects_cache"] = {"recordings": list(recordings)}
    return call


class TestCall:
    def test_an_ended_call(self):
        call = make_call(
            peer_name="Ana Quill",
            peer_user_id="GB.482",
            signaling="ended",
            media="connected",
            pre_accepted_at=at(0.25),
            media_connected_at=at(0.5),
            answered_at=at(1),
            ended_at=at(62.4),
            hangup_cause="normal_clearing",
            hangup_source="peer",
            provider_status="completed",
            provider_start_at=at(1),
            provider_end_at=at(62),
            provider_duration_seconds=61,
            client_state="order 17",
            remote_sdp="v=0\r\na=ice-pwd:theirs",
            local_sdp="v=0\r\na=ice-pwd:ours",
        )

        assert serializers.call_json(call) == {
            "id": "0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e",
            "wa_call_id": "wacid.A",
            "direction": "inbound",
            "status": "completed",
            "signaling": "ended",
            "media": "connected",
            "from": "+447700900123",
            "to": "+551155501234",
            "peer": {
                "name": "Ana Quill",
                "username": None,
                "user_id": "GB.482",
                "parent_user_id": None,
                "wa_id": "447700900123",
            },
            "phone_number": {
                "id": 3,
                "wa_phone_number_id": "106540352242922",
                "display": "+551155501234",
                "label": "Sales",
            },
            "created_at": "2026-11-01T12:00:00.000000Z",
            "offered_at": "2026-11-01T11:59:59.000000Z",
            "ringing_at": None,
            "pre_accepted_at": "2026-11-01T12:00:00.250000Z",
            "media_connected_at": "2026-11-01T12:00:00.500000Z",
            "answered_at": "2026-11-01T12:00:01.000000Z",
            "ended_at": "2026-11-01T12:01:02.400000Z",
            "ring_seconds": 2,
            "talk_seconds": 61,
            "hangup_cause": "normal_clearing",
            "hangup_source": "peer",
            "error": None,
            "provider_status": "completed",
            "provider_start_at": "2026-11-01T12:00:01.000000Z",
            "provider_end_at": "2026-11-01T12:01:02.000000Z",
            "provider_duration_seconds": 61,
            "callback_data": None,
            "deeplink_payload": None,
            "cta_payload": None,
            "client_state": "order 17",
            "dial": None,
            "recordings": [],
        }

    def test_a_ringing_call_has_no_lengths_and_no_cause(self):
        json = serializers.call_json(make_call())

        assert (json["status"], json["ring_seconds"], json["talk_seconds"]) == (
            "ringing",
            None,
            None,
        )
        assert (json["hangup_cause"], json["hangup_source"], json["ended_at"]) == (None, None, None)

    def test_an_outbound_call_goes_from_us_to_the_peer(self):
        json = serializers.call_json(make_call(direction="outbound"))

        assert (json["from"], json["to"]) == ("+551155501234", "+447700900123")

    def test_a_caller_without_a_number_has_no_from(self):
        json = serializers.call_json(make_call(peer_wa_id="", peer_username="ana.q"))

        assert (json["from"], json["peer"]["username"]) == (None, "ana.q")

    def test_metas_error_is_verbatim_but_never_quotes_sdp(self):
        plain = serializers.call_json(make_call(error_code=138021, error_message="no media"))
        quoting = serializers.call_json(
            make_call(error_code=138008, error_message="bad SDP: v=0\r\na=ice-pwd:x")
        )

        assert plain["error"] == {"code": 138021, "message": "no media"}
        assert quoting["error"] == {"code": 138008, "message": "(hidden)"}


class TestRecording:
    def test_a_completed_one_can_be_downloaded(self):
        recording = Recording(
            pk=RECORDING_ID,
            status="completed",
            path="2026/11/01/a.ogg",
            duration_ms=61_400,
            size_bytes=245_000,
            created_at=T0,
            finished_at=at(62),
        )

        assert serializers.call_json(make_call(recording))["recordings"] == [
            {
                "id": "0195d2a8-1c2e-7b11-a0ac-000000000001",
                "status": "completed",
                "duration_seconds": 61.4,
                "size_bytes": 245_000,
                "created_at": "2026-11-01T12:00:00.000000Z",
                "finished_at": "2026-11-01T12:01:02.000000Z",
                "audio": f"/api/v1/recordings/{RECORDING_ID}/audio/",
            }
        ]

    @pytest.mark.parametrize(
        "columns", [{"status": "recording"}, {"status": "failed", "path": "a.ogg"}]
    )
    def test_an_unfinished_or_failed_one_cannot(self, columns):
        recording = Recording(pk=RECORDING_ID, created_at=T0, **columns)

        json = serializers.recording_json(recording)

        assert (json["audio"], json["duration_seconds"], json["finished_at"]) == (None, None, None)


class TestEvent:
    def make(self, **columns):
        values = {
            "pk": CALL_ID,
            "sequence": 4,
            "kind": "answer_requested",
            "signaling": "answering",
            "media": "idle",
            "occurred_at": T0,
            "recorded_at": at(0.5),
            "data": {"by": "api:crm"},
        }
        return CallEvent(**{**values, **columns})

    def test_it_tells_what_happened_and_the_state_after_it(self):
        call = make_call(hangup_cause="call_rejected", client_state="order 17")

        assert serializers.event_json(self.make(), call) == {
            "id": str(CALL_ID),
            "call_id": str(CALL_ID),
            "sequence": 4,
            "type": "call.answer_requested",
            "occurred_at": "2026-11-01T12:00:00.000000Z",
            "recorded_at": "2026-11-01T12:00:00.500000Z",
            "status": "ringing",
            "signaling": "answering",
            "media": "idle",
            "client_state": "order 17",
            "data": {"by": "api:crm"},
        }

    def test_the_last_word_of_an_ended_call_follows_its_cause(self):
        call = make_call(hangup_cause="call_rejected")

        json = serializers.event_json(self.make(signaling="ended"), call)

        assert json["status"] == "rejected"

    def test_sdp_in_its_data_is_hidden(self):
        event = self.make(data={"message": "v=0\r\na=ice-pwd:x"})

        assert serializers.event_json(event, make_call())["data"] == {"message": "(hidden)"}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("447700900123", "+447700900123"),
        ("+1 (631) 555-8151", "+16315558151"),
        ("", None),
        ("12345", None),
        ("1" * 16, None),
    ],
)
def test_numbers_are_e164_or_nothing(number, expected):
    assert serializers.e164(number) == expected


def test_times_are_in_utc_with_microseconds_always():
    berlin = timezone(timedelta(hours=2))

    text = serializers.instant(datetime(2026, 5, 4, 14, 0, 0, tzinfo=berlin))

    assert text == "2026-05-04T12:00:00.000000Z"
