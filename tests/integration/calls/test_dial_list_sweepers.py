"""Several sweepers at once: one pace, one count, and nobody is dialed twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from calls.dial_lists import engine
from calls.models import Call
from tests.factories import after, make_number
from tests.integration.calls.listing import make_list

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgresql]

USERS = [f"3519123456{n:02}" for n in range(20)]


def sweep(seconds):
    try:
        return engine.sweep(after(seconds))
    finally:
        connection.close()


def test_four_sweepers_keep_the_pace_of_one():
    found = make_list(make_number(), USERS, calls_per_minute=60, concurrency=100)

    with ThreadPoolExecutor(4) as sweepers:
        for second in range(5):
            list(sweepers.map(sweep, [second] * 4))

    assert Call.objects.count() == 5
    assert found.lines.filter(state="calling").count() == 5


def test_four_sweepers_keep_the_bounds_of_list_and_number(settings):
    settings.DIAL_LISTS_MAX_CALLS = 5
    number = make_number()
    lists = [
        make_list(number, USERS, calls_per_minute=600, concurrency=3, name=name) for name in "ab"
    ]

    with ThreadPoolExecutor(4) as sweepers:
        for second in range(5):
            list(sweepers.map(sweep, [second] * 4))

    counts = [found.lines.filter(state="calling").count() for found in lists]
    assert sum(counts) == 5
    assert max(counts) == 3
    assert Call.objects.count() == 5  # the two lists share their users; none is called twice
