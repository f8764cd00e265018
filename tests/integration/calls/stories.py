"""Short words for stories about one call."""

from calls import operations
from calls.domain import events
from tests.factories import after


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
