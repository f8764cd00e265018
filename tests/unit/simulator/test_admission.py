from dataclasses import replace
from typing import Any

import pytest

from simulator.admission import Circumstances, Conditions, of_number, of_user, refusal

# Each breaks one rule; in the order of the checks, so that the first one present wins.
BROKEN = [
    (131055, {"is_sip": True}),
    (138000, {"is_enabled": False}),
    (138013, {"business": "15550001111"}),
    (138014, {"restricted_until": 1790000000}),
    (131042, {"conditions": {"payment": False}}),
    (100, {"sdp_fault": "No fingerprint found in SDP"}),
    (131030, {"conditions": {"allow_list": ("447700900999",)}}),
    (138001, {"is_callable": False}),
    (138006, {"has_permission": False}),
    (138012, {"limit_ends": 1790000000}),
    (138003, {"on_the_line": True}),
    (138002, {"conditions": {"concurrent_calls": 5}, "calls_now": 5}),
    (138005, {"conditions": {"calls_a_day": 9}, "calls_today": 9}),
]


def circumstances(*changes):
    made = Circumstances()
    conditions: dict[str, Any] = {}
    for change in changes:
        conditions |= change.get("conditions", {})
        made = replace(made, **{k: v for k, v in change.items() if k != "conditions"})
    return replace(made, conditions=Conditions(**conditions))


def test_when_all_is_well_the_call_is_made():
    assert refusal(Circumstances()) is None


@pytest.mark.parametrize(("code", "change"), BROKEN)
def test_each_rule_has_its_code(code, change):
    refused = refusal(circumstances(change))

    assert refused is not None
    assert refused.code == code


@pytest.mark.parametrize("first", range(len(BROKEN)))
def test_the_first_broken_rule_speaks(first):
    refused = refusal(circumstances(*(change for _, change in BROKEN[first:])))

    assert refused is not None
    assert refused.code == BROKEN[first][0]


@pytest.mark.parametrize(
    "business", ["15550001111", "201001234567", "84901234567", "2348031234567"]
)
def test_numbers_of_some_countries_call_nobody(business):
    refused = of_number(Circumstances(business=business))

    assert refused is not None
    assert refused.code == 138013


def test_an_allowed_test_user_can_be_reached():
    allowed = Conditions(allow_list=("447700900123",))

    assert of_user(Circumstances(conditions=allowed)) is None


def test_an_sdp_fault_has_the_shape_of_captures():
    refused = refusal(Circumstances(sdp_fault="No fingerprint found in SDP"))

    assert refused is not None
    assert refused.subcode == 2494010
    assert refused.details == "No fingerprint found in SDP"
