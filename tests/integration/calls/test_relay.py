"""From the media worker's log into the calls: at least once, applied once."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.db import OperationalError

from calls import operations, relay
from calls.domain import events
from calls.domain.vocabulary import HangupCause
from calls.models import Heartbeat, MediaOperation, MediaSession, MediaWorker
from sdp.media.client import MediaError
from sdp.media.messages import MediaEventKind, SessionEvent
from tests.factories import T0, make_call, make_number, make_worker

pytestmark = pytest.mark.django_db(transaction=True)

URL = "http://media.test"


@pytest.fixture
def call():
    worker = make_worker()
    call = make_call(make_number())
    MediaSession.objects.create(call=call, worker=worker, boot_id="boot-1", epoch=1, opened_at=T0)
    return call


def kinds(call):
    return list(call.events.order_by("sequence").values_list("kind", flat=True))[2:]


def test_events_reach_the_timeline_once(call, fake_media):
    fake_media.report(str(call.pk), "connected", remote="x")
    fake_media.report(str(call.pk), "digit", digit="5", duration_ms=100)

    assert relay.Relay(URL).run_once(0) == 2
    MediaWorker.objects.update(position=0)
    assert relay.Relay(URL).run_once(0) == 2

    assert kinds(call) == ["media_connected", "digit_received"]
    assert MediaWorker.objects.get().position == 2
    assert Heartbeat.objects.get().name == "relay"


def test_the_status_of_the_worker_is_kept(fake_media):
    relay.Relay(URL).run_once(0)

    worker = MediaWorker.objects.get()
    assert (worker.capacity, worker.boot_id, worker.is_draining) == (10, "boot-1", False)
    assert worker.heartbeat_at is not None


def test_a_busy_worker_is_not_asked_for_its_status_each_time(fake_media, monkeypatch):
    asked = []

    def status():
        asked.append(1)
        return type(fake_media).status(fake_media)

    monkeypatch.setattr(fake_media, "status", status)
    reading = relay.Relay(URL)

    with time_machine.travel(T0, tick=False) as clock:
        reading.run_once(0)
        reading.run_once(0)
        clock.shift(1)
        reading.run_once(0)

    assert len(asked) == 2


def test_an_older_owner_is_not_heard(call, fake_media):
    MediaSession.objects.update(epoch=2)
    fake_media.report(str(call.pk), "connected", epoch=1)

    relay.Relay(URL).run_once(0)

    assert kinds(call) == []


def test_a_recording_that_a_new_life_finished_is_taken(call, fake_media):
    recording = call.recordings.create(created_at=T0)
    fake_media.report(
        str(call.pk),
        "recording_finished",
        epoch=0,
        recording_id=str(recording.pk),
        path="r.opus",
        cause="completed",
    )

    relay.Relay(URL).run_once(0)

    recording.refresh_from_db()
    assert (recording.status, recording.path) == ("completed", "r.opus")


@pytest.mark.parametrize("call_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_event_about_nobody_does_not_stop_the_others(call, fake_media, call_id):
    fake_media.report(call_id, "recording_finished")
    fake_media.report(str(call.pk), "a_kind_of_the_future")
    fake_media.report(str(call.pk), "first_packet")

    relay.Relay(URL).run_once(0)

    assert kinds(call) == ["first_packet_received"]


def test_an_event_that_cannot_be_stored_does_not_silence_the_worker(call, fake_media):
    fake_media.report(str(call.pk), "failed", cause="ice_failed", message="a\0b" * 500)
    fake_media.report(str(call.pk), "stopped", statistics={"jitter_ms": "\0"})
    fake_media.report(str(call.pk), "digit", digit="5", duration_ms=float("inf"))

    relay.Relay(URL).run_once(0)

    assert kinds(call)[0] == "media_failed"
    assert kinds(call)[-1] == "digit_received"
    assert MediaWorker.objects.get().position == 3


def test_while_the_database_is_away_the_position_stays(call, fake_media, monkeypatch):
    fake_media.report(str(call.pk), "first_packet")

    def away(**_):
        raise OperationalError

    monkeypatch.setattr(operations, "apply", away)

    with pytest.raises(OperationalError):
        relay.Relay(URL).run_once(0)

    assert MediaWorker.objects.get().position == 0


def test_a_restarted_worker_loses_its_calls(call, fake_media):
    fake_media.boot_id = "boot-2"

    relay.Relay(URL).run_once(0)

    call.refresh_from_db()
    assert (call.signaling, call.hangup_cause) == ("ending", "worker_lost")
    assert MediaWorker.objects.get().boot_id == "boot-2"
    assert MediaSession.objects.get().closed_at is not None


def test_an_unreachable_worker_raises(fake_media):
    fake_media.is_reachable = False

    with pytest.raises(MediaError):
        relay.Relay(URL).run_once(0)


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        ("failed", {"cause": "ice_failed"}, {"cause": HangupCause.ICE_FAILED}),
        ("failed", {"cause": "new word"}, {"cause": HangupCause.UNKNOWN}),
        ("failed", {}, {"cause": HangupCause.UNKNOWN}),
        ("digit", {"digit": "#", "duration_ms": 80.4}, {"digit": "#", "duration_ms": 80}),
        ("digit", {"duration_ms": -1}, {"digit": "", "duration_ms": 0}),
        (
            "playback_finished",
            {"playback_id": "p", "cause": "stopped"},
            {"playback_id": "p", "cause": "stopped"},
        ),
        ("playback_finished", {"cause": "a new word"}, {"cause": "failed"}),
        ("recording_finished", {"recording_id": "r"}, {"recording_id": "r", "cause": "failed"}),
        ("recording_finished", {"cause": "completed"}, {"cause": "completed"}),
        ("playback_started", {"playback_id": "p"}, {"playback_id": "p"}),
        ("stopped", {"statistics": {"a": 1}}, {"statistics": {"a": 1}}),
        ("stopped", {}, {"statistics": {}}),
        (
            "operation_started",
            {"operation_id": "o", "kind": "play"},
            {"operation_id": "o", "operation": "play"},
        ),
        (
            "operation_finished",
            {"operation_id": "o", "kind": "gather", "cause": "timeout", "digits": "1", "n": [1]},
            {"operation": "gather", "cause": "timeout", "result": {"digits": "1", "n": [1]}},
        ),
        ("operation_finished", {}, {"cause": "unknown", "result": {}}),
        (
            "operation_failed",
            {"operation_id": "o", "kind": "play", "cause": "source", "message": "no\0 sound"},
            {"operation_id": "o", "cause": "source", "message": "no sound"},
        ),
    ],
)
def test_each_kind_is_translated(kind, data, expected):
    event = SessionEvent(sequence=1, call_id="x", epoch=1, kind=kind, at=1.0, data=data)

    translated = relay.translate(event)

    assert translated is not None
    assert {key: getattr(translated, key) for key in expected} == expected
    assert translated.occurred_at == datetime.fromtimestamp(1.0, UTC)


def test_every_kind_of_the_protocol_has_a_translation():
    for kind in set(MediaEventKind) - relay.UNREAD:
        event = SessionEvent(sequence=1, call_id="x", epoch=1, kind=kind, at=1.0)
        assert isinstance(relay.translate(event), events.MediaEvent)


def test_what_nobody_reads_is_passed_over(caplog, monkeypatch):
    monkeypatch.setattr(relay, "UNREAD", frozenset({"level"}))
    event = SessionEvent(sequence=1, call_id="no-uuid", epoch=1, kind="level", at=1.0)

    relay.deliver(event, boot_id="b", now=datetime.now(UTC))

    assert caplog.messages == []


@pytest.fixture
def kind():
    return "play"


@pytest.fixture
def play(call, kind):
    return MediaOperation.objects.create(
        call=call, sequence=99, kind=kind, requested_by="x", created_at=T0
    )


@pytest.mark.parametrize("kind", ["play", "say"])
def test_a_sound_is_told_once_and_not_as_a_playback_too(call, play, kind, fake_media):
    told = {"operation_id": str(play.pk), "kind": kind}
    fake_media.report(str(call.pk), "operation_started", **told)
    fake_media.report(str(call.pk), "playback_started", playback_id=str(play.pk))
    fake_media.report(str(call.pk), "playback_finished", playback_id=str(play.pk), cause="stopped")
    fake_media.report(str(call.pk), "operation_finished", **told, cause="barged_in", played_ms=60)

    relay.Relay(URL).run_once(0)
    MediaWorker.objects.update(position=0)
    relay.Relay(URL).run_once(0)

    assert kinds(call) == ["operation_started", "operation_finished"]
    play.refresh_from_db()
    assert (play.state, play.cause, play.result) == ("finished", "barged_in", {"played_ms": 60})


@pytest.mark.parametrize("playback_id", ["p", "00000000-0000-0000-0000-000000000000"])
def test_other_playbacks_stay_on_the_timeline(call, play, fake_media, playback_id):
    fake_media.report(str(call.pk), "playback_started", playback_id=playback_id)

    relay.Relay(URL).run_once(0)

    assert kinds(call) == ["playback_started"]


def test_what_only_informs_is_on_the_timeline_in_its_own_word(call, fake_media, monkeypatch):
    monkeypatch.setattr(relay, "KNOWN", {"somebody_whistles"})
    fake_media.report(str(call.pk), "somebody_whistles", tune="bl\0ue")

    relay.Relay(URL).run_once(0)

    assert call.events.get(kind="somebody_whistles").data["details"] == {"tune": "blue"}
