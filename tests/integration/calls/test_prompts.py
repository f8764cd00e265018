"""Ringing for as long as a prompt lasts: measured beforehand, never while somebody waits."""

import logging

import pytest
import time_machine

from calls import prompts
from calls.models import MediaWorker, PhoneNumber
from tests.factories import T0, after, make_call, make_number, make_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def number(fake_media):
    make_worker()
    fake_media.prompts = {"jingle.wav": 4000}
    return make_number(answer_policy="ring", ring_seconds=15, ring_prompt="jingle.wav")


def length():
    return PhoneNumber.objects.values_list("ring_prompt_ms", flat=True).get()


def test_the_media_worker_says_how_long_it_is(number, fake_media):
    assert prompts.measure(T0) == 1
    assert length() == 4000

    assert prompts.measure(T0) == 0
    fake_media.prompts["jingle.wav"] = 6000
    assert prompts.measure(T0) == 1
    assert length() == 6000


def test_what_was_known_stays_while_no_worker_answers(number, fake_media):
    prompts.measure(T0)

    fake_media.is_reachable = False
    assert prompts.measure(T0) == 0
    MediaWorker.objects.all().delete()
    assert prompts.measure(T0) == 0

    assert length() == 4000


def test_of_a_prompt_that_is_gone_nothing_is_known(number, fake_media, caplog):
    prompts.measure(T0)
    fake_media.prompts.clear()

    with caplog.at_level(logging.WARNING):
        assert prompts.measure(T0) == 1

    assert length() is None
    assert "there is no ring prompt 'jingle.wav' any more" in caplog.messages
    assert prompts.measure(T0) == 0


def test_numbers_without_a_ring_prompt_cost_nothing(fake_media):
    make_number()
    fake_media.is_reachable = False

    assert prompts.measure(T0) == 0


@pytest.mark.parametrize(
    ("columns", "seconds"),
    [
        ({"ring_prompt_ms": 4000}, 4),
        ({"ring_prompt_ms": 4000, "ring_loops": 3}, 12),
        ({"ring_prompt_ms": 4000, "ring_loops": 100}, 23),  # two seconds are left to answer
        ({"ring_prompt_ms": None, "ring_loops": 3}, 15),  # not known: ring_seconds
        ({"ring_prompt": "", "ring_prompt_ms": 4000}, 15),
        ({"ring_prompt_ms": 0}, 0),
    ],
)
def test_a_call_rings_for_as_long_as_the_prompt_lasts(number, columns, seconds):
    PhoneNumber.objects.update(**columns)
    number.refresh_from_db()

    with time_machine.travel(T0, tick=False):
        call = make_call(number)

    assert call.answer_at == after(seconds)
