"""Calls that we make: from the wish to the pick-up, and all that may come between."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from calls import asking, dialing, executor, operations
from calls.dialing import UnableToDial, Wanted
from calls.domain import events
from calls.domain.vocabulary import Direction, HangupCause, OnNoPermission
from calls.graph import GraphError, Verdict
from calls.models import Call, CallPermission, PermissionRequest
from tests.factories import ANA, T0, after, make_call, make_number, make_worker
from tests.integration.calls.stories import kinds, wake

pytestmark = pytest.mark.django_db(transaction=True)

WANTED = Wanted(to=ANA.wa_id, client_state="order 5521")
PATIENT = replace(WANTED, on_no_permission=OnNoPermission.REQUEST_AND_WAIT)
NOBODY = {"permission": {"status": "no_permission"}, "actions": []}


@pytest.fixture
def number(fake_graph, fake_media):
    make_worker(now=after(100_000))
    return make_number()


def drain(call, now=T0):
    with time_machine.travel(now, tick=False):
        executor.drain(call.pk)
    call.refresh_from_db()
    return call


def dial(number, wanted=WANTED, *, now=T0):
    return drain(dialing.dial(phone_number=number, wanted=wanted, by="api:test", now=now), now)


def hear(number, event, now=T0):
    call = operations.receive(phone_number=number, event=event, key="", now=now)
    return None if call is None else drain(call, now)


def said(kind, call=None, **values):
    values = {"wa_call_id": "wacid.OURS", "direction": Direction.OUTBOUND, **values}
    return kind(callback_data=str(call.pk) if call else "", **values)


def reply(number, response="accept", *, at=T0, **values):
    event = events.PermissionReplied(
        peer=ANA, response=response, occurred_at=at, context_id="wamid.1", **values
    )
    assert operations.hear(phone_number=number, event=event, now=at)
    for call in Call.objects.filter(direction=Direction.OUTBOUND):
        drain(call, at)


def send_requests(now=T0):
    for request in PermissionRequest.objects.filter(status="pending"):
        asking.send(request.pk, now)


def test_a_call_is_dialed_rings_is_picked_up_and_only_then_has_sound(
    number, fake_graph, fake_media
):
    call = dial(number, replace(WANTED, prompt="greeting"))
    assert (call.signaling, call.wa_call_id) == ("dialing", "wacid.OURS")

    hear(number, said(events.AnswerReceived, sdp="v=0 theirs"))
    hear(number, said(events.RemoteRinging))
    assert (call.pk, str(call.pk) in fake_media.started) == (call.pk, False)
    call = hear(number, said(events.RemoteAccepted))

    assert (call.signaling, call.status) == ("answered", "connecting")
    assert fake_media.answers == ["v=0 theirs"]
    assert fake_media.started[str(call.pk)].playback.prompt == "greeting"
    assert call.client_state == "order 5521"


def test_what_is_sent_to_meta_is_what_is_documented(number, fake_graph):
    call = dial(
        number,
        replace(WANTED, meta_recording={"purpose": "quality", "announcement_language": "en"}),
    )

    body = json.loads(fake_graph.bodies[0])
    assert body == {
        "messaging_product": "whatsapp",
        "to": ANA.wa_id,
        "action": "connect",
        "session": {"sdp_type": "offer", "sdp": call.local_sdp},
        "biz_opaque_callback_data": str(call.pk),
        "recording": {"status": "ENABLED", "purpose": "quality", "announcement_language": "en"},
    }


def test_a_user_without_a_number_is_called_by_his_id(number, fake_graph):
    dial(number, Wanted(recipient=ANA.user_id))

    assert json.loads(fake_graph.bodies[0])["recipient"] == ANA.user_id
    assert fake_graph.asked_about == [ANA.user_id]


def test_a_webhook_that_is_faster_than_the_reply_finds_the_call(number, fake_graph):
    def ring():
        call = Call.objects.get()
        hear(number, said(events.RemoteRinging, call))

    fake_graph.on_action["connect"] = ring

    call = dial(number)

    assert (call.signaling, call.wa_call_id) == ("ringing", "wacid.OURS")


def test_a_lost_reply_is_made_good_by_the_webhook_and_nothing_is_dialed_twice(number, fake_graph):
    lost = GraphError(Verdict.UNKNOWN, HangupCause.NETWORK_ERROR, "ReadTimeout")
    fake_graph.errors["connect"] = [lost]

    call = dial(number)
    assert call.signaling == "dialing"
    call = hear(number, said(events.RemoteRinging, call))

    assert (call.signaling, call.wa_call_id) == ("ringing", "wacid.OURS")
    assert fake_graph.actions == ["connect"]


def test_a_call_that_was_picked_up_survives_that_graph_never_replied(number, fake_graph):
    def all_at_once():
        call = Call.objects.get()
        hear(number, said(events.RemoteAccepted, call))
        hear(number, said(events.AnswerReceived, call, sdp="v=0"))

    fake_graph.on_action["connect"] = all_at_once
    fake_graph.errors["connect"] = [GraphError(Verdict.UNKNOWN, HangupCause.NETWORK_ERROR, "lost")]

    assert dial(number).signaling == "answered"


def test_a_connect_that_nobody_ever_names_ends_and_is_ended_at_meta_when_it_is_named(
    number, fake_graph
):
    fake_graph.errors["connect"] = [GraphError(Verdict.UNKNOWN, HangupCause.NETWORK_ERROR, "lost")]
    call = dial(number)

    wake(call, 31)
    drain(call, after(31))
    wake(call, 50)
    call.refresh_from_db()
    assert (call.signaling, call.hangup_cause) == ("ended", "deadline")
    assert "terminate" not in fake_graph.actions

    hear(number, said(events.RemoteRinging, call))

    assert fake_graph.actions == ["connect", "terminate"]


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (138006, "permission_denied"),
        (138012, "limit_reached"),
        (138003, "user_busy"),
        (138013, "restricted"),
        (138001, "unreachable"),
        (138014, "restricted"),
    ],
)
def test_a_refused_call_ends_with_a_cause_of_its_own(number, fake_graph, code, cause):
    error = events.ProviderError(code=code, message="no")
    fake_graph.errors["connect"] = [
        GraphError(Verdict.GIVE_UP, HangupCause(cause), "no", http_status=400, error=error)
    ]

    call = dial(number)

    assert (call.signaling, call.hangup_cause, call.error_code) == ("ended", cause, code)
    assert fake_graph.actions == ["connect"]


def test_a_refusal_for_want_of_permission_corrects_the_ledger(number, fake_graph):
    error = events.ProviderError(code=138006)
    fake_graph.errors["connect"] = [
        GraphError(Verdict.GIVE_UP, HangupCause.PERMISSION_DENIED, "no", error=error)
    ]

    dial(number)

    permission = CallPermission.objects.get()
    assert (permission.status, permission.source) == ("none", "refusal")
    assert list(permission.changes.values_list("after", flat=True)) == ["permanent", "none"]


def test_without_permission_a_call_fails_and_says_so(number, fake_graph):
    fake_graph.permission = NOBODY

    call = dial(number)

    assert (call.signaling, call.hangup_cause) == ("ended", "permission_denied")
    assert fake_graph.actions == []
    assert kinds(call) == [
        "dial_requested",
        "permission_unknown",
        "permission_checked",
        "dial_forbidden",
    ]


def test_the_user_is_asked_and_called_when_he_allows_it(number, fake_graph):
    fake_graph.permission = NOBODY
    call = dial(number, replace(PATIENT, request_text="May we call you?"))
    assert call.status == "queued"

    send_requests()
    assert fake_graph.messages[0]["interactive"] == {
        "type": "call_permission_request",
        "action": {"name": "call_permission_request"},
        "body": {"text": "May we call you?"},
    }
    assert CallPermission.objects.get().status == "requested"
    reply(number, at=after(60), is_permanent=True)

    call.refresh_from_db()
    assert call.signaling == "dialing"
    assert fake_graph.actions == ["connect"]


def test_a_second_reply_does_not_dial_twice(number, fake_graph):
    fake_graph.permission = NOBODY
    dial(number, PATIENT)
    send_requests()

    reply(number, at=after(60))
    reply(number, at=after(61))

    assert fake_graph.actions == ["connect"]


def test_a_user_who_declines_is_not_called(number, fake_graph):
    fake_graph.permission = NOBODY
    call = dial(number, PATIENT)
    send_requests()

    reply(number, "reject", at=after(60))

    call.refresh_from_db()
    assert (call.status, call.hangup_cause) == ("failed", "permission_denied")
    assert fake_graph.actions == []


def test_a_user_who_never_answers_is_given_up(number, fake_graph):
    fake_graph.permission = NOBODY
    call = dial(number, replace(PATIENT, until=after(3600)))
    send_requests()

    wake(call, 3601)

    call.refresh_from_db()
    assert (call.signaling, call.hangup_cause) == ("ended", "deadline")


def test_a_request_that_meta_refuses_ends_the_call(number, fake_graph):
    fake_graph.permission = NOBODY
    fake_graph.message_error = GraphError(
        Verdict.GIVE_UP,
        HangupCause.LIMIT_REACHED,
        "limit",
        error=events.ProviderError(code=138009),
    )
    call = dial(number, PATIENT)

    send_requests()

    call.refresh_from_db()
    assert (call.signaling, call.hangup_cause) == ("ended", "limit_reached")
    assert PermissionRequest.objects.get().status == "failed"


def test_a_request_whose_fate_is_unknown_is_not_sent_again(number, fake_graph):
    fake_graph.permission = NOBODY
    fake_graph.message_error = GraphError(Verdict.UNKNOWN, HangupCause.NETWORK_ERROR, "timeout")
    call = dial(number, PATIENT)

    send_requests()
    asking.sweep(after(60))

    call.refresh_from_db()
    assert (call.signaling, len(fake_graph.messages)) == ("waiting", 1)
    reply(number, at=after(120))
    call.refresh_from_db()
    assert call.signaling == "dialing"


def test_with_request_the_user_is_asked_for_another_time(number, fake_graph):
    fake_graph.permission = NOBODY
    call = dial(number, replace(WANTED, on_no_permission=OnNoPermission.REQUEST))
    send_requests()

    reply(number, at=after(60))

    call.refresh_from_db()
    assert (call.signaling, call.hangup_cause) == ("ended", "permission_denied")
    assert len(fake_graph.messages) == 1
    assert fake_graph.actions == []


def test_metas_own_limit_is_obeyed_and_waited_for(number, fake_graph):
    free_at = int(after(1800).timestamp())
    limit = {
        "time_period": "PT24H",
        "max_allowed": 100,
        "current_usage": 100,
        "limit_expiration_time": free_at,
    }
    fake_graph.permission = {
        "permission": {"status": "permanent"},
        "actions": [{"action_name": "start_call", "can_perform_action": False, "limits": [limit]}],
    }

    call = dial(number, replace(WANTED, until=after(7200)))
    assert (call.signaling, call.dial.again_at) == ("waiting", after(1800))
    assert dialing.look_again(after(1799)) == 0
    assert dialing.look_again(after(1801)) == 1

    call.refresh_from_db()
    assert call.signaling == "dialing"


def test_one_call_to_a_user_at_a_time(number):
    dial(number)

    with pytest.raises(UnableToDial) as caught:
        dial(number)

    assert caught.value.code == "call_in_progress"
    assert Call.objects.count() == 1


def test_the_same_wish_twice_is_one_call(number):
    first = dial(number)

    again = dialing.dial(phone_number=number, wanted=WANTED, by="x", now=T0, call_id=first.pk)

    assert again.pk == first.pk


def test_nobody_cannot_be_called(number):
    with pytest.raises(UnableToDial, match="a phone number or a user id"):
        dial(number, Wanted())


def test_the_users_own_call_goes_first(number, fake_graph):
    ours = dial(number)

    theirs = make_call(number, "wacid.THEIRS")
    drain(ours)

    assert (ours.signaling, ours.hangup_cause) == ("ended", "glare")
    assert fake_graph.actions[:2] == ["connect", "terminate"]
    assert theirs.signaling != "ended"


def test_a_user_who_is_on_the_line_is_not_called(number):
    make_call(number, "wacid.THEIRS")

    call = dial(number)

    assert (call.signaling, call.hangup_cause) == ("ended", "user_busy")


def test_a_call_can_be_canceled_before_it_is_dialed(number, fake_graph):
    fake_graph.permission = NOBODY
    call = dial(number, PATIENT)

    call = operations.hang_up(call_id=call.pk, by="api:test", now=after(5))

    assert (call.signaling, call.status) == ("ended", "canceled")
    reply(number, at=after(60))
    assert fake_graph.actions == []


def test_a_ringing_call_can_be_canceled(number, fake_graph):
    call = dial(number)
    hear(number, said(events.RemoteRinging))

    operations.hang_up(call_id=call.pk, by="api:test", now=after(5))
    drain(call, after(5))

    assert (call.signaling, call.status) == ("ended", "canceled")
    assert fake_graph.actions == ["connect", "terminate"]


def test_a_phone_that_nobody_picks_up_is_given_up(number, fake_graph):
    call = dial(number, replace(WANTED, ring_seconds=20))
    hear(number, said(events.RemoteRinging))

    wake(call, 21)
    drain(call, after(21))

    assert (call.status, call.hangup_cause) == ("no_answer", "no_answer")
    assert fake_graph.actions == ["connect", "terminate"]


def test_a_declined_call(number):
    dial(number)

    call = hear(number, said(events.RemoteRejected))

    assert (call.status, call.hangup_source) == ("rejected", "peer")


@pytest.mark.parametrize("is_late", [False, True])
def test_a_declined_call_whose_end_comes_first(number, is_late):
    dial(number)
    hear(number, said(events.RemoteRinging))
    end, word = said(events.RemoteHungUp, status="completed"), said(events.RemoteRejected)

    hear(number, end if is_late else word)
    call = hear(number, word if is_late else end)

    assert (call.status, call.hangup_cause) == ("rejected", "call_rejected")
    assert call.hangup_source == "peer"


def test_a_call_that_rings_out(number):
    dial(number)
    hear(number, said(events.RemoteRinging))

    call = hear(number, said(events.RemoteHungUp, status="completed"))

    assert (call.status, call.hangup_source) == ("no_answer", "peer")


def test_a_media_worker_that_makes_no_offer_ends_the_call_without_dialing(
    number, fake_media, fake_graph
):
    fake_media.is_reachable = False

    call = dial(number)
    wake(call, 40)
    drain(call, after(40))
    wake(call, 60)

    call.refresh_from_db()
    assert fake_graph.actions == []
    assert call.signaling == "ended"


def test_the_count_of_calls_without_an_answer_is_the_ledgers(number):
    from calls import ledger

    for n in range(3):
        dial(number, now=after(n * 100))
        hear(number, said(events.RemoteHungUp, status="completed"), now=after(n * 100 + 60))
        Call.objects.filter(wa_call_id="wacid.OURS").update(wa_call_id=f"wacid.{n}")

    record = ledger.record_of(CallPermission.objects.get(), after(400))

    assert record.unanswered_streak == 3


def test_a_temporary_permission_runs_out_without_a_word(number, fake_graph):
    reply(number, at=T0)
    permission = CallPermission.objects.get()
    assert permission.status == "temporary"

    assert dialing.expire(T0 + timedelta(days=7)) == 1

    permission.refresh_from_db()
    assert (permission.status, permission.source) == ("none", "expiry")
