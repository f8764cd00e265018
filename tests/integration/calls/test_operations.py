"""The door: what media events do to the rows, and what the database refuses."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError

from calls.domain import events
from calls.domain.machine import IllegalTransition
from calls.domain.vocabulary import CommandKind, HangupCause
from calls.models import Call, CallCommand
from tests.factories import T0, after, hung_up, make_call, make_number, receive
from tests.integration.calls.stories import answered, apply, kinds, pre_accepted

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    return make_number()


class TestMedia:
    def test_a_failed_accept_ends_with_its_cause_and_metas_error(self, number):
        call = make_call(number)
        pre_accepted(call)
        apply(call, events.MediaConnected())

        call = apply(
            call,
            events.CommandFailed(
                command=CommandKind.ACCEPT,
                cause=HangupCause.META_ERROR,
                error=events.ProviderError(code=138000, message="not enabled"),
            ),
        )

        assert (call.signaling, call.hangup_cause, call.error_code) == (
            "ending",
            "meta_error",
            138000,
        )

    def test_playbacks_and_recordings_follow_their_events(self, number):
        call = make_call(number)
        playback = call.playbacks.create(prompt="greeting", created_at=T0)
        recording = call.recordings.create(created_at=T0)
        at = datetime(2026, 11, 1, 12, 0, 9, tzinfo=UTC)

        apply(call, events.PlaybackStarted(playback_id=str(playback.pk), occurred_at=at))
        apply(call, events.PlaybackFinished(playback_id=str(playback.pk)), 14)
        apply(
            call,
            events.RecordingFinished(
                recording_id=str(recording.pk), path="a.opus", duration_ms=900, size_bytes=7
            ),
        )

        playback.refresh_from_db()
        recording.refresh_from_db()
        assert (playback.status, playback.started_at, playback.finished_at) == (
            "completed",
            at,
            after(14),
        )
        assert (recording.status, recording.path, recording.duration_ms) == (
            "completed",
            "a.opus",
            900,
        )

    def test_an_event_about_an_unknown_playback_is_only_a_fact(self, number):
        call = make_call(number)

        apply(call, events.PlaybackStarted(playback_id="not a uuid"))

        assert kinds(call)[-1] == "playback_started"

    def test_a_known_media_event_is_applied_once(self, number):
        call = make_call(number)

        for _ in range(2):
            apply(call, events.DigitReceived(digit="5"), key="media:boot:7")

        assert kinds(call).count("digit_received") == 1


class TestTheDatabaseSaysNo:
    def test_an_impossible_event_raises_and_writes_nothing(self, number):
        call = make_call(number)

        with pytest.raises(IllegalTransition):
            apply(call, events.Accepted())

        assert kinds(call) == ["offered", "answer_requested"]

    def test_two_running_commands_of_a_call(self, number):
        call = make_call(number)
        call.commands.update(status="running")

        with pytest.raises(IntegrityError):
            CallCommand.objects.create(
                call=call,
                key="accept",
                kind="accept",
                status="running",
                created_at=T0,
                not_before=T0,
                deadline_at=T0,
            )

    def test_an_end_without_time(self, number):
        call = make_call(number)

        with pytest.raises(IntegrityError):
            Call.objects.filter(pk=call.pk).update(signaling="ended")


def test_the_sequence_has_no_gaps(number):
    call = make_call(number)
    answered(call)
    receive(number, hung_up(), now=after(9))

    call.refresh_from_db()
    sequences = call.events.order_by("sequence").values_list("sequence", flat=True)
    assert list(sequences) == list(range(1, call.last_sequence + 1))
