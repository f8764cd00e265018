"""What operators, programs and time want of a call."""

import threading
from uuid import uuid4

import pytest
from django.db import connection, transaction

from calls import operations
from calls.domain import events
from calls.models import Call
from calls.operations import UnableToAnswer, UnableToHangUp, UnableToReject
from tests.factories import T0, after, hung_up, make_call, make_number, receive
from tests.integration.calls.stories import answered, apply, commands, kinds, pre_accepted, wake

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    return make_number()


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
