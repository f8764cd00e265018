"""What Meta holds against a number, from words that may be anything."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calls.domain.incidents import (
    Incident,
    is_enabled,
    of_account_update,
    of_code,
    of_settings,
)
from calls.domain.vocabulary import IncidentKind

T0 = datetime(2026, 11, 1, 12, tzinfo=UTC)
END = datetime(2026, 11, 8, 12, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["restriction_type", "type", "expiration", "violation_type", "status"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


def restriction(word, **values):
    return {"restriction_info": [{"restriction_type": word, **values}]}


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("RESTRICTED_BUSINESS_INITIATED_CALLING", IncidentKind.OUTBOUND_RESTRICTED),
        ("RESTRICTED_USER_INITIATED_CALLING", IncidentKind.INBOUND_RESTRICTED),
        ("RESTRICTED_USER_INITIATED_CALLING_CALL_BUTTON_HIDDEN", IncidentKind.BUTTON_HIDDEN),
        ("RESTRICTED_SOMETHING_NEW", IncidentKind.OTHER_VIOLATION),
    ],
)
def test_a_restriction_has_a_kind_and_an_end(word, kind):
    details = restriction(word, expiration=int(END.timestamp()), remediation="Wait.")

    assert of_account_update("account_restriction", details, T0) == [
        Incident(kind=kind, until=END, word=word, remedy="Wait.")
    ]


def test_a_restriction_without_an_end_is_one_until_further_notice():
    (found,) = of_account_update(
        "account_restriction", restriction("RESTRICTED_BUSINESS_INITIATED_CALLING"), T0
    )

    assert found.until is None


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("LOW_BUSINESS_INITIATED_CALLING_QUALITY", IncidentKind.LOW_OUTBOUND_QUALITY),
        ("LOW_USER_INITIATED_CALLING_QUALITY", IncidentKind.LOW_INBOUND_QUALITY),
        ("USER_INITIATED_CALLS_LOW_PICKUP_RATE", IncidentKind.LOW_PICKUP),
        ("SOMETHING_ELSE", IncidentKind.OTHER_VIOLATION),
    ],
)
def test_a_violation_is_a_warning_for_a_week(word, kind):
    details = {"violation_info": {"violation_type": word, "remediation": " Answer more. "}}

    assert of_account_update("account_violation", details, T0) == [
        Incident(kind=kind, until=T0 + timedelta(days=7), word=word, remedy="Answer more.")
    ]


@pytest.mark.parametrize("event", ["", "volume_based_pricing_tier_update", "verified_account"])
def test_other_events_are_nothing_of_ours(event):
    assert of_account_update(event, restriction("X"), T0) == []


def test_settings_list_restrictions_and_say_whether_calling_is_on():
    calling = {
        "status": "DISABLED",
        "restrictions": {
            "restrictions_list": [
                {
                    "type": "RESTRICTED_BUSINESS_INITIATED_CALLING",
                    "reason": "Low quality",
                    "expiration": str(int(END.timestamp())),
                },
                {"type": "SOMETHING_NEW"},
                {},
            ]
        },
    }

    restricted, disabled = of_settings(calling)

    assert (restricted.kind, restricted.until) == (IncidentKind.OUTBOUND_RESTRICTED, END)
    assert restricted.remedy == "Low quality"
    assert disabled.kind is IncidentKind.CALLING_DISABLED
    assert not is_enabled(calling)
    assert (of_settings({"status": "ENABLED"}), is_enabled({"status": "ENABLED"})) == ([], True)
    assert (of_settings({}), is_enabled({})) == ([], False)


@pytest.mark.parametrize(
    ("code", "kind", "pause"),
    [
        (138000, IncidentKind.CALLING_DISABLED, timedelta(minutes=5)),
        (138013, IncidentKind.COUNTRY_BARRED, timedelta(days=1)),
        (138014, IncidentKind.OUTBOUND_RESTRICTED, timedelta(hours=1)),
    ],
)
def test_some_codes_are_about_the_number(code, kind, pause):
    found = of_code(code, "Meta says so", T0)

    assert found == Incident(kind=kind, until=T0 + pause, code=code, remedy="Meta says so")


def test_most_codes_are_not():
    assert of_code(138006, "no permission", T0) is None


@given(JSON, JSON)
def test_nothing_that_arrives_raises(value, other):
    for event in ("account_restriction", "account_violation"):
        details = {"restriction_info": value, "violation_info": other}
        assert all(one.kind in IncidentKind for one in of_account_update(event, details, T0))
    assert isinstance(of_settings({"restrictions": value, "status": other}), list)
    assert isinstance(of_settings({"restrictions": {"restrictions_list": value}}), list)
