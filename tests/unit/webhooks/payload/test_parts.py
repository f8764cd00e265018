"""Errors and files, with any of their fields missing."""

from __future__ import annotations

from calls.domain.events import MediaReference, ProviderError
from webhooks.payload.parts import MAX_ERRORS, read_errors, read_media


def test_an_error_is_read_with_all_its_fields():
    errors = read_errors(
        [
            {
                "code": "138021",
                "title": "No audio",
                "message": "No audio from the user",
                "href": "https://example.test/errors",
                "error_data": {"details": "20 seconds"},
            }
        ]
    )

    assert errors == (
        ProviderError(
            code=138021,
            title="No audio",
            message="No audio from the user",
            details="20 seconds",
            href="https://example.test/errors",
        ),
    )


def test_an_error_may_lack_everything_but_one_field():
    assert read_errors([{"code": 1}, {"error_data": {"details": "x"}}]) == (
        ProviderError(code=1),
        ProviderError(details="x"),
    )


def test_errors_of_any_type_are_taken_and_empty_ones_left_out():
    assert read_errors({"code": 1}) == (ProviderError(code=1),)
    assert read_errors("broken") == (ProviderError(message="broken"),)
    assert read_errors([{}, None, [], {"error_data": []}]) == ()
    assert read_errors(None) == ()


def test_a_thousand_errors_are_cut():
    assert len(read_errors([{"code": 1}] * 1000)) == MAX_ERRORS


def test_a_file_is_read_with_whatever_it_has():
    assert read_media({"id": 5544332211, "mime_type": "audio/ogg", "sha256": "a=", "url": "u"}) == (
        MediaReference(id="5544332211", mime_type="audio/ogg", sha256="a=", url="u")
    )
    assert read_media(None) == MediaReference()
