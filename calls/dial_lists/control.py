"""Start, pause, resume and cancel a dial list. What must follow is the sweeper's."""

from __future__ import annotations

import logging
from datetime import datetime
from uuid import UUID

from django.db import transaction

from calls.dial_lists.drafts import UnableToUse, lock
from calls.domain.vocabulary import LineState, ListState, PauseReason
from calls.models import DialLine, DialList

logger = logging.getLogger(__name__)


@transaction.atomic
def start(*, list_id: UUID, by: str, now: datetime) -> DialList:
    """Begin to call.

    :raises UnableToUse: it is not a draft, or has no lines.
    :raises DialList.DoesNotExist: there is no such list.
    """
    found = lock(list_id)
    if found.state != ListState.DRAFT:
        raise UnableToUse("start", found.state)
    if not found.lines.exists():
        raise UnableToUse("start", found.state, "the list has no lines")
    found.started_at = now
    return _enter(found, ListState.RUNNING, by)


@transaction.atomic
def pause(*, list_id: UUID, by: str, now: datetime) -> DialList:
    """Begin no more calls; what rings or talks goes on.

    :raises UnableToUse: it does not run.
    :raises DialList.DoesNotExist: there is no such list.
    """
    found = lock(list_id)
    if found.state != ListState.RUNNING:
        raise UnableToUse("pause", found.state)
    found.pause_reason, found.pause_message = PauseReason.REQUESTED, f"by {by}"[:255]
    return _enter(found, ListState.PAUSED, by)


@transaction.atomic
def resume(*, list_id: UUID, by: str, now: datetime) -> DialList:
    """Go on with the next slot; what was missed is not made up for.

    :raises UnableToUse: it is not paused.
    :raises DialList.DoesNotExist: there is no such list.
    """
    found = lock(list_id)
    if found.state != ListState.PAUSED:
        raise UnableToUse("resume", found.state)
    found.pause_reason = found.pause_message = ""
    return _enter(found, ListState.RUNNING, by)


@transaction.atomic
def cancel(*, list_id: UUID, by: str, now: datetime) -> DialList:
    """Give up: nobody else is called, calls that are not picked up yet end.

    :raises UnableToUse: it is over.
    :raises DialList.DoesNotExist: there is no such list.
    """
    found = lock(list_id)
    if found.is_over:
        raise UnableToUse("cancel", found.state)
    found.pause_reason = found.pause_message = ""
    found.finished_at = now
    give_up(found, "canceled", now)
    return _enter(found, ListState.CANCELED, by)


def hold(found: DialList, reason: PauseReason, message: str) -> None:
    """Pause a locked list that runs, because the number may not call."""
    found.pause_reason, found.pause_message = reason, message[:255]
    _enter(found, ListState.PAUSED, "the system")


def finish(found: DialList, now: datetime) -> None:
    """Every line of a locked list is over."""
    found.pause_reason = found.pause_message = ""
    found.finished_at = now
    _enter(found, ListState.FINISHED, "the system")


def give_up(found: DialList, cause: str, now: datetime) -> None:
    """Nobody of those who still wait on the list will be called."""
    pending = DialLine.objects.filter(dial_list=found, state=LineState.PENDING)
    pending.update(state=LineState.CANCELED, cause=cause, finished_at=now)


def _enter(found: DialList, state: ListState, by: str) -> DialList:
    found.state = state
    found.save(
        update_fields=["state", "pause_reason", "pause_message", "started_at", "finished_at"]
    )
    logger.info("dial list %s: %s by %s", found.pk, state, by)
    return found
