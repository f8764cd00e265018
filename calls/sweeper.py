"""What must happen without anybody ringing: timers, lost bells, dead executors, dead workers.

Needs no broker: it carries the commands out itself. Every pass is idempotent and several
sweepers may run. Other rooms add their passes with `add_pass`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from uuid import UUID

from django.db import DatabaseError, close_old_connections, connection
from django.db.models import Q

from calls import (
    asking,
    call_buttons,
    dialing,
    executor,
    idempotency,
    lines,
    media_workers,
    number_details,
    number_health,
    number_settings,
    operations,
    permission_checks,
    prompts,
    provider_files,
    queries,
)
from calls.dial_lists import engine
from calls.domain.vocabulary import CommandStatus, Signaling
from calls.models import Call, CallCommand, Heartbeat

logger = logging.getLogger(__name__)

Pass = Callable[[datetime], int]

#: A command whose bell was rung is normally claimed within milliseconds.
BELL_SECONDS = 0.3
#: How many calls one turn looks at; the rest waits half a second.
BATCH = 200
DRAIN_THREADS = 8
RECONCILE_EVERY = timedelta(seconds=5)
MEASURE_EVERY = timedelta(seconds=5)
FETCH_EVERY = timedelta(seconds=5)
LEARN_EVERY = timedelta(minutes=5)

_passes: dict[str, Pass] = {}


def add_pass(name: str, run: Pass, *, is_slow: bool = False) -> None:
    """Register a pass that every turn calls with the time; it returns how much it did.

    A slow one gets a thread of its own; a turn then tells of the turn before.
    """
    _passes[name] = Apart(name, run) if is_slow else run


def run_once(now: datetime) -> int:
    """Run all passes; a failing one is logged and never stops the others. Return the work done."""
    done = 0
    for name, run in _passes.items():
        try:
            done += run(now)
        except DatabaseError as error:
            logger.warning("sweep %s: the database refuses: %s", name, type(error).__name__)
            close_old_connections()
        except Exception:  # a defect in one pass must not stop the deadlines
            logger.exception("sweep %s failed", name)
    return done


def wake_due(now: datetime) -> int:
    """Apply the timers that are due."""
    due = Q(deadline_at__lte=now) | Q(answer_at__lte=now) | Q(media_due_at__lte=now)
    live = Call.objects.exclude(signaling=Signaling.ENDED).filter(due)
    ids = list(live.order_by("deadline_at").values_list("pk", flat=True)[:BATCH])
    for call_id in ids:
        operations.wake(call_id=call_id, now=now)
    return len(ids)


def recover_stale(now: datetime) -> int:
    """Settle commands whose executor died."""
    before = now - timedelta(seconds=executor.STALE_SECONDS)
    stale = CallCommand.objects.filter(status=CommandStatus.RUNNING, claimed_at__lte=before)
    commands = list(stale.select_related("call")[:BATCH])
    for command in commands:
        try:
            executor.recover(command, now)
        except DatabaseError as error:  # one call that is held up must not hold up the others
            logger.warning("command %s: not settled yet: %s", command.pk, type(error).__name__)
    return len(commands)


class Drainer:
    """Carries out commands that no bell was heard for, a few calls at a time."""

    def __init__(self, threads: int = DRAIN_THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sweep")
        self._busy: set[UUID] = set()
        self._lock = Lock()

    def __call__(self, now: datetime) -> int:
        unheard = queries.list_startable().filter(
            not_before__lte=now - timedelta(seconds=BELL_SECONDS)
        )
        waiting = unheard.order_by("not_before").values_list("call_id", flat=True)[:BATCH]
        started = 0
        for call_id in dict.fromkeys(waiting):
            with self._lock:
                if call_id in self._busy:
                    continue
                self._busy.add(call_id)
            self._pool.submit(self._drain, call_id)
            started += 1
        return started

    def _drain(self, call_id: UUID) -> None:
        try:
            executor.drain(call_id)
        except Exception:  # the row stays and is swept again
            logger.exception("draining call %s failed", call_id)
        finally:
            connection.close()
            with self._lock:
                self._busy.discard(call_id)

    def close(self) -> None:
        """Finish what runs, start nothing more."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class Seldom:
    """Runs a pass at most once in `every`."""

    def __init__(self, run: Pass, every: timedelta) -> None:
        self._run = run
        self._every = every
        self._next: datetime | None = None

    def __call__(self, now: datetime) -> int:
        if self._next is not None and now < self._next:
            return 0
        self._next = now + self._every
        return self._run(now)


class Apart:
    """Runs a slow pass in a thread of its own, so that the deadlines of calls do not wait."""

    def __init__(self, name: str, run: Pass) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix=f"sweep {name}")
        self._run = run
        self._turn: Future[int] | None = None

    def __call__(self, now: datetime) -> int:
        if self._turn is not None and not self._turn.done():
            return 0
        finished, self._turn = self._turn, self._pool.submit(self._sweep, now)
        return finished.result() if finished is not None else 0

    def _sweep(self, now: datetime) -> int:
        try:
            return self._run(now)
        finally:
            connection.close()


def beat(now: datetime) -> int:
    """Say that the sweeper is alive."""
    Heartbeat.objects.update_or_create(name="sweeper", defaults={"at": now})
    return 0


def install() -> Drainer:
    """Register the passes of this room; return the drainer, to be closed at the end."""
    drainer = Drainer()
    add_pass("timers", wake_due)
    add_pass("waiting calls", dialing.look_again)
    add_pass("dial lists", engine.sweep, is_slow=True)
    add_pass("permissions", Seldom(dialing.expire, timedelta(seconds=1)))
    add_pass("permission requests", asking.sweep, is_slow=True)
    add_pass("tokens", lines.probe, is_slow=True)
    add_pass("permission checks", permission_checks.sweep, is_slow=True)
    add_pass("idempotency keys", Seldom(idempotency.forget, timedelta(minutes=1)))
    add_pass("number incidents", Seldom(number_health.expire, timedelta(seconds=1)))
    add_pass("number details", Seldom(number_details.learn, LEARN_EVERY), is_slow=True)
    add_pass("number settings", number_settings.sweep, is_slow=True)
    add_pass("call buttons", call_buttons.sweep, is_slow=True)
    add_pass("files of Meta", Seldom(provider_files.sweep, FETCH_EVERY), is_slow=True)
    add_pass("stale commands", recover_stale)
    add_pass("pending commands", drainer)
    add_pass("leases", Seldom(media_workers.check_leases, timedelta(seconds=1)))
    add_pass("sessions", Seldom(media_workers.reconcile, RECONCILE_EVERY))
    add_pass("ring prompts", Seldom(prompts.measure, MEASURE_EVERY), is_slow=True)
    add_pass("heartbeat", Seldom(beat, timedelta(seconds=1)))
    return drainer
