"""What becomes of a call that waits to be dialed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from calls.domain.dial_plan import (
    FRESH,
    WHILE_TALKING,
    Ask,
    Check,
    Dial,
    Forbid,
    Situation,
    Wait,
    next_step,
)
from calls.domain.permissions import Permission
from calls.domain.quotas import DAY, Barrier, NumberState, Record
from calls.domain.vocabulary import HangupCause, OnNoPermission, PermissionStatus

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def permission(status, *, as_of=T0, expires_at=None):
    return Permission(status=status, as_of=as_of, expires_at=expires_at)


ALLOWED = Situation(
    permission=permission(PermissionStatus.PERMANENT),
    record=Record(),
    number=NumberState(country="BR"),
    on_no_permission=OnNoPermission.FAIL,
    until=T0 + HOUR,
    checked_at=T0,
)
STRANGER = replace(ALLOWED, permission=Permission())
PATIENT = replace(STRANGER, on_no_permission=OnNoPermission.REQUEST_AND_WAIT)
FULL = Record(connected_outbound=[T0] * 100)


def test_an_allowed_call_is_dialed():
    assert next_step(ALLOWED, T0) == Dial()


def test_what_is_not_known_is_asked_once():
    unknown = replace(ALLOWED, permission=Permission(), checked_at=None)

    assert next_step(unknown, T0) == Check()
    assert next_step(replace(unknown, has_checked=True), T0) != Check()


def test_old_knowledge_is_not_trusted():
    assert next_step(ALLOWED, T0 + FRESH) == Check()
    assert next_step(replace(ALLOWED, has_checked=True), T0 + FRESH) == Dial()


def test_a_reply_of_a_moment_ago_needs_no_asking():
    replied = replace(ALLOWED, checked_at=None)

    assert next_step(replied, T0 + timedelta(minutes=1)) == Dial()


def test_without_permission_a_call_fails_is_asked_for_or_waits():
    denied = Forbid(cause=HangupCause.PERMISSION_DENIED)

    assert next_step(STRANGER, T0) == denied
    asking = replace(STRANGER, on_no_permission=OnNoPermission.REQUEST)
    assert next_step(asking, T0) == Ask(and_wait=False)
    assert next_step(PATIENT, T0) == Ask(and_wait=True)


def test_after_the_request_it_waits_for_the_reply():
    asked = replace(
        PATIENT, permission=permission(PermissionStatus.REQUESTED), asked_at=T0, has_checked=True
    )

    assert next_step(asked, T0 + HOUR / 2) == Wait()
    allowed = replace(asked, permission=permission(PermissionStatus.TEMPORARY, as_of=T0 + HOUR / 2))
    assert next_step(allowed, T0 + HOUR / 2) == Dial()


@pytest.mark.parametrize("word", [PermissionStatus.DECLINED, PermissionStatus.REVOKED])
def test_a_refusal_ends_the_wait_but_only_one_that_is_newer_than_the_request(word):
    asked = replace(PATIENT, asked_at=T0, has_checked=True, until=T0 + 2 * HOUR)
    newer = replace(asked, permission=permission(word, as_of=T0 + HOUR))
    older = replace(asked, permission=permission(word, as_of=T0 - HOUR))

    assert next_step(newer, T0 + HOUR) == Forbid(cause=HangupCause.PERMISSION_DENIED)
    assert next_step(older, T0 + HOUR) == Wait()


def test_a_user_who_was_asked_already_is_not_asked_twice():
    pending = replace(PATIENT, permission=permission(PermissionStatus.REQUESTED))

    assert next_step(pending, T0) == Wait()


def test_a_request_that_would_be_refused_is_not_sent():
    spent = replace(PATIENT, record=Record(requests=[T0 - HOUR]))
    tomorrow = T0 - HOUR + DAY

    assert next_step(spent, T0) == Forbid(
        cause=HangupCause.LIMIT_REACHED, barrier=Barrier.REQUEST_LIMIT, next_at=tomorrow
    )
    assert next_step(replace(spent, until=T0 + 2 * DAY), T0) == Wait(tomorrow)
    impatient = replace(spent, on_no_permission=OnNoPermission.REQUEST)
    assert next_step(impatient, T0) == Forbid(
        cause=HangupCause.PERMISSION_DENIED, barrier=Barrier.REQUEST_LIMIT, next_at=tomorrow
    )


def test_a_full_day_waits_if_there_is_time():
    full = replace(ALLOWED, record=FULL)

    assert next_step(full, T0) == Forbid(
        cause=HangupCause.LIMIT_REACHED, barrier=Barrier.CALL_LIMIT, next_at=T0 + DAY
    )
    assert next_step(replace(full, until=T0 + 2 * DAY), T0) == Wait(T0 + DAY)


def test_a_number_that_may_not_call_asks_nobody():
    american = replace(STRANGER, number=NumberState(country="US"), checked_at=None)

    assert next_step(american, T0) == Forbid(cause=HangupCause.RESTRICTED, barrier=Barrier.COUNTRY)


def test_a_refused_token_ends_or_waits():
    dead = replace(STRANGER, number=NumberState(is_token_refused=True))
    again = T0 + timedelta(seconds=30)

    assert next_step(replace(dead, until=again), T0) == Forbid(
        cause=HangupCause.AUTHENTICATION_FAILED, barrier=Barrier.TOKEN, next_at=again
    )
    assert next_step(replace(dead, until=T0 + DAY), T0) == Wait(again)


def test_a_check_waits_while_metas_limits_are_full_if_there_is_time():
    pause = T0 + timedelta(minutes=1)
    full = replace(STRANGER, checked_at=None, number=NumberState(paused_until=pause))

    assert next_step(replace(full, until=T0 + DAY), T0) == Wait(pause)
    assert next_step(replace(full, until=pause), T0) == Forbid(cause=HangupCause.PERMISSION_DENIED)
    assert next_step(replace(full, until=T0 + DAY), pause) == Check()


def test_the_permission_can_be_spared():
    tired = replace(ALLOWED, record=Record(unanswered_streak=3))

    assert next_step(tired, T0) == Dial()
    assert next_step(replace(tired, spare_permission=True), T0) == Forbid(
        cause=HangupCause.LIMIT_REACHED, barrier=Barrier.UNANSWERED_STREAK
    )


def test_a_user_who_talks_to_us_is_not_called():
    talking = replace(ALLOWED, is_on_the_line=True)

    assert next_step(talking, T0) == Forbid(cause=HangupCause.USER_BUSY)
    patient = replace(talking, on_no_permission=OnNoPermission.REQUEST_AND_WAIT)
    assert next_step(patient, T0) == Wait(T0 + WHILE_TALKING)


def test_after_its_time_nothing_is_dialed():
    assert next_step(ALLOWED, T0 + HOUR) == Forbid(cause=HangupCause.DEADLINE)


def test_a_refusal_by_a_clock_of_whole_seconds_is_still_one():
    asked_at = T0 + timedelta(seconds=0.9)
    declined = permission(PermissionStatus.DECLINED, as_of=T0)
    asked = replace(PATIENT, asked_at=asked_at, has_checked=True, permission=declined)

    assert next_step(asked, asked_at) == Forbid(cause=HangupCause.PERMISSION_DENIED)
