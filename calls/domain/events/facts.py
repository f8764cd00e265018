"""Values that events carry: the far end, an error of Meta's, a file that Meta holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

#: Text, numbers, lists and mappings of them.
JsonObject: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """The WhatsApp user at the far end; either id may be missing (Meta: business-scoped-user-ids)."""

    wa_id: str = ""  # phone number, digits only
    user_id: str = ""  # business-scoped user id (BSUID)
    parent_user_id: str = ""
    name: str = ""
    username: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderError:
    """One entry of Meta's `errors[]`, verbatim."""

    code: int = 0
    title: str = ""
    message: str = ""
    details: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReference:
    """A file that Meta holds for us (Meta: calling/call-recording): the url lives 5 minutes, the id 7 days."""

    id: str = ""
    mime_type: str = ""
    sha256: str = ""
    url: str = ""
