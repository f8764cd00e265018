"""A parked call and everything that can happen to it at once: in any order, twice, and in parallel."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count

import pytest
import time_machine
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calls import asking, dial_news, dialing, executor, operations, permission_requests
from calls.dialing import Wanted
from calls.domain import events
from calls.domain.quotas import PermissionReading
from calls.domain.vocabulary import CommandKind, Direction, OnNoPermission
from calls.models import Call, CallPermission, PermissionRequest
from tests.factories import ANA, after, hung_up, make_number, make_worker, offered, receive

pytestmark = pytest.mark.django_db(transaction=True)

numbers = count(1)
WAITS = Wanted(
    to=ANA.wa_id,
    on_no_permission=OnNoPermission.REQUEST_AND_WAIT,
    until=after(3600),
)


def parked():
    """A number of its own for each story, and a call of it that waits for the user."""
    n = next(numbers)
    number = make_number(wa_phone_number_id=f"77{n}", display_phone_number=f"5511{n:08}")
    call = dialing.dial(phone_number=number, wanted=WAITS, by="api:test", now=after(0))
    return drain(call, after(0))


def drain(call, now):
    with time_machine.travel(now, tick=False):
        executor.drain(call.pk)
    call.refresh_from_db()
    return call


def say(call, response, at, now):
    event = events.PermissionReplied(
        peer=ANA, response=response, occurred_at=at, context_id="wamid.1"
    )
    operations.hear(phone_number=call.phone_number, event=event, now=now)


def accept(call, now):
    say(call, "accept", after(60), now)


def reject_earlier(call, now):
    say(call, "reject", after(-60), now)


def timer(call, now):
    dialing.look_again(now)
    operations.wake(call_id=call.pk, now=now)


def hang_up(call, now):
    with suppress(operations.UnableToHangUp):
        operations.hang_up(call_id=call.pk, by="api:test", now=now)


def settle_request(call, now):
    for request in PermissionRequest.objects.filter(call=call):
        asking.send(request.pk, now)
        request.refresh_from_db()
        if request.finished_at:
            dial_news.asked(request, now)


def call_us(call, now):
    event = offered(f"wacid.{call.pk}", occurred_at=now)
    operations.receive(phone_number=call.phone_number, event=event, key=f"o{call.pk}", now=now)


def check(call, now):
    """What Meta said before the user allowed it."""
    dial_news.checked(call, PermissionReading(status="no_permission"), after(1))
    operations.apply(
        call_id=call.pk, event=events.PermissionChecked(status="no_permission"), now=now
    )


HAPPENINGS = (accept, reject_earlier, timer, hang_up, settle_request, call_us, check)
orders = st.permutations(HAPPENINGS).flatmap(
    lambda order: st.lists(st.sampled_from(HAPPENINGS), max_size=4).map(lambda more: order + more)
)


def dialed(call):
    return call.commands.filter(kind=CommandKind.CONNECT).count()


@pytest.fixture
def wire(fake_graph, fake_media):
    make_worker(now=after(100_000), capacity=10_000)
    fake_graph.permission = {"permission": {"status": "no_permission"}}
    return fake_graph


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=orders, drains=st.lists(st.booleans(), min_size=11, max_size=11))
def test_in_any_order_it_ends_once_and_is_dialed_at_most_once(wire, order, drains):
    call = parked()
    connects = wire.actions.count("connect")
    wire.wa_call_id = f"wacid.ours.{call.pk}"

    for n, (happen, is_drained) in enumerate(zip(order, drains, strict=False)):
        happen(call, after(61 + n))
        if is_drained:
            drain(call, after(61 + n))
    drain(call, after(80))
    for seconds in (85, 120, 140):
        dialing.look_again(after(seconds))
        operations.wake(call_id=call.pk, now=after(seconds))
        drain(call, after(seconds))

    permission = CallPermission.objects.get(phone_number=call.phone_number)
    assert wire.actions.count("connect") - connects <= 1
    assert dialed(call) <= 1
    assert (call.signaling, call.status) in {("ended", "canceled"), ("ended", "failed")}
    assert call.hangup_cause in {"canceled", "glare"}
    assert permission.status == "temporary"
    assert call.permission_requests.count() <= 1
    assert call.events.filter(kind="dial_allowed").count() <= 1


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations([accept, accept, reject_earlier, timer, settle_request, check, check]))
def test_if_nobody_cancels_and_the_user_allows_it_it_is_dialed_exactly_once(wire, order):
    call = parked()
    connects = wire.actions.count("connect")
    wire.wa_call_id = f"wacid.ours.{call.pk}"

    for n, happen in enumerate(order):
        happen(call, after(61 + n))
        drain(call, after(61 + n))

    assert (call.signaling, call.wa_call_id) == ("dialing", f"wacid.ours.{call.pk}")
    assert wire.actions.count("connect") - connects == 1


def test_all_at_once_nobody_waits_in_a_circle(wire):
    """Every pair of those that lock permission, call and request, in threads of their own."""
    happenings = (accept, accept, timer, hang_up, settle_request, check)
    for _ in range(5):
        call = parked()
        wire.wa_call_id = f"wacid.ours.{call.pk}"
        together = threading.Barrier(len(happenings))

        def run(happen, call=call, together=together):
            try:
                mine = Call.objects.select_related("phone_number").get(pk=call.pk)
                together.wait(5)
                happen(mine, after(61))
            finally:
                connection.close()

        with ThreadPoolExecutor(len(happenings)) as pool:
            for future in [pool.submit(run, happen) for happen in happenings]:
                future.result(30)
        drain(call, after(62))

        assert call.signaling in ("ending", "ended")
        assert dialed(call) <= 1


def test_the_same_wish_at_once_is_one_call(wire):
    number = make_number()
    together = threading.Barrier(4)

    def run(n):
        try:
            together.wait(5)
            return dialing.dial(phone_number=number, wanted=WAITS, by=f"api:{n}", now=after(0))
        except dialing.UnableToDial as refusal:
            return refusal.code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(run, range(4)))

    assert found.count("call_in_progress") == 3
    assert Call.objects.filter(direction=Direction.OUTBOUND).count() == 1
    assert CallPermission.objects.count() == 1


def test_a_grant_that_runs_out_while_a_call_waits_has_the_user_asked(wire):
    call = parked()
    asking.send(call.permission_requests.get().pk, after(1))
    say(call, "accept", after(2), after(2))
    call.refresh_from_db()
    assert call.signaling == "dialing"

    number = make_number(calling_restricted_at=after(0), calling_restricted_until=after(120))
    event = events.PermissionReplied(
        peer=ANA,
        response="accept",
        occurred_at=after(0),
        expires_at=after(60),
        context_id="wamid.2",
    )
    operations.hear(phone_number=number, event=event, now=after(0))
    late = dialing.dial(phone_number=number, wanted=WAITS, by="x", now=after(0))
    late.refresh_from_db()
    assert late.dial.again_at == after(120)
    assert dialing.expire(after(61)) == 1
    number.calling_restricted_at = number.calling_restricted_until = None
    number.save()

    assert dialing.look_again(after(121)) == 1
    drain(late, after(121))

    assert late.signaling == "waiting"
    assert late.permission_requests.get().status == "pending"


def test_a_request_that_nobody_answers_runs_out_and_the_user_is_asked_again(wire):
    number = make_number()
    stranger = CallPermission.objects.create(
        phone_number=number,
        wa_id=ANA.wa_id,
        status="requested",
        as_of=after(0),
        expires_at=after(100),
        created_at=after(0),
    )
    call = dialing.dial(phone_number=number, wanted=WAITS, by="x", now=after(1))
    drain(call, after(1))
    assert (call.signaling, call.dial.asked_at) == ("waiting", None)

    assert dialing.expire(after(100)) == 1

    assert call.permission_requests.get().status == "pending"
    stranger.refresh_from_db()
    assert stranger.status == "none"


def test_a_request_of_somebody_else_that_fails_does_not_leave_the_call_waiting(wire):
    number = make_number()
    stranger = CallPermission.objects.create(
        phone_number=number, wa_id=ANA.wa_id, created_at=after(0)
    )
    request = permission_requests.request(stranger, by="api:x", now=after(0))
    call = dialing.dial(phone_number=number, wanted=WAITS, by="x", now=after(1))
    drain(call, after(1))
    assert (call.dial.asked_at, call.dial.again_at) == (None, after(6))

    PermissionRequest.objects.filter(pk=request.pk).update(status="failed", finished_at=after(2))
    assert dialing.look_again(after(6)) == 1

    assert call.permission_requests.get().status == "pending"


def test_a_user_who_has_allowed_it_for_good_is_called_when_meta_says_so(wire):
    call = parked()
    request = call.permission_requests.get()
    request.status, request.error_code = "failed", dial_news.PERMANENT_EXISTS
    request.save()

    dial_news.asked(request, after(5))

    call.refresh_from_db()
    assert call.signaling == "dialing"
    assert CallPermission.objects.get().status == "permanent"


def test_a_call_that_is_canceled_does_not_ask_any_more(wire):
    call = parked()

    hang_up(call, after(1))
    asking.sweep(after(10))

    assert call.permission_requests.get().status == "canceled"
    assert wire.messages == []


def test_a_check_that_came_too_late_does_not_end_a_call_that_waits(wire):
    number = make_number()
    call = dialing.dial(phone_number=number, wanted=WAITS, by="x", now=after(0))

    drain(call, after(600))

    assert call.signaling == "waiting"
    assert call.permission_requests.get().status == "pending"


def test_a_call_of_the_users_sets_the_count_of_requests_back(wire):
    number = make_number(answer_policy="manual")
    user = CallPermission.objects.create(phone_number=number, wa_id=ANA.wa_id, created_at=after(0))
    permission_requests.request(user, by="x", now=after(0))
    PermissionRequest.objects.update(status="sent", finished_at=after(1))
    with pytest.raises(permission_requests.UnableToRequest):
        permission_requests.request(user, by="x", now=after(10))

    theirs = receive(number, offered(occurred_at=after(20)), now=after(20))
    Call.objects.filter(pk=theirs.pk).update(answered_at=after(25))
    receive(number, hung_up(occurred_at=after(30)), now=after(30))

    assert permission_requests.request(user, by="x", now=after(40)).status == "pending"
