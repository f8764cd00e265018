"""How full Meta's limits are, read from headers that may say anything."""

from datetime import timedelta

import pytest

from calls.graph import Usage, read_usage


def business(**counts):
    inner = ",".join(f'"{name}":{value}' for name, value in counts.items())
    return {"x-business-use-case-usage": f'{{"8844":[{{"type":"whatsapp",{inner}}}]}}'}


def test_without_headers_nothing_is_known():
    assert read_usage({}) == Usage(percent=None, free_in=None)


def test_the_fullest_of_all_limits_counts():
    headers = {
        "x-app-usage": '{"call_count":3,"total_cputime":41,"total_time":2}',
        **business(call_count=28, total_cputime=1, total_time=1),
    }

    assert read_usage(headers) == Usage(percent=41)


def test_meta_says_in_minutes_when_a_limit_opens_again():
    headers = business(call_count=100, estimated_time_to_regain_access=7)

    assert read_usage(headers) == Usage(percent=100, free_in=timedelta(minutes=7))


@pytest.mark.parametrize(
    ("text", "free_in"),
    [
        ("12", timedelta(seconds=12)),
        ("0", None),
        ("Fri, 21 Nov 2026 07:00:00 GMT", None),
        ("-5", None),
        ("99999999", timedelta(days=1)),
    ],
)
def test_retry_after_in_seconds_is_honoured_for_a_day_at_most(text, free_in):
    assert read_usage({"retry-after": text}).free_in == free_in


def test_the_longer_wait_wins():
    headers = {"retry-after": "90", **business(estimated_time_to_regain_access=1)}

    assert read_usage(headers).free_in == timedelta(seconds=90)


@pytest.mark.parametrize(
    "text",
    ["", "no json", "[]", "7", '{"a":7}', '{"a":[7,null]}', "[" * 10_000, '{"call_count":true}'],
)
def test_nonsense_is_not_said(text):
    assert read_usage({"x-app-usage": text, "x-business-use-case-usage": text}) == Usage()


def test_an_absurd_percentage_fits_the_column():
    assert read_usage({"x-app-usage": '{"call_count":123456}'}).percent == 1000


def test_figures_may_be_text_or_broken_numbers():
    assert read_usage({"x-app-usage": '{"call_count":"17","total_time":18.9}'}).percent == 18
