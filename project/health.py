"""`/healthz`: this process is up. `/readyz`: can the service as a whole take a call now?

`ready` and `degraded` are answered with 200, `not_ready` with 503. Without the broker or its
worker calls are still answered, a little later, because the sweeper does their work: that is
`degraded`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import DatabaseError, connection
from django.db.models import Count, Max, Min, Q, Sum
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from calls.domain.vocabulary import CommandStatus
from calls.models import CallCommand, Heartbeat, MediaWorker, PhoneNumber
from project.canary import WORKER
from webhooks.models import Delivery, DeliveryStatus

#: The sweeper and the relay beat every second; a busy machine may be late.
HEARTBEAT_SECONDS = 10.0
#: The canary flies every 5 seconds.
CANARY_SECONDS = 20.0
MEDIA_WORKER_SECONDS = 10.0
#: Work that is due is normally begun within milliseconds.
WAITING_SECONDS = 10.0
#: Anybody may ask, so asking is cheap: one answer serves everybody for this long.
REMEMBER_SECONDS = 0.5

#: Without these calls are answered late but answered; or only those of some numbers.
_DISPENSABLE = {"broker", "worker", "numbers"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check, with its figures."""

    ok: bool
    figures: dict[str, Any] = field(default_factory=dict)


@require_safe
@never_cache
def healthz(request: HttpRequest) -> JsonResponse:
    """The process answers."""
    return JsonResponse({"status": "up"})


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Whether a call would be answered now, and what is missing."""
    findings = _remembered.get()
    status = verdict(findings)
    checks = {name: {"ok": finding.ok, **finding.figures} for name, finding in findings.items()}
    return JsonResponse(
        {"status": status, "checks": checks}, status=503 if status == "not_ready" else 200
    )


def verdict(findings: dict[str, Finding]) -> str:
    """One word for all findings."""
    failed = {name for name, finding in findings.items() if not finding.ok}
    if failed - _DISPENSABLE:
        return "not_ready"
    return "degraded" if failed else "ready"


def examine(now: datetime) -> dict[str, Finding]:
    """Run every check. Those that read rows fail when the database does."""
    findings = {"database": _database(), "broker": _broker()}
    for name, check in _ROW_CHECKS.items():
        try:
            findings[name] = check(now) if findings["database"].ok else Finding(ok=False)
        except DatabaseError as problem:
            findings[name] = Finding(ok=False, figures={"error": type(problem).__name__})
    return findings


def _database() -> Finding:
    began = time.monotonic()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError as problem:
        return Finding(ok=False, figures={"error": type(problem).__name__})
    return Finding(ok=True, figures={"ms": _milliseconds_since(began)})


def _broker() -> Finding:
    began = time.monotonic()
    try:
        with current_app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1, interval_start=0, timeout=1)
    except Exception as problem:  # noqa: BLE001 - every transport of kombu has errors of its own
        return Finding(ok=False, figures={"error": type(problem).__name__})
    return Finding(ok=True, figures={"ms": _milliseconds_since(began)})


def _heartbeat(name: str, within_seconds: float) -> Callable[[datetime], Finding]:
    def check(now: datetime) -> Finding:
        at = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
        if at is None:
            return Finding(ok=False, figures={"error": "never seen"})
        age = (now - at).total_seconds()
        return Finding(ok=age <= within_seconds, figures={"age_seconds": round(age, 1)})

    return check


def _queue(now: datetime) -> Finding:
    """Work that is due and that nobody has begun: commands of calls, and deliveries to read."""
    commands = CallCommand.objects.filter(
        status=CommandStatus.PENDING, not_before__lte=now
    ).aggregate(waiting=Count("pk"), since=Min("not_before"))
    deliveries = Delivery.objects.filter(
        status=DeliveryStatus.NEW, next_attempt_at__lte=now
    ).aggregate(waiting=Count("pk"), since=Min("next_attempt_at"))
    oldest = min((due["since"] for due in (commands, deliveries) if due["since"]), default=now)
    age = (now - oldest).total_seconds()
    figures = {
        "commands": commands["waiting"],
        "deliveries": deliveries["waiting"],
        "oldest_seconds": round(age, 1),
    }
    return Finding(ok=age <= WAITING_SECONDS, figures=figures)


def _media(now: datetime) -> Finding:
    alive = MediaWorker.objects.filter(
        is_draining=False, heartbeat_at__gte=now - timedelta(seconds=MEDIA_WORKER_SECONDS)
    )
    room = alive.aggregate(
        heard=Max("heartbeat_at"), capacity=Sum("capacity"), sessions=Sum("sessions")
    )
    if room["heard"] is None:
        return Finding(ok=False, figures={"workers": 0})
    figures = {
        "workers": alive.count(),
        "age_seconds": round((now - room["heard"]).total_seconds(), 1),
        "capacity": room["capacity"] or 0,
        "sessions": room["sessions"] or 0,
    }
    return Finding(ok=True, figures=figures)


def _numbers(now: datetime) -> Finding:
    """Numbers whose token Meta has refused, that Meta has restricted, or whose limits are full."""
    restricted = Q(calling_restricted_at__isnull=False) & (
        Q(calling_restricted_until=None) | Q(calling_restricted_until__gt=now)
    )
    figures = PhoneNumber.objects.aggregate(
        numbers=Count("pk"),
        token_refused=Count("pk", filter=Q(token_refused_at__isnull=False)),
        restricted=Count("pk", filter=restricted),
        paused=Count("pk", filter=Q(graph_paused_until__gt=now)),
    )
    return Finding(ok=not figures["token_refused"], figures=figures)


_ROW_CHECKS: dict[str, Callable[[datetime], Finding]] = {
    "sweeper": _heartbeat("sweeper", HEARTBEAT_SECONDS),
    "relay": _heartbeat("relay", HEARTBEAT_SECONDS),
    "worker": _heartbeat(WORKER, CANARY_SECONDS),
    "queue": _queue,
    "media": _media,
    "numbers": _numbers,
}


class _Remembered:
    """The last findings; only one thread at a time looks for new ones."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._findings: dict[str, Finding] = {}
        self._until = 0.0

    def get(self) -> dict[str, Finding]:
        with self._lock:
            if time.monotonic() >= self._until:
                self._findings = examine(timezone.now())
                self._until = time.monotonic() + REMEMBER_SECONDS
            return self._findings

    def forget(self) -> None:
        """The next question is examined anew."""
        self._until = 0.0


_remembered = _Remembered()


def _milliseconds_since(began: float) -> float:
    return round((time.monotonic() - began) * 1000, 1)
