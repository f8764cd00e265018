"""The caller hangs up, or Meta says why the call ended; facts are written once."""

import pytest

from calls import operations
from calls.domain import events
from calls.domain.vocabulary import Direction
from calls.models import Call
from tests.factories import ANA, T0, after, hung_up, make_call, make_number, offered, receive
from tests.integration.calls.stories import answered, apply, commands, kinds

pytestmark = pytest.mark.django_db


@pytest.fixture
def number():
    return make_number()


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
