"""What of a wish to call would be refused, and by which name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from calls.domain.wanted import (
    ANNOUNCEMENT_LANGUAGES,
    InvalidWanted,
    UnableToDial,
    Wanted,
    check,
    check_request,
    digits_of,
)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANA = Wanted(to="447700900123")
TEMPLATE = {"name": "may_we_call", "language": {"code": "en_US"}}
ANNOUNCED = {"purpose": "quality assurance", "announcement_language": "en_GB"}


def parameter(wanted):
    with pytest.raises(InvalidWanted) as caught:
        check(wanted, NOW)
    assert caught.value.code == "invalid_parameter"
    return caught.value.parameter


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("447700900123", "447700900123"),
        ("+44 (7700) 900-123", "447700900123"),
        ("44.7700/900123", "447700900123"),
        ("", ""),
        ("call me", "call me"),
        ("++44", "++44"),
        ("٤٤٧٧", "٤٤٧٧"),
    ],
)
def test_digits_are_read_as_people_write_them(text, digits):
    assert digits_of(text) == digits


@pytest.mark.parametrize(
    "wanted",
    [
        ANA,
        Wanted(recipient="GB.4820193377501926"),
        Wanted(recipient="GB.ENT.77190aB", to="1234567"),
        replace(ANA, to="123456789012345"),
        replace(ANA, ring_seconds=1),
        replace(ANA, ring_seconds=100, client_state="x" * 2048, prompt="x" * 200),
        replace(ANA, until=NOW + timedelta(days=30)),
        replace(ANA, meta_recording={**ANNOUNCED, "purpose": "x" * 250}),
        replace(ANA, meta_transcription=ANNOUNCED),
        replace(ANA, request_text="x" * 1024),
        replace(ANA, request_template=TEMPLATE),
        replace(
            ANA,
            request_template={
                "name": "ask",
                "language": {"code": "en"},
                "components": [
                    {"type": "body", "parameters": [{"type": "text", "text": "\\u0000"}]},
                    {"type": "header"},
                ],
            },
        ),
    ],
)
def test_what_meta_takes_is_let_through(wanted):
    check(wanted, NOW)


def test_every_documented_language_is_known():
    assert len(ANNOUNCEMENT_LANGUAGES) == 18
    for language in ANNOUNCEMENT_LANGUAGES:
        check(replace(ANA, meta_recording={"purpose": "a", "announcement_language": language}), NOW)


def test_somebody_must_be_named():
    with pytest.raises(UnableToDial) as caught:
        check(Wanted(), NOW)
    assert caught.value.code == "nobody_named"


@pytest.mark.parametrize("to", ["123456", "1234567890123456", "07700900123", "+447700900123", "x"])
def test_a_number_is_international(to):
    assert parameter(Wanted(to=to)) == "to"


@pytest.mark.parametrize(
    "recipient", ["4820193377501926", "gb.1", "GB.", "GB.1-2", "GB." + "1" * 121]
)
def test_a_user_id_is_metas(recipient):
    assert parameter(Wanted(recipient=recipient)) == "recipient"


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ({"ring_seconds": 0}, "ring_seconds"),
        ({"ring_seconds": 101}, "ring_seconds"),
        ({"until": NOW}, "until"),
        ({"until": NOW + timedelta(days=30, seconds=1)}, "until"),
        ({"prompt": "x" * 201}, "prompt"),
        ({"client_state": "x" * 2049}, "client_state"),
        ({"client_state": "a\0"}, "client_state"),
        ({"client_state": "\udfff"}, "client_state"),
        ({"meta_recording": {**ANNOUNCED, "status": "ENABLED"}}, "meta_recording.status"),
        ({"meta_recording": {**ANNOUNCED, "purpose": " "}}, "meta_recording.purpose"),
        ({"meta_recording": {**ANNOUNCED, "purpose": 1}}, "meta_recording.purpose"),
        ({"meta_recording": {**ANNOUNCED, "purpose": "x" * 251}}, "meta_recording.purpose"),
        (
            {"meta_transcription": {**ANNOUNCED, "announcement_language": "en_ZA"}},
            "meta_transcription.announcement_language",
        ),
        (
            {"meta_transcription": {**ANNOUNCED, "announcement_language": []}},
            "meta_transcription.announcement_language",
        ),
        ({"request_text": "x" * 1025}, "request_text"),
        ({"request_text": "May we?", "request_template": TEMPLATE}, "request_template"),
        ({"request_template": {**TEMPLATE, "to": "x"}}, "request_template.to"),
        ({"request_template": {**TEMPLATE, "name": "May We"}}, "request_template.name"),
        ({"request_template": {**TEMPLATE, "name": 1}}, "request_template.name"),
        ({"request_template": {**TEMPLATE, "language": "en"}}, "request_template.language"),
        (
            {"request_template": {**TEMPLATE, "language": {"code": "english"}}},
            "request_template.language.code",
        ),
        (
            {"request_template": {**TEMPLATE, "language": {"code": None}}},
            "request_template.language.code",
        ),
        ({"request_template": {**TEMPLATE, "components": {}}}, "request_template.components"),
        ({"request_template": {**TEMPLATE, "components": [1]}}, "request_template.components.0"),
        ({"request_template": {**TEMPLATE, "components": [{}]}}, "request_template.components.0"),
        (
            {"request_template": {**TEMPLATE, "components": [{"type": "body", "parameters": 1}]}},
            "request_template.components.0.parameters",
        ),
        (
            {"request_template": {**TEMPLATE, "components": [{"type": "\0"}]}},
            "request_template",
        ),
    ],
)
def test_what_is_wrong_is_named(wish, name):
    assert parameter(replace(ANA, **wish)) == name


def test_a_request_needs_no_words():
    check_request("", {})
