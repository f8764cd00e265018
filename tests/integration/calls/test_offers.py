"""The first words of a call: offers, tombstones of a terminate, and events of unknown calls."""

import pytest

from calls import operations
from calls.domain import events
from calls.models import Call
from tests.factories import ANA, T0, after, make_call, make_number, offered, receive
from tests.integration.calls.stories import commands, kinds

pytestmark = pytest.mark.django_db


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
