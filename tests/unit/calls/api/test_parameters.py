"""Query parameters: everything is understood or refused, nothing is guessed."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db.models import Q
from django.http import QueryDict

from calls import queries
from calls.api import parameters
from calls.api.errors import Problem
from calls.domain.vocabulary import CallStatus
from calls.models import Call

CALL_ID = UUID("0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e")
AT = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)


def refusal(read, query):
    with pytest.raises(Problem) as caught:
        read(QueryDict(query))
    return caught.value.code, caught.value.members.get("parameter")


def test_no_filter_is_no_condition():
    assert parameters.read_call_filter(QueryDict("limit=5&cursor=x")) == Q()


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("staus=ringing", "staus"),
        ("status=rining", "status"),
        ("status=ringing,busy", "status"),
        ("direction=in", "direction"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-11-01T12:00:00", "created_after"),
        ("created_before=2026-13-01T12:00:00Z", "created_before"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(query, name):
    assert refusal(parameters.read_call_filter, query) == ("invalid-parameter", name)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01T12:00:00Z",
        "2026-11-01 12:00:00Z",
        "2026-11-01T14:00:00%2B02:00",
        "2026-11-01T14:00:00+02:00",
        "2026-11-01T14:00:00+0200",
    ],
)
def test_times_with_any_offset_are_read(text):
    condition = parameters.read_call_filter(QueryDict(f"created_after={text}"))

    assert condition == Q(created_at__gt=datetime(2026, 11, 1, 12, 0, tzinfo=UTC))


def test_all_filters_must_hold():
    query = "status=no_answer&direction=inbound&created_before=2026-11-01T12:00:00Z"

    condition = parameters.read_call_filter(QueryDict(query))

    assert condition == (
        queries.with_status([CallStatus.NO_ANSWER])
        & Q(direction__in=["inbound"])
        & Q(created_at__lt=datetime(2026, 11, 1, 12, 0, tzinfo=UTC))
    )


def test_a_number_is_found_by_our_id_or_by_metas():
    ours_or_metas = parameters.read_call_filter(QueryDict("phone_number=12"))

    assert ours_or_metas == Q(phone_number__wa_phone_number_id="12") | Q(phone_number=12)


def test_a_number_that_no_database_integer_holds_can_only_be_metas():
    text = "1" * 19

    condition = parameters.read_call_filter(QueryDict(f"phone_number={text}"))

    assert condition == Q(phone_number__wa_phone_number_id=text)


@pytest.mark.parametrize("limit", ["0", "201", "-1", "ten", "1e2", "٣", "999999999999"])
def test_a_wrong_limit_is_refused(limit):
    refused = refusal(parameters.read_call_page, f"limit={limit}")

    assert refused == ("invalid-parameter", "limit")


def test_the_limit_has_a_default_and_a_maximum():
    assert parameters.read_call_page(QueryDict()).limit == 50
    assert parameters.read_call_page(QueryDict("limit=200")).limit == 200


def test_a_cursor_leads_behind_its_call():
    cursor = parameters.call_cursor(Call(pk=CALL_ID, created_at=AT))

    page = parameters.read_call_page(QueryDict(f"cursor={cursor}"))

    assert page.behind == Q(created_at__lte=AT) & (
        Q(created_at__lt=AT) | Q(created_at=AT, pk__lt=CALL_ID)
    )


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "bm9uc2Vuc2U=",  # nonsense
        "w7bDpA==",  # not ASCII inside
        "%C3%B6",  # not ASCII
        "MjAyNi0xMS0wMVQxMjowMDowMHwwMTk1ZDJhOC0xYzJlLTdiMTEtYTBhYy05YTRiN2YyYzFkM2U=",  # no zone
        "MjAyNi0xMS0wMVQxMjowMDowMCswMDowMHxub2JvZHk=",  # no id
    ],
)
def test_a_cursor_of_somebody_elses_making_is_refused(cursor):
    assert refusal(parameters.read_call_page, f"cursor={cursor}") == ("invalid-cursor", None)


def test_the_cursor_of_a_timeline_is_a_sequence():
    assert parameters.read_event_page(QueryDict("")).behind == Q(sequence__gt=0)
    assert parameters.read_event_page(QueryDict("cursor=7&limit=2")) == parameters.Page(
        2, Q(sequence__gt=7)
    )


@pytest.mark.parametrize("cursor", ["-1", "x", "1" * 19, "٣"])
def test_a_timeline_has_no_such_place(cursor):
    assert refusal(parameters.read_event_page, f"cursor={cursor}") == ("invalid-cursor", None)


def test_a_timeline_has_no_filters():
    refused = refusal(parameters.read_event_page, "status=ringing")

    assert refused == ("invalid-parameter", "status")
