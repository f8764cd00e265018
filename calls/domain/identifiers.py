"""Our ids, as others write them."""

from __future__ import annotations

from uuid import UUID


def read_id(text: str) -> UUID | None:
    """Return the id that `text` spells; None when it is none of ours."""
    try:
        return UUID(text)
    except ValueError:
        return None
