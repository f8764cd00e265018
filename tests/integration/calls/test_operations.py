"""The door: what each event does to the call's row, timeline and commands."""

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from calls import operations
from calls.domain import events
from calls.domain.machine import IllegalTransition
from calls.domain.vocabulary import CommandKind, Direction, HangupCause
from calls.models import Call, CallCommand
from calls.operations import UnableToAnswer, UnableToHangUp, UnableToReject
from tests.factories import ANA, T0, after, hung_up, make_call, make_number, offered, receive

pytestmark = pytest.mark.django_db


def apply(call, event, seconds=1.0, key=""):
    return operations.apply(call_id=call.pk, event=event, now=after(seconds), key=key)


def wake(call, seconds):
    woken = operations.wake(call_id=call.pk, now=after(seconds))
    assert woken is not None
    return woken


def pre_accepted(call, seconds=1.0):
    apply(call, events.AnswerReady(sdp="v=0 ours"), seconds)
    return apply(call, events.PreAccepted(), seconds)


def answered(call, seconds=1.0):
    pre_accepted(call, seconds)
    apply(call, events.MediaConnected(), seconds)
    return apply(call, events.Accepted(), seconds)


def commands(call):
    return list(call.commands.order_by("pk").values_list("kind", "status"))


def kinds(call):
    return list(call.events.order_by("sequence").values_list("kind", flat=True))


@pytest.fixture
def number():
    return make_number()


class TestOffer:
    def test_it_creates_the_call_and_follows_the_policy(self, number):
        call = receive(number, offered(), key="connect:1")

        call = Call.objects.get(pk=call.pk)
        assert (call.signaling, call.intent, call.direction) == ("answering", "answer", "inbound")
        assert (call.peer_wa_id, call.peer_name) == (ANA.wa_id, ANA.name)
        assert call.remote_sdp.startswith("v=0")
        assert call.deadline_at == after(25)
        assert kinds(call) == ["offered", "answer_requested"]
        assert commands(call) == [("prepare_answer", "pending")]

    @pytest.mark.parametrize(
        ("policy", "signaling", "intent", "first"),
        [
            ("answer", "answering", "answer", "prepare_answer"),
            ("ring", "answering", "undecided", "prepare_answer"),
            ("manual", "answering", "undecided", "prepare_answer"),
            ("reject", "ending", "undecided", "reject"),
        ],
    )
    def test_each_policy(self, policy, signaling, intent, first):
        call = make_call(make_number(answer_policy=policy, ring_seconds=7))

        assert (call.signaling, call.intent) == (signaling, intent)
        assert commands(call)[0] == (first, "pending")
        assert call.answer_at == (after(7) if policy == "ring" else None)

    def test_the_same_event_again_changes_nothing(self, number):
        receive(number, offered(), key="connect:1")

        call = receive(number, offered(), key="connect:1", now=after(2))

        assert kinds(call) == ["offered", "answer_requested"]
        assert Call.objects.count() == 1

    def test_the_same_offer_under_another_key_is_only_a_fact(self, number):
        receive(number, offered(), key="connect:1")

        call = receive(number, offered(sdp="v=0 other"), key="connect:2")

        assert kinds(call) == ["offered", "answer_requested", "offered"]
        assert "other" not in call.remote_sdp
        assert call.commands.count() == 1

    @pytest.mark.parametrize("age", [26, 300, 7 * 86400])
    def test_an_old_offer_never_causes_a_command(self, number, age):
        call = receive(number, offered(), now=after(age))

        assert (call.signaling, call.status, call.hangup_cause) == (
            "ended",
            "no_answer",
            "no_answer",
        )
        assert call.ended_at == after(age)
        assert not call.commands.exists()

    def test_an_offer_from_the_future_counts_from_our_clock(self, number):
        call = receive(number, offered(occurred_at=after(120)))

        assert call.offered_at == T0
        assert call.deadline_at == after(25)

    def test_two_numbers_may_see_the_same_call_id(self, number):
        other = make_number(wa_phone_number_id="8810")

        assert receive(number, offered()).pk != receive(other, offered()).pk

    def test_call_ids_are_case_sensitive(self, number):
        assert receive(number, offered("wacid.a")).pk != receive(number, offered("wacid.A")).pk

    def test_a_caller_without_a_number_is_kept_by_his_user_id(self, number):
        call = receive(number, offered(peer=events.Peer(user_id="GB.48", username="anaq")))

        assert (call.peer_wa_id, call.peer_user_id, call.peer) == ("", "GB.48", "anaq")


class TestHangUpByThePeer:
    def test_terminate_first_leaves_a_tombstone_that_swallows_the_offer(self, number):
        call = receive(number, hung_up(occurred_at=after(1)), now=after(2), key="terminate")

        again = receive(number, offered(), now=after(3), key="connect")

        assert again.pk == call.pk
        assert (again.signaling, again.status) == ("ended", "canceled")
        assert kinds(again) == ["remote_hung_up", "offered"]
        assert not again.commands.exists()
        assert again.peer_name == ANA.name

    def test_it_ends_a_ringing_call_as_canceled_and_drops_what_is_pending(self, number):
        call = make_call(number)

        receive(number, hung_up(), now=after(3))

        call.refresh_from_db()
        assert (call.status, call.hangup_source) == ("canceled", "peer")
        assert call.deadline_at is None
        assert commands(call) == [("prepare_answer", "canceled"), ("close_media", "pending")]

    def test_it_ends_an_answered_call_as_completed_with_the_networks_facts(self, number):
        call = make_call(number)
        answered(call)

        receive(
            number,
            hung_up(
                status="completed", started_at=after(1), ended_at=after(21), duration_seconds=20
            ),
            now=after(22),
        )

        call.refresh_from_db()
        assert (call.status, call.hangup_cause) == ("completed", "normal_clearing")
        assert (call.provider_duration_seconds, call.talk_seconds) == (20, 21)

    def test_a_repeated_terminate_without_duration_does_not_overwrite_the_good_one(self, number):
        call = make_call(number)
        answered(call)
        receive(number, hung_up(duration_seconds=20), now=after(22), key="t1")

        receive(number, hung_up(duration_seconds=0, status="failed"), now=after(23), key="t2")

        call.refresh_from_db()
        assert (call.provider_duration_seconds, call.hangup_cause) == (20, "normal_clearing")

    def test_metas_error_is_kept_verbatim(self, number):
        call = make_call(number)
        answered(call)
        error = events.ProviderError(code=138021, title="No media", details="for long")

        receive(number, hung_up(status="failed", errors=(error,)), now=after(30))

        call.refresh_from_db()
        assert (call.status, call.hangup_cause) == ("failed", "media_timeout")
        assert (call.error_code, call.error_message) == (138021, "No media: for long")

    def test_our_own_hangup_and_its_echo_end_once(self, number):
        call = make_call(number)
        answered(call)
        operations.hang_up(call_id=call.pk, by="api:test", now=after(10))
        apply(call, events.Terminated(), 11)

        receive(number, hung_up(duration_seconds=9), now=after(12))

        call.refresh_from_db()
        assert (call.ended_at, call.hangup_source) == (after(11), "business")
        assert call.provider_duration_seconds == 9

    def test_it_cancels_a_terminate_that_nobody_needs_any_more(self, number):
        call = make_call(number)
        answered(call)
        operations.hang_up(call_id=call.pk, by="api:test", now=after(10))

        receive(number, hung_up(), now=after(11))

        assert ("terminate", "canceled") in commands(call)
        assert ("close_media", "pending") in commands(call)

    def test_an_outbound_terminate_of_an_unknown_call_creates_nothing(self, number):
        ended = hung_up(direction=Direction.OUTBOUND)

        assert operations.receive(phone_number=number, event=ended, key="", now=T0) is None
        assert not Call.objects.exists()


class TestUnknownCalls:
    @pytest.mark.parametrize(
        "event",
        [
            events.RemoteRinging(wa_call_id="wacid.X"),
            events.AnswerReceived(wa_call_id="wacid.X", sdp="v=0"),
            events.RecordingAvailable(wa_call_id="wacid.X"),
            events.PermissionReplied(response="accept"),
        ],
    )
    def test_other_first_words_create_no_call(self, number, event):
        assert operations.receive(phone_number=number, event=event, key="", now=T0) is None
        assert not Call.objects.exists()

    def test_later_facts_reach_the_timeline(self, number):
        call = make_call(number)

        receive(number, events.RecordingAvailable(wa_call_id="wacid.A"), key="rec")

        assert kinds(call)[-1] == "recording_available"


class TestWishes:
    def test_answering_a_ringing_call(self):
        call = make_call(make_number(answer_policy="manual"))
        pre_accepted(call)
        apply(call, events.MediaConnected())

        call = operations.answer(call_id=call.pk, by="admin:ana", now=after(4))

        assert call.signaling == "accepting"
        assert commands(call)[-1] == ("accept", "pending")
        assert call.events.get(kind="answer_requested").data["by"] == "admin:ana"

    def test_only_one_of_two_operators_answers(self):
        call = make_call(make_number(answer_policy="manual"))
        operations.answer(call_id=call.pk, by="admin:ana", now=after(1))

        with pytest.raises(UnableToAnswer) as error:
            operations.answer(call_id=call.pk, by="admin:ben", now=after(1))

        assert error.value.status == "ringing"

    def test_a_call_that_is_over_can_be_neither_answered_nor_rejected_nor_hung_up(self, number):
        call = make_call(number)
        receive(number, hung_up())

        for wish, error in (
            (operations.answer, UnableToAnswer),
            (operations.reject, UnableToReject),
            (operations.hang_up, UnableToHangUp),
        ):
            with pytest.raises(error, match="that is canceled"):
                wish(call_id=call.pk, by="api:test", now=after(31))

    def test_an_answered_call_cannot_be_rejected(self, number):
        call = make_call(number)
        answered(call)

        with pytest.raises(UnableToReject):
            operations.reject(call_id=call.pk, by="api:test", now=after(2))

    def test_a_second_hangup_while_it_ends_changes_nothing(self, number):
        call = make_call(number)
        answered(call)
        operations.hang_up(call_id=call.pk, by="a", now=after(2))

        call = operations.hang_up(call_id=call.pk, by="b", now=after(3))

        assert call.signaling == "ending"
        assert call.commands.filter(kind="terminate").count() == 1

    def test_a_wish_for_an_unknown_call_says_so(self):
        with pytest.raises(Call.DoesNotExist):
            operations.answer(call_id=uuid4(), by="x", now=T0)


class TestTimers:
    def test_nobody_answers(self):
        call = make_call(make_number(answer_policy="manual"))
        pre_accepted(call)

        call = wake(call, 25)

        assert (call.signaling, call.hangup_cause) == ("ending", "no_answer")
        assert commands(call)[-2:] == [("terminate", "pending"), ("close_media", "pending")]

    def test_policy_ring_answers_after_its_time(self):
        call = make_call(make_number(answer_policy="ring", ring_seconds=5))
        pre_accepted(call)
        apply(call, events.MediaConnected())

        assert wake(call, 4.9).signaling == "pre_accepted"
        assert wake(call, 5).signaling == "accepting"

    def test_policy_ring_leaves_time_to_answer(self):
        call = make_call(make_number(answer_policy="ring", ring_seconds=60))

        assert call.answer_at == after(23)

    def test_policy_ring_says_nothing_more_once_somebody_answers(self):
        call = make_call(make_number(answer_policy="ring", ring_seconds=5))
        operations.answer(call_id=call.pk, by="admin:ana", now=after(1))

        operations.wake(call_id=call.pk, now=after(5))

        assert kinds(call).count("answer_requested") == 1

    def test_the_accept_waits_three_seconds_for_media(self, number):
        call = make_call(number)
        pre_accepted(call, 1)

        assert wake(call, 3.9).signaling == "pre_accepted"
        woken = wake(call, 4)
        assert (woken.signaling, woken.media) == ("accepting", "overdue")

    @pytest.mark.postgresql
    @pytest.mark.django_db(transaction=True)
    def test_a_call_that_somebody_holds_is_passed_over(self):
        call = make_call(make_number(answer_policy="manual"))
        held, release = threading.Event(), threading.Event()

        def hold():
            with transaction.atomic():
                Call.objects.select_for_update().get(pk=call.pk)
                held.set()
                release.wait(5)
            connection.close()

        holder = threading.Thread(target=hold)
        holder.start()
        try:
            assert held.wait(5)
            assert operations.wake(call_id=call.pk, now=after(25)) is None
        finally:
            release.set()
            holder.join()
        assert wake(call, 25).signaling == "ending"

    def test_a_timer_works_once(self):
        call = make_call(make_number(answer_policy="manual"))
        operations.wake(call_id=call.pk, now=after(25))

        operations.wake(call_id=call.pk, now=after(25.1))

        assert kinds(call).count("deadline_reached") == 1

    def test_an_ending_that_is_never_confirmed_ends(self, number):
        call = make_call(number)
        operations.hang_up(call_id=call.pk, by="a", now=after(2))

        call = wake(call, 17)

        assert call.signaling == "ended"
        assert call.commands.get(kind="reject").status == "pending"

    def test_the_longest_call(self, number, settings):
        settings.MAX_CALL_SECONDS = 60
        call = make_call(number)
        answered(call, 1)

        call = wake(call, 61)

        assert (call.signaling, call.hangup_cause) == ("ending", "max_duration")


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
