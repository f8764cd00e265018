"""What happens without a bell: timers, lost commands, dead executors and dead workers."""

import threading
from datetime import timedelta

import pytest
import time_machine
from django.db import OperationalError

from calls import media_workers, operations, sweeper
from calls.domain import events
from calls.models import CallCommand, Heartbeat, MediaSession, MediaWorker
from sdp.media.client import MediaError
from sdp.media.messages import MediaErrorCode, OpenSession
from tests.factories import T0, after, hung_up, make_call, make_number, make_worker, receive

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def call(fake_graph, fake_media):
    make_worker()
    return make_call(make_number())


@pytest.fixture
def session(call, fake_media):
    return MediaSession.objects.create(
        call=call, worker=call_worker(), boot_id="boot-1", epoch=1, opened_at=T0
    )


def call_worker():
    return MediaWorker.objects.get()


def drain_unheard(now):
    drainer = sweeper.Drainer(threads=1)
    started = drainer(now)
    drainer.close()
    return started


def test_a_command_whose_bell_was_lost_is_carried_out(call, fake_graph):
    with time_machine.travel(after(1), tick=False):
        assert drain_unheard(after(1)) == 1

    assert fake_graph.actions == ["pre_accept"]


def test_a_fresh_command_is_left_to_the_bell(call, fake_graph):
    assert drain_unheard(after(0.2)) == 0
    assert fake_graph.actions == []


def test_due_timers_are_applied(call):
    assert sweeper.wake_due(after(24)) == 0
    assert sweeper.wake_due(after(25)) == 1

    call.refresh_from_db()
    assert call.signaling == "ending"


def test_a_dead_executor_is_noticed(call):
    CallCommand.objects.update(status="running", claimed_at=T0, attempts=1)

    assert sweeper.recover_stale(after(6)) == 0
    assert sweeper.recover_stale(after(6.6)) == 1
    assert CallCommand.objects.get().status == "pending"


class TestLeases:
    def test_a_silent_worker_that_answers_keeps_its_calls(self, call, session):
        assert media_workers.check_leases(after(20)) == 0

        call.refresh_from_db()
        assert call.signaling == "answering"
        assert call_worker().heartbeat_at == after(20)

    def test_a_dead_worker_loses_its_calls(self, call, session, fake_media):
        fake_media.is_reachable = False

        assert media_workers.check_leases(after(7)) == 0
        assert media_workers.check_leases(after(8)) == 1

        call.refresh_from_db()
        assert (call.signaling, call.hangup_cause) == ("ending", "worker_lost")
        assert media_workers.check_leases(after(9)) == 0

    def test_no_new_call_goes_to_a_silent_or_draining_worker(self, call):
        assert [w.url for w in media_workers.list_live(after(1))] == ["http://media.test"]
        assert media_workers.list_live(after(9)) == []

    def test_the_least_loaded_comes_first(self, call, session, settings):
        make_worker(url="http://other.test")
        settings.MEDIA_WORKER_URLS = ("http://media.test", "http://other.test")

        assert [w.url for w in media_workers.list_live(T0)] == [
            "http://other.test",
            "http://media.test",
        ]

    def test_one_call_that_is_held_up_does_not_keep_the_others_alive(
        self, call, session, fake_media, monkeypatch
    ):
        other = make_call(call.phone_number, "wacid.B")
        MediaSession.objects.create(
            call=other, worker=call_worker(), boot_id="boot-1", epoch=1, opened_at=T0
        )
        apply = operations.apply

        def held_up(*, call_id, **words):
            if call_id == call.pk:
                raise OperationalError
            return apply(call_id=call_id, **words)

        monkeypatch.setattr(operations, "apply", held_up)
        fake_media.is_reachable = False

        assert media_workers.check_leases(after(8)) == 1

        other.refresh_from_db()
        assert other.hangup_cause == "worker_lost"
        monkeypatch.setattr(operations, "apply", apply)
        assert media_workers.check_leases(after(9)) == 1

    def test_what_an_earlier_life_held_is_found_later_too(self, call, session):
        worker = call_worker()
        worker.boot_id = "boot-2"
        worker.save()

        assert media_workers.check_leases(after(1)) == 1


class TestReconciling:
    def hold(self, fake_media, call_id, epoch=1):
        fake_media.opened[call_id] = OpenSession(call_id=call_id, epoch=epoch, offer="v=0")

    def keep_alive(self, now):
        worker = call_worker()
        worker.heartbeat_at = now
        worker.save()

    def test_a_session_of_nobody_is_closed(self, call, session, fake_media):
        self.hold(fake_media, "stranger")
        self.hold(fake_media, str(call.pk))

        assert media_workers.reconcile(after(1)) == 1
        assert fake_media.closed == ["stranger"]

    def test_a_session_of_an_older_epoch_is_closed(self, call, session, fake_media):
        self.hold(fake_media, str(call.pk), epoch=0)

        assert media_workers.reconcile(after(1)) == 1
        assert fake_media.closed == [str(call.pk)]

    def test_a_session_of_a_call_that_is_over_is_closed(self, call, session, fake_media):
        self.hold(fake_media, str(call.pk))
        receive(call.phone_number, hung_up(), now=after(1))
        self.keep_alive(after(20))

        assert media_workers.reconcile(after(5)) == 0
        assert media_workers.reconcile(after(20)) == 1

    def test_a_live_call_without_session_is_ended(self, call, session, fake_media):
        call.local_sdp = "v=0"
        call.save()
        self.keep_alive(after(11))

        assert media_workers.reconcile(after(9)) == 0
        assert media_workers.reconcile(after(11)) == 1

        call.refresh_from_db()
        assert call.hangup_cause == "worker_lost"

    def test_an_answered_call_whose_session_was_closed_is_ended(self, call, session, fake_media):
        operations.apply(call_id=call.pk, event=events.AnswerReady(sdp="v=0"), now=T0)
        for event in (events.PreAccepted(), events.MediaConnected(), events.Accepted()):
            operations.apply(call_id=call.pk, event=event, now=T0)
        operations.apply(call_id=call.pk, event=events.MediaStopped(), now=T0)

        assert media_workers.reconcile(after(9)) == 0
        assert media_workers.reconcile(after(11)) == 1

        call.refresh_from_db()
        assert (call.signaling, call.hangup_cause) == ("ending", "worker_lost")

    def test_a_close_that_is_refused_does_not_stop_the_rest(
        self, call, session, fake_media, monkeypatch
    ):
        self.hold(fake_media, "stranger")

        def refuse(*_):
            raise MediaError("stale", code=MediaErrorCode.STALE_EPOCH, sent=True)

        monkeypatch.setattr(fake_media, "close_session", refuse)

        assert media_workers.reconcile(after(1)) == 0

    def test_an_unreachable_worker_is_the_leases_business(self, call, session, fake_media):
        fake_media.is_reachable = False

        assert media_workers.reconcile(after(1)) == 0


class TestPasses:
    @pytest.fixture(autouse=True)
    def _own_passes(self, monkeypatch):
        monkeypatch.setattr(sweeper, "_passes", {})

    def test_a_failing_pass_does_not_stop_the_others(self):
        def broken(now):
            raise ZeroDivisionError

        def refused(now):
            raise OperationalError

        sweeper.add_pass("broken", broken)
        sweeper.add_pass("refused", refused)
        sweeper.add_pass("good", lambda now: 3)

        assert sweeper.run_once(T0) == 3

    def test_a_slow_pass_does_not_keep_the_turn_waiting(self):
        release, turns = threading.Event(), []

        def slow(now):
            turns.append(now)
            release.wait(5)
            return 7

        sweeper.add_pass("slow", slow, is_slow=True)

        assert sweeper.run_once(after(0)) == 0
        assert sweeper.run_once(after(1)) == 0
        release.set()
        done = [sweeper.run_once(after(2))]
        while not any(done) and len(done) < 10_000:
            done.append(sweeper.run_once(after(3)))

        assert max(done) == 7
        assert turns[0] == after(0)

    def test_a_seldom_pass_keeps_its_distance(self):
        seldom = sweeper.Seldom(lambda now: 1, timedelta(seconds=5))

        assert [seldom(after(s)) for s in (0, 1, 5, 6)] == [1, 0, 1, 0]

    def test_the_whole_sweep_runs(self, call):
        drainer = sweeper.install()
        try:
            sweeper.run_once(after(0.1))
        finally:
            drainer.close()

        assert Heartbeat.objects.get(name="sweeper").at == after(0.1)
