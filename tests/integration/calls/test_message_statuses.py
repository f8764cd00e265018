"""How far a request for permission has come, and what follows."""

import pytest
import time_machine

from calls import asking, dialing, executor, message_statuses, operations
from calls.dialing import Wanted
from calls.domain import events
from calls.domain.vocabulary import OnNoPermission
from calls.models import CallPermission, PermissionRequest
from tests.factories import ANA, T0, after, make_number, make_worker

pytestmark = pytest.mark.django_db(transaction=True)

PATIENT = Wanted(to=ANA.wa_id, on_no_permission=OnNoPermission.REQUEST_AND_WAIT)


@pytest.fixture
def number(fake_graph, fake_media):
    make_worker(now=after(100_000))
    fake_graph.permission = {"permission": {"status": "no_permission"}, "actions": []}
    return make_number()


@pytest.fixture
def waiting(number):
    """A call that waits for the reply to a request that was sent."""
    call = dialing.dial(phone_number=number, wanted=PATIENT, by="t", now=T0)
    with time_machine.travel(T0, tick=False):
        executor.drain(call.pk)
    asking.send(PermissionRequest.objects.get().pk, T0)
    call.refresh_from_db()
    assert call.signaling == "waiting"
    return call


def status(number, word, *, at=None, code=None, wamid="wamid.1"):
    errors = (events.ProviderError(code=code, details="too old"),) if code else ()
    event = events.MessageStatusChanged(
        wa_message_id=wamid, status=word, errors=errors, occurred_at=at or after(5), peer=ANA
    )
    return operations.hear(phone_number=number, event=event, now=after(5))


def test_delivered_and_read_are_kept_with_their_times(number, waiting):
    assert status(number, "sent")
    assert status(number, "delivered", at=after(6))
    assert status(number, "read", at=after(9))

    request = PermissionRequest.objects.get()
    assert (request.status, request.delivered_at, request.read_at) == (
        "delivered",
        after(6),
        after(9),
    )


def test_read_without_delivered_is_delivered_as_well(number, waiting):
    status(number, "read", at=after(9))

    assert PermissionRequest.objects.get().delivered_at == after(9)


def test_a_request_that_never_arrived_ends_the_wait_with_metas_code(number, waiting):
    assert status(number, "failed", code=131026)

    waiting.refresh_from_db()
    request = PermissionRequest.objects.get()
    permission = CallPermission.objects.get()
    assert (request.status, request.error_code) == ("failed", 131026)
    assert (waiting.status, waiting.hangup_cause) == ("failed", "unreachable")
    assert (permission.status, permission.source) == ("none", "undelivered")


def test_the_same_failure_twice_changes_nothing(number, waiting):
    status(number, "failed", code=131026)
    status(number, "failed", code=131026)

    assert CallPermission.objects.get().changes.count() == 2  # asked, undelivered


def test_what_was_delivered_cannot_fail_any_more(number, waiting):
    status(number, "delivered")
    status(number, "failed", code=131026)

    waiting.refresh_from_db()
    assert waiting.signaling == "waiting"


def test_a_reply_that_came_first_stays(number, waiting):
    reply = events.PermissionReplied(
        peer=ANA, response="accept", occurred_at=after(4), context_id="wamid.1"
    )
    operations.hear(phone_number=number, event=reply, now=after(4))
    status(number, "failed", code=131026)

    waiting.refresh_from_db()
    assert (CallPermission.objects.get().status, waiting.signaling) == ("temporary", "dialing")


def test_messages_that_are_not_ours_are_left_alone(number, waiting):
    assert not status(number, "delivered", wamid="wamid.OTHER")


def test_a_webhook_that_is_faster_than_the_reply_comes_again(number, waiting):
    PermissionRequest.objects.update(status="sending", wa_message_id="")

    with pytest.raises(message_statuses.NotSentYet):
        status(number, "failed", code=131026)
