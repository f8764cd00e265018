"""The address that Meta calls: the subscription handshake, and signed events.

A plain Django view that reads `request.body` once: the signature covers the raw bytes. It stores
and answers; nothing is interpreted while Meta waits. What is authentic is never answered with an
error because of its content, or Meta would send it again for days (Meta: webhooks).
"""

from __future__ import annotations

import logging
import re
from datetime import datetime

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, RequestDataTooBig
from django.db import Error
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from webhooks import inbound
from webhooks.models import AppSecret
from webhooks.signature import Key, parse_header, token_matches, verify

logger = logging.getLogger(__name__)

#: The app to which the secrets of the environment belong.
DEFAULT_APP = "default"
RETRY_AFTER_SECONDS = 5

#: Echoing anything else would let a visitor put markup on our domain.
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}")
_KEPT_HEADERS = ("Content-Type", "Content-Length", "User-Agent")


@csrf_exempt
@require_http_methods(["GET", "POST"])
def whatsapp(request: HttpRequest) -> HttpResponse:
    """GET is Meta's handshake, POST a delivery."""
    try:
        return _handshake(request) if request.method == "GET" else _receive(request)
    except (Error, ImproperlyConfigured) as error:
        # ImproperlyConfigured: a stored secret fits no encryption key. Both can be put right.
        logger.error("webhook not stored: %s", type(error).__name__)
        response = _plain("try again later", 503)
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response


def _handshake(request: HttpRequest) -> HttpResponse:
    """Repeat the challenge as the whole body if the verify token is ours (Meta: webhooks)."""
    challenge = request.GET.get("hub.challenge", "")
    tokens = [settings.WHATSAPP_VERIFY_TOKEN]
    tokens += [row.verify_token for row in AppSecret.objects.valid_at(timezone.now())]
    is_ours = token_matches(request.GET.get("hub.verify_token", ""), tokens)
    is_subscription = request.GET.get("hub.mode") == "subscribe"
    if is_ours and is_subscription and _CHALLENGE.fullmatch(challenge):
        return _plain(challenge, 200)
    logger.warning("webhook handshake refused, token %s", "known" if is_ours else "unknown")
    return _plain("forbidden", 403)


def _receive(request: HttpRequest) -> HttpResponse:
    """Verify, keep, acknowledge."""
    header = request.headers.get("X-Hub-Signature-256")
    if _declared_length(request) > settings.WEBHOOK_MAX_BODY:
        return _plain("too large", 413)
    if parse_header(header) is None:  # not worth a look into the database
        return _refuse(request, "no valid signature header")
    try:
        body = request.body
    except RequestDataTooBig:
        return _plain("too large", 413)
    except UnreadablePostError:
        return _plain("incomplete", 400)
    if len(body) > settings.WEBHOOK_MAX_BODY:
        return _plain("too large", 413)
    now = timezone.now()
    key = verify(body, header, _keys(now))
    if key is None:
        return _refuse(request, "the signature fits no secret")
    inbound.keep(
        body=body,
        app=key.app,
        secret_label=key.label,
        headers={name: _printable(request.headers.get(name, "")) for name in _KEPT_HEADERS},
        remote_address=_printable(request.META.get("REMOTE_ADDR", ""))[:64],
        now=now,
    )
    return _plain("ok", 200)


def _keys(now: datetime) -> list[Key]:
    """Return every secret that is valid now: those of the environment, then the stored ones."""
    keys = [
        Key(DEFAULT_APP, f"environment {position}", secret)
        for position, secret in enumerate(settings.WHATSAPP_APP_SECRETS, start=1)
    ]
    stored = AppSecret.objects.valid_at(now).order_by("pk")
    return keys + [Key(row.app, row.label, row.secret) for row in stored]


def _declared_length(request: HttpRequest) -> int:
    declared = request.META.get("CONTENT_LENGTH") or ""
    if not (declared.isascii() and declared.isdigit()):
        return 0
    return int(declared[:20])


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())[:255]


def _refuse(request: HttpRequest, reason: str) -> HttpResponse:
    logger.warning("webhook from %s refused: %s", request.META.get("REMOTE_ADDR", ""), reason)
    return _plain("invalid signature", 401)


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, status=status, content_type="text/plain; charset=utf-8")
