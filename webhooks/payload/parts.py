"""Parts that calls and messages share: errors, and files that Meta holds for us."""

from __future__ import annotations

from calls.domain.events import MediaReference, ProviderError
from webhooks.payload import fields

MAX_ERRORS = 20


def read_errors(value: object) -> tuple[ProviderError, ...]:
    """Return the entries of an `errors[]`; all of their fields are optional (2.4)."""
    errors = [_read_error(element) for element in fields.elements(value)[:MAX_ERRORS]]
    return tuple(error for error in errors if error != ProviderError())


def read_media(value: object) -> MediaReference:
    """Return a file that Meta holds for us, as recordings and audio messages name it."""
    media = fields.mapping(value)
    return MediaReference(
        id=fields.identifier(media.get("id")),
        mime_type=fields.text(media.get("mime_type")),
        sha256=fields.text(media.get("sha256")),
        url=fields.text(media.get("url"), fields.MAX_DETAIL),
    )


def _read_error(element: object) -> ProviderError:
    error = element if isinstance(element, dict) else {"message": element}
    error_data = fields.mapping(error.get("error_data"))
    return ProviderError(
        code=fields.integer(error.get("code")) or 0,
        title=fields.text(error.get("title"), fields.MAX_DETAIL),
        message=fields.text(error.get("message"), fields.MAX_DETAIL),
        details=fields.text(error_data.get("details"), fields.MAX_DETAIL),
        href=fields.text(error.get("href"), fields.MAX_DETAIL),
    )
