"""What must never be written: secrets, SDP, phone numbers."""

from __future__ import annotations

import io
import logging

import pytest

from project.logging import FORMAT, NotAboutReadiness, RedactingFormatter, configuration, redact

SDP = (
    "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nm=audio 3480 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=ice-ufrag:KANARI\r\na=ice-pwd:canarypasswordcanarypassword\r\n"
    "a=fingerprint:sha-256 AA:BB:CC\r\na=candidate:1 1 udp 1 203.0.113.9 3480 typ host\r\n"
)


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("token EAAGm0PX4ZCpsBAcanary rejected", "token [hidden] rejected"),
        ("Authorization: Bearer canary.canary-canary", "Authorization: Bearer [hidden]"),
        ("Authorization: Token 0123456789abcdef", "Authorization: Token [hidden]"),
        ("GET /x?access_token=canary&v=1", "GET /x?access_token=[hidden]&v=1"),
        ("hub.verify_token=canary&hub.mode=x", "hub.verify_token=[hidden]&hub.mode=x"),
        ('{"app_secret": "canary", "b": 1}', '{"app_secret": "[hidden]", "b": 1}'),
        ("{'password': 'canary'}", "{'password': '[hidden]'}"),
        ("MEDIA_SECRET=canary", "MEDIA_SECRET=[hidden]"),
        ("X-Hub-Signature-256: sha256=" + "ab" * 32, "X-Hub-Signature-256: sha256=[hidden]"),
        ("whsec_Y2FuYXJ5Y2FuYXJ5", "[hidden]"),
        ("redis://:canary@h:1/0", "redis://:[hidden]@h:1/0"),
        ("postgres://me:can/ary@h/n", "postgres://me:[hidden]@h/n"),
        ("from +44 7700 900123, again", "from +…23, again"),
        ("from +447700900123.", "from +…23."),
        ("from 447700900123, to 15550783881", "from …23, to …81"),
        ("id wacid.HBgLNDQ3NzAwOTAwMTIzFQIAEhggAAAA", "id wacid.…EhggAAAA"),
        ("a=ice-pwd:canarycanary", "[sdp]"),
        ("ice-pwd='canarycanary' set", "ice-pwd='[hidden]' set"),
    ],
)
def test_secrets_and_phone_numbers_are_taken_out(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "call 0f8fad5b-d9cb-469f-a165-70867728950e: offered -> answering",
        "2026-11-21 02:54:01,123 INFO",
        "status 200 in 1234 ms, port 40999, attempt 3",
        "at 1763693701.123456",
        "boot 4f2a9c81e0b34d6f, sequence 12",
        "v25.0/106/calls",
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text", [SDP, repr({"sdp": SDP, "type": "offer"}), f"answer: {SDP!r} refused", str([SDP])]
)
def test_no_line_of_an_sdp_gets_out_however_it_is_printed(text: str) -> None:
    redacted = redact(text)

    for canary in ("KANARI", "canarypassword", "AA:BB", "203.0.113.9", "192.0.2.7"):
        assert canary not in redacted


def test_what_follows_a_printed_sdp_stays_readable() -> None:
    assert redact(repr({"sdp": SDP, "type": "offer"})) == "{'sdp': '[sdp]', 'type': 'offer'}"


@pytest.fixture
def written() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(RedactingFormatter(FORMAT))
    logger = logging.Logger("test")  # noqa: LOG001 - its own, not in the tree
    logger.addHandler(handler)
    return logger, stream


def test_arguments_of_a_record_are_redacted(written: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = written

    logger.warning("caller %s with %r", "+447700900123", {"access_token": "canary"})

    assert stream.getvalue().endswith("caller +…23 with {'access_token': '[hidden]'}\n")


def test_a_traceback_is_redacted_and_stays_on_one_line(
    written: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = written

    try:
        raise ValueError("Bearer canarycanary\nfrom +447700900123")
    except ValueError:
        logger.exception("failed")

    assert stream.getvalue().count("\n") == 1
    assert "canary" not in stream.getvalue()
    assert "7700900" not in stream.getvalue()
    assert "Traceback (most recent call last): |" in stream.getvalue()


@pytest.mark.parametrize(("path", "is_written"), [("/readyz", False), ("/api/v1/calls/", True)])
def test_an_unready_answer_is_no_error_of_the_service(path: str, is_written: bool) -> None:
    record = logging.makeLogRecord({"msg": "%s: %s", "args": ("Service Unavailable", path)})

    assert NotAboutReadiness().filter(record) is is_written


def test_a_record_without_arguments_is_written() -> None:
    assert NotAboutReadiness().filter(logging.makeLogRecord({"msg": "plain", "args": None}))


def test_every_handler_of_the_service_redacts() -> None:
    settings = configuration("INFO")

    assert settings["root"]["handlers"] == list(settings["handlers"])
    assert {handler["formatter"] for handler in settings["handlers"].values()} == {"line"}
    assert settings["formatters"]["line"]["()"] == "project.logging.RedactingFormatter"


def test_no_logger_of_django_writes_past_the_redaction() -> None:
    for name in ("django", "django.server", "django.request", "django.security"):
        assert logging.getLogger(name).handlers == [], name
    formatters = [type(handler.formatter) for handler in logging.getLogger().handlers]
    assert RedactingFormatter in formatters
