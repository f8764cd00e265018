"""The permission of one user: Meta's table of replies, news out of order, and the clock."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.events import PermissionReplied
from calls.domain.permissions import (
    GRANT,
    REQUEST_LIFE,
    Permission,
    asked,
    effective,
    expired,
    is_permanent,
    looked_up,
    may_call,
    refused,
    replied,
    undelivered,
)
from calls.domain.vocabulary import PermissionSource as Source
from calls.domain.vocabulary import PermissionStatus as Status

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
UNKNOWN = Permission()
PERMANENT = Permission(status=Status.PERMANENT, as_of=T0)
TEMPORARY = Permission(status=Status.TEMPORARY, expires_at=T0 + GRANT, as_of=T0)


def reply(response="accept", *, at=T0, **values):
    return PermissionReplied(response=response, occurred_at=at, **values)


@pytest.mark.parametrize(
    ("said", "status", "source"),
    [
        (
            reply(response_source="user_action", context_id="wamid.1", expires_at=T0 + GRANT),
            Status.TEMPORARY,
            Source.REPLY,
        ),
        (
            reply(response_source="user_action", context_id="wamid.1", is_permanent=True),
            Status.PERMANENT,
            Source.REPLY,
        ),
        (reply(response_source="user_action", is_permanent=True), Status.PERMANENT, Source.PROFILE),
        (
            reply("reject", response_source="user_action", context_id="wamid.1"),
            Status.DECLINED,
            Source.REPLY,
        ),
        (
            reply(response_source="automatic", context_id="wacid.1", expires_at=T0 + GRANT),
            Status.TEMPORARY,
            Source.CALLBACK,
        ),
        (reply("reject", response_source="automatic"), Status.REVOKED, Source.REVOCATION),
        (reply("reject", response_source="user_action"), Status.REVOKED, Source.PROFILE),
    ],
)
def test_each_of_metas_scenarios_is_told_apart(said, status, source):
    change = replied(UNKNOWN, said, T0)

    assert change is not None
    assert (change.permission.status, change.source) == (status, source)
    assert change.permission.as_of == T0


def test_a_grant_without_an_end_lasts_a_week():
    change = replied(UNKNOWN, reply(at=None), T0)

    assert change is not None
    assert change.permission.expires_at == T0 + timedelta(days=7)


def test_a_grant_runs_out_by_itself():
    assert may_call(TEMPORARY, T0 + GRANT - HOUR)
    assert not may_call(TEMPORARY, T0 + GRANT)
    assert effective(TEMPORARY, T0 + GRANT) is Status.NONE
    change = expired(TEMPORARY, T0 + GRANT)
    assert change is not None
    assert change.permission == Permission(status=Status.NONE, as_of=T0 + GRANT)
    assert change.source is Source.EXPIRY


@pytest.mark.parametrize("permission", [TEMPORARY, PERMANENT])
def test_before_its_time_nothing_expires(permission):
    assert expired(permission, T0 + HOUR) is None


def test_older_news_changes_nothing():
    before = T0 - HOUR
    assert replied(PERMANENT, reply("reject", at=before), T0) is None
    assert asked(Permission(status=Status.DECLINED, as_of=T0), before) is None
    assert refused(PERMANENT, before) is None
    assert looked_up(PERMANENT, "no_permission", None, before) is None


def test_asking_takes_no_grant_away():
    assert asked(TEMPORARY, T0 + HOUR) is None
    change = asked(Permission(status=Status.DECLINED, as_of=T0), T0 + HOUR)
    assert change is not None
    assert change.permission.status is Status.REQUESTED
    assert change.permission.expires_at == T0 + HOUR + REQUEST_LIFE


def test_a_refused_call_takes_the_grant_away_and_nothing_else():
    change = refused(PERMANENT, T0 + HOUR)
    assert change is not None
    assert (change.permission.status, change.source) == (Status.NONE, Source.REFUSAL)
    assert refused(UNKNOWN, T0) is None


@pytest.mark.parametrize(
    ("before", "word", "status"),
    [
        (UNKNOWN, "permanent", Status.PERMANENT),
        (UNKNOWN, "temporary", Status.TEMPORARY),
        (PERMANENT, "no_permission", Status.NONE),
        (PERMANENT, "granted?", Status.NONE),
    ],
)
def test_a_lookup_is_believed(before, word, status):
    change = looked_up(before, word, None, T0 + HOUR)

    assert change is not None
    assert (change.permission.status, change.source) == (status, Source.LOOKUP)


@pytest.mark.parametrize(
    ("before", "word"),
    [(UNKNOWN, "no_permission"), (PERMANENT, "permanent")],
)
def test_a_lookup_that_says_the_same_is_no_change(before, word):
    assert looked_up(before, word, None, T0 + HOUR) is None


def test_a_lookup_keeps_that_the_user_was_asked():
    pending = Permission(status=Status.REQUESTED, expires_at=T0 + REQUEST_LIFE, as_of=T0)

    assert looked_up(pending, "no_permission", None, T0 + HOUR) is None


@given(
    st.permutations(
        [
            reply(at=T0 + n * HOUR, is_permanent=n == 2, response=r)
            for n, r in enumerate(["accept", "reject", "accept"])
        ]
    )
)
def test_replies_in_any_order_end_with_the_newest(replies):
    known = UNKNOWN
    for said in replies:
        change = replied(known, said, T0)
        known = change.permission if change else known

    assert known.status is Status.PERMANENT


def test_a_reply_by_a_clock_of_whole_seconds_answers_what_was_asked_a_moment_ago():
    sent_at = T0 + timedelta(seconds=0.9)
    change = asked(UNKNOWN, sent_at)
    assert change is not None

    said = replied(change.permission, reply(), sent_at)
    old = replied(change.permission, reply(at=T0 - HOUR), sent_at)

    assert said is not None
    assert (said.permission.status, old) == (Status.TEMPORARY, None)


def test_of_replies_in_the_same_second_the_one_that_comes_last_counts():
    precise = Permission(status=Status.DECLINED, as_of=T0 + timedelta(seconds=0.7))

    assert replied(precise, reply(), T0) is not None
    assert replied(precise, reply(at=T0 - timedelta(seconds=1)), T0) is None


def test_only_a_grant_for_good_is_permanent():
    assert is_permanent(PERMANENT)
    assert not is_permanent(TEMPORARY)


def test_a_request_that_never_arrived_leaves_nobody_waiting():
    request = Permission(status=Status.REQUESTED, expires_at=T0 + REQUEST_LIFE, as_of=T0)

    change = undelivered(request, T0 + HOUR)

    assert change is not None
    assert (change.permission, change.source) == (
        Permission(status=Status.NONE, as_of=T0 + HOUR),
        Source.UNDELIVERED,
    )
    assert undelivered(request, T0 - HOUR) is None
    assert undelivered(TEMPORARY, T0 + HOUR) is None


def test_a_lookup_does_not_take_away_what_was_granted_in_the_same_second():
    asked_at = T0 + timedelta(seconds=0.4)  # and granted at 0.9, which Meta calls 0

    assert looked_up(TEMPORARY, "no_permission", None, asked_at) is None
    assert looked_up(TEMPORARY, "no_permission", None, T0 + timedelta(seconds=1)) is not None
