"""Who is calling: `Authorization: Bearer prefix.secret` (RFC 6750)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from calls.models import ApiToken

REALM = 'Bearer realm="switchhook"'
#: `last_used_at` is for people; it need not cost a write per request.
TOUCH_SECONDS = 60
#: Compared with when no token has the prefix, so that a miss does the same work as a hit.
_DIGEST_OF_NOBODY = ApiToken.digest_of("")


@dataclass(frozen=True, slots=True)
class Client:
    """The program behind a token, as Django REST framework wants its `user`."""

    name: str
    is_authenticated: bool = True


class TokenAuthentication(BaseAuthentication):
    """Accepts bearer tokens and nothing else; sessions of the admin do not count here."""

    def authenticate(self, request: Request) -> tuple[Client, ApiToken] | None:
        """Return the client and its token, or None when no bearer token was sent.

        :raises AuthenticationFailed: the token is unknown, wrong or revoked; never which of them.
        """
        text = _bearer(request)
        if text is None:
            return None
        token = _find(text)
        if token is None:
            raise AuthenticationFailed("The token is not valid.")
        _touch(token, timezone.now())  # noqa: TID251 - the edge
        return Client(token.name), token

    def authenticate_header(self, request: Request) -> str:
        """Return `WWW-Authenticate`, which makes a refusal 401; with the error only if a token
        was sent (RFC 6750, section 3.1).
        """
        return REALM if _bearer(request) is None else f'{REALM}, error="invalid_token"'


def _bearer(request: Request) -> str | None:
    scheme, _, text = str(request.META.get("HTTP_AUTHORIZATION", "")).partition(" ")
    return text.strip() if scheme.lower() == "bearer" else None


def _find(text: str) -> ApiToken | None:
    prefix = text.partition(".")[0]
    known_letters = prefix.isascii() and prefix.isalnum()  # the database would choke on NUL
    token = ApiToken.objects.filter(prefix=prefix if known_letters else "").first()
    expected = token.digest if token else _DIGEST_OF_NOBODY
    is_right = hmac.compare_digest(ApiToken.digest_of(text), expected)
    return token if token and is_right and token.revoked_at is None else None


def _touch(token: ApiToken, now: datetime) -> None:
    stale = now - timedelta(seconds=TOUCH_SECONDS)
    if token.last_used_at is None or token.last_used_at < stale:
        long_ago = Q(last_used_at=None) | Q(last_used_at__lt=stale)
        ApiToken.objects.filter(long_ago, pk=token.pk).update(last_used_at=now)
