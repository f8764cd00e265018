"""Commands on their way: claimed once, sent outside transactions, repeated only where safe."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from calls import executor, graph, media_workers, operations
from calls.domain import events
from calls.domain.vocabulary import CommandKind, CommandStatus, HangupCause
from calls.graph import GraphError, Verdict
from calls.models import CallCommand, MediaSession
from sdp.media.client import MediaError
from sdp.media.messages import MediaErrorCode
from tests.factories import T0, after, hung_up, make_call, make_number, make_worker, receive
from tests.fakes import ANSWER

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    with time_machine.travel(T0, tick=False) as traveller:
        yield traveller


@pytest.fixture
def call(clock, fake_graph, fake_media):
    make_worker()
    return make_call(make_number())


def error(verdict, cause=HangupCause.NETWORK_ERROR, code=None):
    meta = events.ProviderError(code=code, message="no") if code else None
    return GraphError(verdict, cause, "scripted", error=meta)


def drain(call, clock=None, seconds=None):
    if clock is not None:
        clock.move_to(after(seconds))
    executor.drain(call.pk)
    call.refresh_from_db()
    return call


def connect(call):
    operations.apply(call_id=call.pk, event=events.MediaConnected(), now=timezone.now())


def statuses(call):
    return dict(call.commands.values_list("kind", "status"))


def test_a_call_is_answered_with_the_same_sdp_twice(call, fake_graph, fake_media):
    drain(call)
    assert fake_graph.actions == ["pre_accept"]

    connect(call)
    drain(call)

    assert fake_graph.actions == ["pre_accept", "accept"]
    bodies = [json.loads(body) for body in fake_graph.bodies]
    assert bodies[0]["session"] == bodies[1]["session"] == {"sdp_type": "answer", "sdp": ANSWER}
    assert bodies[1]["call_id"] == "wacid.A"
    assert (call.signaling, call.status) == ("answered", "in_progress")
    started = fake_media.started[str(call.pk)]
    assert started.playback.prompt == "greeting"
    assert started.recording_id == ""
    assert set(statuses(call).values()) == {"done"}


def test_recording_starts_where_the_number_wants_it(call, fake_media):
    call.phone_number.record_calls = True
    call.phone_number.save()
    drain(call)
    connect(call)

    drain(call)

    assert fake_media.started[str(call.pk)].recording_id == str(call.recordings.get().pk)


def test_a_hangup_terminates_and_closes_the_media(call, fake_graph, fake_media):
    drain(call)
    connect(call)
    drain(call)

    operations.hang_up(call_id=call.pk, by="test", now=timezone.now())
    drain(call)

    assert fake_graph.actions[-1] == "terminate"
    assert (call.status, call.hangup_source) == ("completed", "business")
    assert fake_media.closed == [str(call.pk)]
    assert MediaSession.objects.get().statistics == {"packets_sent": 50}
    assert MediaSession.objects.get().closed_at is not None


def test_inside_a_transaction_nothing_is_carried_out(call):
    with transaction.atomic(), pytest.raises(RuntimeError):
        executor.drain(call.pk)


def test_a_warm_worker_has_its_clients_ready(settings):
    settings.MEDIA_WORKER_URLS = ("http://warm.test",)
    settings.GRAPH_API_URL = "http://warm-graph.test"
    clients = media_workers.client.cache_info().currsize, graph.client.cache_info().currsize

    executor.warm_up()

    assert media_workers.client.cache_info().currsize == clients[0] + 1
    assert graph.client.cache_info().currsize == clients[1] + 1


def test_only_one_executor_claims_a_command(call, fake_graph):
    def rival():
        executor.drain(call.pk)

    fake_graph.on_action["pre_accept"] = rival

    drain(call)

    assert fake_graph.actions == ["pre_accept"]


class TestAccept:
    @pytest.fixture
    def ready(self, call):
        drain(call)
        connect(call)
        return call

    def test_an_unknown_outcome_is_repeated_once_with_the_same_bytes(
        self, ready, fake_graph, clock
    ):
        fake_graph.errors["accept"] = [
            error(Verdict.UNKNOWN),
            error(Verdict.ALREADY_DONE, HangupCause.META_ERROR, 100),
        ]

        drain(ready)
        assert ready.signaling == "accepting"
        drain(ready, clock, 1)

        assert ready.signaling == "answered"
        accepts = [b for b in fake_graph.bodies if b'"accept"' in b]
        assert len(accepts) == 2
        assert accepts[0] == accepts[1]

    def test_an_outcome_that_stays_unknown_is_ended_by_terminate(self, ready, fake_graph, clock):
        fake_graph.errors["accept"] = [error(Verdict.UNKNOWN), error(Verdict.UNKNOWN)]

        drain(ready)
        drain(ready, clock, 1)

        assert fake_graph.actions == ["pre_accept", "accept", "accept", "terminate"]
        assert (ready.status, ready.hangup_cause) == ("failed", "unknown_outcome")
        assert statuses(ready)["accept"] == "unknown"

    def test_what_was_never_sent_is_repeated_while_the_window_is_open(
        self, ready, fake_graph, clock
    ):
        fake_graph.errors["accept"] = [error(Verdict.RETRY)] * 3

        for seconds in (0, 1, 3, 8):
            drain(ready, clock, seconds)

        assert ready.signaling == "answered"

    def test_after_the_window_it_is_too_late(self, ready, fake_graph, clock):
        fake_graph.errors["accept"] = [error(Verdict.RETRY)] * 9
        drain(ready)

        drain(ready, clock, 26)

        assert fake_graph.actions == ["pre_accept", "accept", "terminate"]
        assert ready.hangup_cause == "deadline"

    def test_a_refusal_ends_the_call_with_metas_code(self, ready, fake_graph):
        fake_graph.errors["accept"] = [error(Verdict.GIVE_UP, HangupCause.META_ERROR, 138000)]

        drain(ready)

        assert fake_graph.actions[-1] == "terminate"
        assert (ready.status, ready.error_code) == ("failed", 138000)

    def test_a_call_that_another_app_took_is_left_to_it(self, ready, fake_graph, fake_media):
        fake_graph.errors["accept"] = [error(Verdict.ALREADY_DONE, HangupCause.META_ERROR, 100)]

        drain(ready)

        assert (ready.status, ready.hangup_cause) == ("failed", "answered_elsewhere")
        assert fake_graph.actions == ["pre_accept", "accept"]
        assert fake_media.closed == [str(ready.pk)]

    def test_a_failed_accept_is_not_repeated_once_the_caller_has_hung_up(
        self, ready, fake_graph, clock
    ):
        fake_graph.errors["accept"] = [error(Verdict.UNKNOWN)]
        fake_graph.on_action["accept"] = lambda: receive(
            ready.phone_number, hung_up(), now=timezone.now()
        )

        drain(ready)
        drain(ready, clock, 2)

        assert fake_graph.actions == ["pre_accept", "accept"]
        assert (ready.status, statuses(ready)["accept"]) == ("canceled", "unknown")

    def test_a_failed_accept_is_not_repeated_once_we_want_to_hang_up(
        self, ready, fake_graph, clock
    ):
        fake_graph.errors["accept"] = [error(Verdict.RETRY)]
        fake_graph.on_action["accept"] = lambda: operations.hang_up(
            call_id=ready.pk, by="test", now=timezone.now()
        )

        drain(ready)
        drain(ready, clock, 2)

        assert fake_graph.actions == ["pre_accept", "accept", "terminate"]

    def test_an_executor_that_wakes_late_sends_nothing(self, ready, fake_graph, clock, monkeypatch):
        build = graph.action_body

        def held_up(*args, **kwargs):
            clock.move_to(after(30))
            return build(*args, **kwargs)

        monkeypatch.setattr(graph, "action_body", held_up)

        drain(ready)

        assert "accept" not in fake_graph.actions

    def test_an_executor_that_was_replaced_sends_nothing(self, ready, fake_graph, monkeypatch):
        build = graph.action_body

        def held_up(*args, **kwargs):
            CallCommand.objects.filter(kind="accept").update(attempts=7)
            return build(*args, **kwargs)

        monkeypatch.setattr(graph, "action_body", held_up)

        drain(ready)

        assert fake_graph.actions == ["pre_accept"]

    def test_a_defect_is_settled_at_once(self, ready, fake_graph, clock):
        def defect():
            raise ZeroDivisionError

        fake_graph.on_action["accept"] = defect

        drain(ready)
        drain(ready, clock, 2)

        assert fake_graph.actions == ["pre_accept", "accept", "accept", "terminate"]
        assert ready.hangup_cause == "unknown_outcome"

    def test_a_call_that_is_over_at_meta_is_canceled(self, ready, fake_graph):
        fake_graph.errors["accept"] = [error(Verdict.CALL_OVER)]
        fake_graph.errors["terminate"] = [error(Verdict.CALL_OVER)]

        drain(ready)

        assert (ready.status, statuses(ready)["terminate"]) == ("canceled", "done")

    def test_the_caller_hangs_up_while_we_accept(self, ready, fake_graph, fake_media):
        fake_graph.on_action["accept"] = lambda: receive(
            ready.phone_number, hung_up(), now=timezone.now()
        )

        drain(ready)

        assert ready.status == "canceled"
        assert fake_graph.actions == ["pre_accept", "accept"]
        assert not fake_media.started
        assert fake_media.closed == [str(ready.pk)]

    def test_a_hangup_wish_waits_for_the_running_accept(self, ready, fake_graph):
        fake_graph.on_action["accept"] = lambda: operations.hang_up(
            call_id=ready.pk, by="test", now=timezone.now()
        )

        drain(ready)

        assert fake_graph.actions == ["pre_accept", "accept", "terminate"]
        assert ready.status == "rejected"


class TestPreparing:
    def test_a_bad_offer_is_rejected_with_its_cause(self, call, fake_graph, fake_media):
        fake_media.refuse = MediaError("no m=audio", code=MediaErrorCode.BAD_SDP, sent=True)

        drain(call)

        assert fake_graph.actions == ["reject"]
        assert (call.status, call.hangup_cause) == ("failed", "bad_sdp")

    def test_without_room_the_call_is_rejected_at_once(self, call, fake_graph, fake_media):
        fake_media.refuse = MediaError("full", code=MediaErrorCode.OVERLOADED, sent=True)

        drain(call)

        assert (fake_graph.actions, call.hangup_cause) == (["reject"], "overloaded")

    def test_a_wrong_secret_is_not_called_overload(self, call, fake_graph, fake_media):
        fake_media.refuse = MediaError("bad secret", code=MediaErrorCode.UNAUTHORIZED, sent=True)

        drain(call)

        assert (fake_graph.actions, call.hangup_cause) == (["reject"], "media_unavailable")

    def test_an_executor_that_was_held_up_does_not_move_the_audio(self, call, fake_media):
        drain(call)
        other = make_worker(url="http://other.test")

        assert media_workers.assign(call, other, T0) is None
        assert MediaSession.objects.get().worker.url == "http://media.test"

    def test_a_worker_that_restarted_just_now_keeps_the_session_under_its_new_life(
        self, call, fake_media
    ):
        fake_media.boot_id = "boot-2"

        drain(call)

        assert MediaSession.objects.get().boot_id == "boot-2"

    def test_it_waits_for_a_worker_that_comes_back(self, call, fake_media, clock):
        fake_media.is_reachable = False
        drain(call)
        assert statuses(call)["prepare_answer"] == "pending"

        fake_media.is_reachable = True
        drain(call, clock, 1)

        assert call.signaling == "pre_accepted"

    def test_it_does_not_wait_for_ever(self, call, fake_graph, clock):
        CallCommand.objects.update(deadline_at=T0 - timedelta(seconds=1))

        drain(call)

        assert (fake_graph.actions, call.status) == (["reject"], "failed")

    def test_another_worker_gets_the_next_epoch(self, call, fake_media, settings, clock):
        settings.MEDIA_WORKER_URLS = ("http://media.test", "http://other.test")
        fake_media.is_reachable = False
        drain(call)
        fake_media.is_reachable = True
        make_worker(url="http://other.test", boot_id="boot-2", now=after(1))
        settings.MEDIA_WORKER_URLS = ("http://other.test",)

        drain(call, clock, 1)

        assert fake_media.opened[str(call.pk)].epoch == 2


class TestStartingMedia:
    @pytest.fixture
    def accepted(self, call):
        drain(call)
        connect(call)
        return call

    def test_a_session_that_is_gone_ends_the_call(self, accepted, fake_media, fake_graph):
        fake_media.opened.clear()

        drain(accepted)

        assert fake_graph.actions[-1] == "terminate"
        assert (accepted.status, accepted.hangup_cause) == ("failed", "worker_lost")
        assert accepted.playbacks.get().status == "failed"

    def test_an_unreachable_worker_is_asked_again(self, accepted, fake_media, clock):
        fake_media.refuse_start = [MediaError("down", code=None, sent=False)]

        drain(accepted)
        drain(accepted, clock, 1)

        assert str(accepted.pk) in fake_media.started


class TestEnding:
    def test_a_terminate_that_never_gets_through_ends_unconfirmed(self, call, fake_graph, clock):
        fake_graph.errors["reject"] = [error(Verdict.UNKNOWN)] * 3
        operations.reject(call_id=call.pk, by="test", now=T0)

        for seconds in (0, 1, 3):
            drain(call, clock, seconds)

        assert fake_graph.actions == ["reject"] * 3
        assert call.status == "rejected"
        assert call.events.get(kind="terminated").data["is_confirmed"] is False

    def test_closing_a_worker_that_restarted_is_nothing_to_do(self, call, fake_media):
        drain(call)
        call.media_session.worker.boot_id = "boot-2"
        call.media_session.worker.save()
        receive(call.phone_number, hung_up(), now=timezone.now())

        drain(call)

        assert (fake_media.closed, statuses(call)["close_media"]) == ([], "done")


class TestRecovery:
    @pytest.fixture
    def accepting(self, call):
        drain(call)
        connect(call)
        CallCommand.objects.filter(call=call, kind="accept").update(
            status="running", attempts=1, claimed_at=T0
        )
        return call

    def test_an_accept_whose_executor_died_is_sent_once_more(self, accepting, fake_graph, clock):
        executor.recover(accepting.commands.get(kind="accept"), T0)

        drain(accepting, clock, 2)

        assert accepting.signaling == "answered"
        assert fake_graph.actions.count("accept") == 1

    def test_an_executor_that_was_declared_dead_changes_nothing(self, accepting, clock):
        stale = accepting.commands.get(kind="accept")
        executor.recover(stale, T0)
        drain(accepting, clock, 2)

        failed = events.CommandFailed(command=CommandKind.ACCEPT, cause=HangupCause.UNKNOWN)
        executor._finish(stale, CommandStatus.FAILED, failed, T0)

        accepting.refresh_from_db()
        assert accepting.signaling == "answered"
