"""Operations on their way to the media worker: in order, repeated, refused, too late."""

import pytest
import time_machine
from django.utils import timezone

from calls import executor, media_operations, operations, sweeper
from calls.domain import events
from calls.models import CallCommand, MediaOperation, MediaSession
from sdp.media.client import MediaError
from sdp.media.messages import MediaErrorCode
from tests.factories import T0, after, hung_up, make_call, make_number, make_worker, receive

pytestmark = pytest.mark.django_db(transaction=True)

TONE = {"source": {"tone": "beep"}}


@pytest.fixture
def clock():
    with time_machine.travel(T0, tick=False) as traveller:
        yield traveller


@pytest.fixture
def ringing(clock, fake_graph, fake_media):
    make_worker()
    call = make_call(make_number(greeting=""))
    executor.drain(call.pk)
    return call


@pytest.fixture
def call(ringing):
    return answer(ringing)


def answer(call):
    operations.apply(call_id=call.pk, event=events.MediaConnected(), now=timezone.now())
    executor.drain(call.pk)
    call.refresh_from_db()
    assert call.signaling == "answered"
    return call


def operate(call, kind="play", options=None):
    return media_operations.operate(
        call_id=call.pk,
        kind=kind,
        options=TONE if options is None else options,
        by="api:crm",
        now=timezone.now(),
    )


def command(operation, verb, options=None):
    return media_operations.command(
        operation_id=operation.pk, verb=verb, options=options or {}, by="x", now=timezone.now()
    )


def drain(call, clock=None, seconds=0.0):
    if clock is not None:
        clock.move_to(after(seconds))
    executor.drain(call.pk)


def refused(code=None, message="cannot connect"):
    return MediaError(message, code=code, sent=code is not None)


def statuses(call):
    rows = call.commands.filter(operation__isnull=False).order_by("pk")
    return list(rows.values_list("status", flat=True))


def last_event(call):
    event = call.events.order_by("-sequence").first()
    return event.kind, event.data


def state(operation):
    operation.refresh_from_db()
    return operation.state, operation.cause


def test_it_is_asked_for_with_its_own_id(call, fake_media):
    operation = operate(call)
    drain(call)

    request, _ = fake_media.operations[str(operation.pk)]
    assert (request.epoch, request.kind, request.options) == (1, "play", TONE)
    assert statuses(call) == ["done"]
    assert state(operation) == ("queued", "")  # the media worker's event says when it begins


def test_verbs_come_behind_it_and_change_its_state(call, fake_media):
    operation = operate(call)
    command(operation, "pause")
    drain(call)
    assert state(operation) == ("paused", "")
    assert last_event(call)[1]["verb"] == "pause"

    command(operation, "update", {"volume_db": -6})
    command(operation, "stop")
    drain(call)

    assert fake_media.carried_out == ["play", "pause", "update {'volume_db': -6}", "stop"]
    assert state(operation) == ("running", "")  # its end is the media worker's to tell
    assert last_event(call)[0] == "operation_changed"


def test_what_is_asked_while_it_rings_waits_for_the_answer(ringing, fake_media):
    operate(ringing)
    drain(ringing)
    sweeper.Drainer()(timezone.now())
    assert fake_media.carried_out == []

    answer(ringing)

    assert fake_media.started  # first of all
    assert fake_media.carried_out == ["play"]


def test_nothing_begins_before_the_start_of_media_is_through(ringing, fake_media, clock):
    fake_media.refuse_start = [refused()]
    operate(ringing)
    answer(ringing)
    assert fake_media.carried_out == []

    drain(ringing, clock, 1)

    assert fake_media.started
    assert fake_media.carried_out == ["play"]


def test_the_next_one_does_not_overtake_one_that_is_tried_again(call, fake_media, clock):
    fake_media.refuse_operation = [refused()]
    operate(call)
    operate(call, "hold", {})
    drain(call)
    assert fake_media.carried_out == []
    assert statuses(call) == ["pending", "pending"]

    drain(call, clock, 1)

    assert fake_media.carried_out == ["play", "hold"]


def test_a_hang_up_overtakes_all_of_them(call, fake_media, fake_graph, clock):
    fake_media.refuse_operation = [refused()]
    operations_ = [operate(call) for _ in range(3)]
    drain(call)

    operations.hang_up(call_id=call.pk, by="x", now=timezone.now())
    drain(call)

    assert fake_graph.actions[-1] == "terminate"
    assert fake_media.carried_out == []
    assert statuses(call) == ["canceled"] * 3
    assert {state(one) for one in operations_} == {("finished", "hung_up")}


def test_a_worker_that_stays_away_is_asked_until_the_deadline(call, fake_media, clock):
    fake_media.is_reachable = False
    operation = operate(call)
    for seconds in range(0, 20):
        drain(call, clock, seconds)

    assert state(operation) == ("failed", "media_unavailable")
    assert operation.message == "cannot connect"
    assert call.commands.get(operation=operation).attempts > 3
    call.refresh_from_db()
    assert call.signaling == "answered"  # it is nothing to the call


def test_a_command_that_nobody_claimed_in_time_fails(call, clock):
    operation = operate(call)
    drain(call, clock, 16)

    assert state(operation) == ("failed", "deadline")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (MediaErrorCode.BAD_REQUEST, "options.source.url: it has no public address"),
        (MediaErrorCode.NO_SUCH_PROMPT, "there is no such prompt"),
        (MediaErrorCode.NOT_SUPPORTED, "not supported: this peer takes no telephone-events"),
        (MediaErrorCode.CONFLICT, "same operation_id, other words"),
        (MediaErrorCode.NO_SUCH_SESSION, "no such session"),
        (MediaErrorCode.STALE_EPOCH, "a newer owner has opened this session"),
    ],
)
def test_a_refusal_is_final_and_says_why(call, fake_media, code, message):
    fake_media.refuse_operation = [refused(code, message)]
    operation = operate(call)
    after_it = operate(call, "hold", {})
    drain(call)

    assert state(operation) == ("failed", code)
    assert operation.message == message
    assert fake_media.carried_out == ["hold"]
    assert state(after_it) == ("queued", "")
    assert call.events.filter(kind="operation_failed").count() == 1
    call.refresh_from_db()
    assert call.signaling == "answered"


@pytest.mark.parametrize("code", [MediaErrorCode.OVERLOADED, MediaErrorCode.DRAINING])
def test_a_busy_worker_is_asked_again(call, fake_media, clock, code):
    fake_media.refuse_operation = [refused(code, "busy")]
    operate(call)
    drain(call)
    drain(call, clock, 1)

    assert fake_media.carried_out == ["play"]


def test_a_verb_that_is_refused_leaves_it_running(call, fake_media):
    operation = operate(call, "hold", {})
    fake_media.refuse_operation = [
        None,
        refused(MediaErrorCode.BAD_REQUEST, "verb: hold has no 'dance'"),
    ]
    command(operation, "dance")
    drain(call)

    kind, data = last_event(call)
    assert (kind, data["cause"]) == ("operation_refused", "bad_request")
    assert data["message"] == "verb: hold has no 'dance'"
    assert state(operation) == ("queued", "")
    assert statuses(call) == ["done", "failed"]


def test_a_stop_that_loses_against_the_natural_end_is_no_failure(call, fake_media):
    operation = operate(call)
    drain(call)
    command(operation, "stop")
    finish(operation, "completed")
    fake_media.refuse_operation = [refused(MediaErrorCode.NO_SUCH_OPERATION, "no such operation")]
    drain(call)

    assert state(operation) == ("finished", "completed")
    assert last_event(call)[0] == "operation_finished"


def test_a_refusal_that_comes_after_the_end_of_the_call_changes_nothing(call, fake_media):
    operation = operate(call)

    def hang_up_meanwhile(*_):
        receive(call.phone_number, hung_up())
        raise refused(MediaErrorCode.NO_SUCH_SESSION)

    fake_media.start_operation = hang_up_meanwhile
    drain(call)

    assert state(operation) == ("finished", "hung_up")
    assert not call.events.filter(kind="operation_failed").exists()


def test_an_executor_that_died_is_followed_by_another(call, fake_media, clock):
    operate(call)
    CallCommand.objects.filter(kind="start_operation").update(
        status="running", attempts=1, claimed_at=T0
    )
    clock.move_to(after(8))
    sweeper.recover_stale(timezone.now())
    drain(call, clock, 9)

    assert fake_media.carried_out == ["play"]


def test_a_call_without_audio_has_nowhere_to_play(call):
    MediaSession.objects.all().delete()
    operation = operate(call)
    drain(call)

    assert state(operation) == ("failed", "worker_lost")


def finish(operation, cause):
    event = events.OperationFinished(
        operation_id=str(operation.pk), operation=operation.kind, cause=cause
    )
    operations.apply(call_id=operation.call_id, event=event, now=timezone.now())


def test_an_operation_that_ended_before_its_verb_was_sent_hears_no_verb(call, fake_media):
    operation = operate(call)
    drain(call)
    command(operation, "pause")
    MediaOperation.objects.update(state="finished", cause="completed", finished_at=T0)
    drain(call)

    assert state(operation) == ("finished", "completed")
