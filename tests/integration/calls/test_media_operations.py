"""The door to a call's audio: what is written down when somebody asks for an operation."""

import threading
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from calls import media_operations, operations
from calls.domain import events
from calls.models import Call, CallCommand, MediaOperation
from tests.factories import T0, after, hung_up, make_call, make_number, receive
from tests.integration.calls.stories import answered, apply, kinds, pre_accepted

pytestmark = pytest.mark.django_db

MENU = {"source": {"prompt": "menu.wav"}}
ID = UUID("0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e")


@pytest.fixture
def call():
    return answered(make_call(make_number()))


def operate(call, kind="play", options=None, seconds=2.0, operation_id=None):
    return media_operations.operate(
        call_id=call.pk,
        kind=kind,
        options=MENU if options is None else options,
        by="api:crm",
        now=after(seconds),
        operation_id=operation_id,
    )


def command(operation, verb, options=None, seconds=3.0):
    return media_operations.command(
        operation_id=operation.pk,
        verb=verb,
        options=options or {},
        by="api:crm",
        now=after(seconds),
    )


def operation_commands(call):
    rows = call.commands.filter(operation__isnull=False).order_by("pk")
    return list(rows.values_list("kind", "verb", "status"))


def started(operation, seconds=3.0):
    event = events.OperationStarted(
        operation_id=str(operation.pk), operation=operation.kind, occurred_at=after(seconds)
    )
    return told(operation, event)


def finished(operation, cause="completed", seconds=4.0, **result):
    event = events.OperationFinished(
        operation_id=str(operation.pk),
        operation=operation.kind,
        cause=cause,
        result=result,
        occurred_at=after(seconds),
    )
    return told(operation, event)


def told(operation, event):
    apply(operation.call, event)
    operation.refresh_from_db()
    return operation.state, operation.cause


class TestRequest:
    def test_row_command_and_event_are_written_together(self, call):
        operation = operate(call, operation_id=ID)

        assert (operation.pk, operation.kind, operation.state) == (ID, "play", "queued")
        assert (operation.options, operation.requested_by) == (MENU, "api:crm")
        assert operation_commands(call) == [("start_operation", "", "pending")]
        event = call.events.get(sequence=operation.sequence)
        assert event.kind == "operation_requested"
        assert event.data == {
            "by": "api:crm",
            "source": "business",
            "operation_id": str(ID),
            "operation": "play",
        }

    def test_the_same_words_again_change_nothing(self, call):
        first = operate(call, operation_id=ID)
        again = operate(call, operation_id=ID, seconds=9)

        assert (again.pk, again.created_at) == (first.pk, after(2))
        assert kinds(call).count("operation_requested") == 1
        assert CallCommand.objects.filter(kind="start_operation").count() == 1

    def test_the_same_words_are_known_when_the_call_is_over(self, call):
        operate(call, operation_id=ID)
        receive(call.phone_number, hung_up())

        assert operate(call, operation_id=ID).state == "finished"

    @pytest.mark.parametrize(
        ("kind", "options"), [("hold", {}), ("play", {"source": {"tone": "beep"}})]
    )
    def test_other_words_under_a_known_id_are_a_conflict(self, call, kind, options):
        operate(call, operation_id=ID)

        with pytest.raises(media_operations.OperationConflict):
            operate(call, kind, options, operation_id=ID)

    def test_an_id_of_another_call_is_a_conflict(self, call):
        operate(call, operation_id=ID)
        other = answered(make_call(call.phone_number, "wacid.B"))

        with pytest.raises(media_operations.OperationConflict):
            operate(other, operation_id=ID)

    @pytest.mark.parametrize(
        ("kind", "options", "parameter"),
        [
            ("dance", {}, "kind"),
            ("play", {}, "options.source"),
            ("gather", {"max_digits": 0}, "options.max_digits"),
            ("play", {"source": {"prompt": "a\0b"}}, "options"),
            ("play", {"source": {"prompt": "\ud800"}}, "options"),
        ],
    )
    def test_what_is_wrong_is_named_at_once(self, call, kind, options, parameter):
        with pytest.raises(media_operations.InvalidOperation) as caught:
            operate(call, kind, options)

        assert caught.value.parameter == parameter
        assert not MediaOperation.objects.exists()

    def test_text_that_only_looks_like_a_nul_is_kept(self, call):
        options = {"source": {"prompt": "\\u0000"}}

        assert MediaOperation.objects.get(pk=operate(call, "play", options).pk).options == options

    def test_what_whatsapp_has_no_way_for_is_said_at_once(self, call):
        with pytest.raises(media_operations.NotSupported, match="another user of WhatsApp"):
            operate(call, "refer", {})

    def test_a_call_that_is_over_takes_none(self, call):
        receive(call.phone_number, hung_up())

        with pytest.raises(media_operations.UnableToOperate) as caught:
            operate(call)

        assert caught.value.status == "completed"

    def test_an_unknown_call(self):
        with pytest.raises(Call.DoesNotExist):
            operate(Call(pk=uuid4()))

    def test_a_call_has_a_bounded_number_of_operations_under_way(self, call, monkeypatch):
        monkeypatch.setattr(media_operations, "MAX_LIVE", 2)
        first, _ = operate(call), operate(call)

        with pytest.raises(media_operations.TooManyOperations):
            operate(call)

        finished(first)
        CallCommand.objects.update(status="done")
        assert operate(call).state == "queued"

    def test_the_database_knows_no_other_states(self, call):
        operation = operate(call)
        for columns in ({"state": "odd"}, {"state": "finished"}, {"finished_at": T0}):
            with pytest.raises(IntegrityError), transaction.atomic():
                MediaOperation.objects.filter(pk=operation.pk).update(**columns)


class TestVerbs:
    def test_verbs_follow_each_other_in_order(self, call):
        operation = operate(call)
        CallCommand.objects.filter(kind="start_operation").update(status="done")
        for verb in ("pause", "resume", "pause"):
            command(operation, verb)
        command(operation, "update", {"volume_db": -6})

        commands = [(verb, status) for _, verb, status in operation_commands(call)[1:]]
        assert commands == [
            ("pause", "pending"),
            ("resume", "pending"),
            ("pause", "pending"),
            ("update", "pending"),
        ]
        last = call.commands.get(verb="update")
        assert (last.options, last.operation_id) == ({"volume_db": -6}, operation.pk)
        assert kinds(call).count("operation_commanded") == 4

    def test_it_is_stopped_once(self, call):
        operation = operate(call)
        CallCommand.objects.filter(kind="start_operation").update(status="running", attempts=1)

        command(operation, "stop")
        command(operation, "stop")
        command(operation, "pause")

        assert operation_commands(call)[1:] == [("command_operation", "stop", "pending")]

    def test_a_stop_that_failed_can_be_asked_for_again(self, call):
        operation = operate(call)
        CallCommand.objects.update(status="done")
        command(operation, "stop")
        call.commands.filter(verb="stop").update(status="failed")

        command(operation, "stop")

        assert call.commands.filter(verb="stop").count() == 2

    def test_what_was_never_sent_is_withdrawn(self, call):
        operation = operate(call)
        command(operation, "pause")

        stopped = command(operation, "stop")

        assert (stopped.state, stopped.cause) == ("finished", "stopped")
        assert {status for *_, status in operation_commands(call)} == {"canceled"}
        assert kinds(call)[-2:] == ["operation_commanded", "operation_finished"]

    def test_what_may_have_been_sent_is_stopped_at_the_media_worker(self, call):
        operation = operate(call)
        CallCommand.objects.filter(kind="start_operation").update(attempts=1)

        assert command(operation, "stop").state == "queued"
        assert operation_commands(call)[-1] == ("command_operation", "stop", "pending")

    def test_one_that_is_over_stays_as_it_is(self, call):
        operation = operate(call)
        finished(operation, played_ms=80)

        late = command(operation, "stop")

        assert (late.state, late.cause, late.result) == ("finished", "completed", {"played_ms": 80})
        assert kinds(call)[-1] == "operation_finished"

    @pytest.mark.parametrize("verb", ["", "Stop", "a" * 33, "st op", "stop\n"])
    def test_what_cannot_be_a_verb_is_refused(self, call, verb):
        with pytest.raises(media_operations.InvalidOperation) as caught:
            command(operate(call), verb)

        assert caught.value.parameter == "verb"

    def test_verbs_are_bounded_too(self, call, monkeypatch):
        operation = operate(call)
        monkeypatch.setattr(media_operations, "MAX_LIVE", 3)
        command(operation, "pause")
        command(operation, "resume")

        with pytest.raises(media_operations.TooManyOperations):
            command(operation, "pause")

    def test_an_unknown_operation(self):
        with pytest.raises(MediaOperation.DoesNotExist):
            command(MediaOperation(pk=ID), "stop")


class TestWhatIsTold:
    def test_a_whole_life(self, call):
        operation = operate(call, "gather", {})

        assert started(operation) == ("running", "")
        assert finished(operation, "completed", digits="12") == ("finished", "completed")
        assert (operation.started_at, operation.finished_at) == (after(3), after(4))
        assert operation.result == {"digits": "12"}

    def test_an_end_is_told_once(self, call):
        operation = operate(call)
        finished(operation, "stopped", 4, played_ms=40)

        assert finished(operation, "completed", 5) == ("finished", "stopped")
        assert started(operation, 6) == ("finished", "stopped")
        assert (operation.finished_at, operation.result) == (after(4), {"played_ms": 40})

    def test_a_failure_has_a_message(self, call):
        operation = operate(call)
        event = events.OperationFailed(
            operation_id=str(operation.pk), operation="play", cause="source", message="no reply"
        )

        assert told(operation, event) == ("failed", "source")
        assert operation.message == "no reply"

    @pytest.mark.parametrize("state", ["paused", "running"])
    def test_a_verb_changes_the_state(self, call, state):
        operation = operate(call)
        change = {"operation_id": str(operation.pk), "operation": "play", "verb": "pause"}

        assert told(operation, events.OperationChanged(**change, state=state)) == (state, "")
        assert told(operation, events.OperationChanged(**change, state="new word"))[0] == state
        finished(operation)
        assert told(operation, events.OperationChanged(**change, state="paused"))[0] == "finished"

    @pytest.mark.parametrize("operation_id", ["nonsense", "69713035-490d-41f0-af69-17330f669edc"])
    def test_an_event_of_an_unknown_operation_is_only_on_the_timeline(self, call, operation_id):
        apply(call, events.OperationStarted(operation_id=operation_id, operation="record"))
        apply(
            call,
            events.OperationFinished(operation_id=operation_id, operation="x", cause="stopped"),
        )

        assert kinds(call)[-2:] == ["operation_started", "operation_finished"]
        assert not call.recordings.exists()

    def test_what_is_observed_stands_under_its_own_word(self, call):
        apply(call, events.MediaObserved(what="speech_started", details={"level": -30}))

        event = call.events.get(kind="speech_started")
        assert event.data == {"details": {"level": -30}}


class TestTheEndOfTheCall:
    def test_all_that_goes_on_ends_with_it(self, call):
        running, waiting = operate(call), operate(call)
        started(running)
        operations.hang_up(call_id=call.pk, by="x", now=after(5))

        rows = MediaOperation.objects.order_by("sequence").values_list("state", "cause")
        assert list(rows) == [("finished", "hung_up"), ("finished", "hung_up")]
        assert {status for *_, status in operation_commands(call)} == {"canceled"}
        waiting.refresh_from_db()
        assert waiting.finished_at == after(5)

    def test_what_the_media_worker_says_of_the_end_counts(self, call):
        operation = operate(call, "gather", {})
        started(operation)
        receive(call.phone_number, hung_up())

        assert finished(operation, "completed", 4, digits="7") == ("finished", "completed")
        assert (operation.result, operation.finished_at) == ({"digits": "7"}, after(4))

    def test_a_verb_for_it_is_too_late(self, call):
        operation = operate(call)
        receive(call.phone_number, hung_up())

        assert command(operation, "stop").cause == "hung_up"


class TestBeforeTheAnswer:
    def test_a_ringing_call_keeps_the_command_for_as_long_as_it_may_ring(self):
        call = pre_accepted(make_call(make_number(answer_policy="manual")))
        operate(call)

        start = call.commands.get(kind="start_operation")
        assert start.deadline_at == after(25 + 15 + 15)

    def test_it_ends_with_a_call_that_nobody_answered(self):
        call = make_call(make_number(answer_policy="manual"))
        operation = operate(call)
        receive(call.phone_number, hung_up())

        operation.refresh_from_db()
        assert (operation.state, operation.cause) == ("finished", "hung_up")


class TestRecordings:
    def test_a_recording_that_was_asked_for_has_a_row_once_it_runs(self, call):
        operation = operate(call, "record", {})
        assert not call.recordings.exists()
        started(operation)

        assert call.recordings.get().pk == operation.pk
        event = events.RecordingFinished(
            recording_id=str(operation.pk), path="a.opus", duration_ms=900, size_bytes=5
        )
        apply(call, event)
        recording = call.recordings.get()
        assert (recording.status, recording.path) == ("completed", "a.opus")

    def test_it_is_found_when_only_its_end_is_told(self, call):
        operation = operate(call, "record", {})
        apply(call, events.RecordingFinished(recording_id=str(operation.pk), path="a.opus"))

        assert call.recordings.get().path == "a.opus"

    def test_other_kinds_have_none(self, call):
        operation = operate(call)
        apply(call, events.RecordingFinished(recording_id=str(operation.pk), path="a.opus"))

        assert not call.recordings.exists()


@pytest.mark.django_db(transaction=True)
def test_of_the_same_request_twice_at_once_one_is_made():
    call = answered(make_call(make_number()))
    start = threading.Barrier(2)
    made = []

    def ask():
        connection.ensure_connection()
        start.wait(timeout=5)
        made.append(operate(call, operation_id=ID).pk)
        connection.close()

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=15)

    assert made == [ID, ID]
    assert MediaOperation.objects.count() == 1
    assert call.commands.filter(kind="start_operation").count() == 1
