"""Calling out in plain words: every word of ours has some."""

from datetime import UTC, datetime, timedelta

import pytest

from calls.admin import dial_wording as words
from calls.domain.quotas import Barrier, Ruling
from calls.domain.vocabulary import (
    OnNoPermission,
    PermissionSource,
    PermissionStatus,
    RequestStatus,
)
from calls.models import CallPermission

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
ALLOWED = CallPermission(status="permanent")


@pytest.mark.parametrize("word", [*PermissionStatus])
def test_every_status_has_words(word):
    assert words.status_in_words(word)


@pytest.mark.parametrize("word", [*PermissionSource])
def test_every_source_has_words(word):
    assert words.source_in_words(word)


@pytest.mark.parametrize("word", [*RequestStatus])
def test_every_state_of_a_request_has_words(word):
    assert words.request_in_words(word)


@pytest.mark.parametrize("word", [*OnNoPermission])
def test_every_choice_has_words(word):
    assert words.ON_NO_PERMISSION[word]


@pytest.mark.parametrize("word", [b for b in Barrier if b is not Barrier.NOTHING])
def test_every_barrier_has_words(word):
    assert words.barrier_in_words(word)


def test_what_is_empty_has_none():
    assert (words.barrier_in_words(""), words.source_in_words("")) == ("", "")


def test_a_ruling_is_a_sentence():
    again = Ruling(barrier=Barrier.CALL_LIMIT, next_at=T0)

    assert words.ruling_in_words(Ruling()) == "yes"
    assert words.ruling_in_words(Ruling(caution=Barrier.UNANSWERED_STREAK)) == (
        "yes, but one more call without an answer would cost the permission"
    )
    assert words.ruling_in_words(Ruling(barrier=Barrier.COUNTRY)) == (
        "no: numbers of this country may not call users"
    )
    assert words.ruling_in_words(again).endswith("is reached; possible from 2026-11-01 12:00:00")


def test_limits_come_before_the_users_word():
    run_out = CallPermission(status="temporary", expires_at=T0 - timedelta(seconds=1))

    assert words.call_in_words(ALLOWED, Ruling(), T0) == "yes"
    assert words.call_in_words(run_out, Ruling(), T0) == "no: the user has not allowed it"
    assert "country" in words.call_in_words(run_out, Ruling(barrier=Barrier.COUNTRY), T0)
    assert words.permission_in_words(run_out, T0) == "not allowed"
