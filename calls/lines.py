"""The line from one of our numbers to Graph: is its token good, and is there room on it?

Every request goes through `exchange`. A refused token (190) opens the number's circuit: nothing is
sent but one probe each PROBE_EVERY, everything else fails at once, so that a dead token makes no
storm. Answers tell how full Meta's limits are; near the end what can wait has to, and what a caller
waits for goes through. All of it is kept on the number's row, for every process.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings

from calls import graph, number_health
from calls.domain.events import ProviderError
from calls.domain.incidents import Incident
from calls.domain.quotas import PROBE_EVERY
from calls.domain.vocabulary import HangupCause, IncidentKind, IncidentSource
from calls.graph import GraphClient, GraphError, Reply, Usage, Verdict
from calls.models import PhoneNumber

logger = logging.getLogger(__name__)

Request = Callable[[GraphClient, str], Reply]

#: From so many percent of a limit on, what can wait has to.
FULL_PERCENT = 80
#: How long, when Meta does not say.
PAUSE = timedelta(seconds=60)
#: Figures in between are written this seldom: answering a call must not cost a write.
REMEMBER = timedelta(minutes=5)
COARSE_PERCENT = 10
#: Limits of the app, the account or the number, not of one user (Meta: support/error-codes).
_LIMITS = (4, 613, 80007, 130429, 138005)
_TOKEN_REFUSED = 190
_HTTP_UNAUTHORIZED = 401


def exchange(
    number: PhoneNumber, request: Request, *, now: datetime, can_wait: bool = False
) -> Reply:
    """Send one request for a number, with its present token.

    :param can_wait: nobody is on the line: not sent while Meta's limits are nearly full.
    :raises GraphError: as Graph says; or not sent, because the token was refused before, or
        because it can wait (RETRY, with the time in `usage.free_in`).
    """
    if number.token_refused_at is not None:
        raise _refused_before(number.token_refused_at)
    paused_until = number.graph_paused_until
    if can_wait and paused_until is not None and paused_until > now:
        raise _paused(paused_until - now)
    token = number.access_token
    client = graph.client(settings.GRAPH_API_URL, settings.GRAPH_API_VERSION)
    try:
        reply = request(client, token)
    except GraphError as error:
        _note_usage(number, error.usage, now, is_limited=_is_limited(error))
        number_health.refused(number, error.error, now)
        if _is_refused(error):
            _open(number, token, now)
        raise
    _note_usage(number, reply.usage, now)
    return reply


def is_paused(number: PhoneNumber, now: datetime) -> bool:
    """Does what can wait have to wait now?"""
    return number.graph_paused_until is not None and number.graph_paused_until > now


def _refused_before(at: datetime) -> GraphError:
    message = f"not sent: the access token was refused at {at:%Y-%m-%d %H:%M:%S} UTC"
    return GraphError(
        Verdict.GIVE_UP,
        HangupCause.AUTHENTICATION_FAILED,
        message,
        error=ProviderError(code=_TOKEN_REFUSED, message=message),
    )


def _paused(left: timedelta) -> GraphError:
    return GraphError(
        Verdict.RETRY,
        HangupCause.LIMIT_REACHED,
        "not sent: Meta's limits are nearly full",
        usage=Usage(free_in=left),
    )


# --- the token ----------------------------------------------------------------------------------


def probe(now: datetime) -> int:
    """Try the refused tokens whose turn it is, one request each; return how many work again."""
    refused = PhoneNumber.objects.exclude(token_refused_at=None)
    closed = 0
    for number in refused.filter(token_probe_at__lte=now):
        mine = PhoneNumber.objects.filter(pk=number.pk, token_probe_at=number.token_probe_at)
        if mine.update(token_probe_at=now + PROBE_EVERY) and _is_good(number):
            closed += close(number, now)
    return closed


def close(number: PhoneNumber, now: datetime) -> bool:
    """The token works, or there is another one: send again. False: it was not refused."""
    refused = PhoneNumber.objects.filter(pk=number.pk, token_refused_at__isnull=False)
    is_closed = bool(refused.update(token_refused_at=None, token_probe_at=None))
    number.token_refused_at = number.token_probe_at = None
    if is_closed:
        number_health.end(number, [IncidentKind.TOKEN_REFUSED], IncidentSource.SUCCESS, now)
        logger.warning("number %s: requests to Graph are sent again", number.wa_phone_number_id)
    return is_closed


def _is_good(number: PhoneNumber) -> bool:
    """Whatever Meta says beside a refusal is said to a token that it knows."""
    client = graph.client(settings.GRAPH_API_URL, settings.GRAPH_API_VERSION)
    try:
        client.number(number.wa_phone_number_id, token=number.access_token)
    except GraphError as error:
        return error.error is not None and not _is_refused(error)
    return True


def _is_refused(error: GraphError) -> bool:
    """190; or 0 with its status, since 0 is also what is read of a code that is none."""
    if error.error is None:
        return False
    code = error.error.code
    return code == _TOKEN_REFUSED or (code == 0 and error.http_status == _HTTP_UNAUTHORIZED)


def _open(number: PhoneNumber, token: str, now: datetime) -> None:
    """Refused: remember it, unless the token was replaced while the request was on its way."""
    stored = PhoneNumber.objects.only("access_token").get(pk=number.pk)
    if stored.access_token != token:
        return
    good = PhoneNumber.objects.filter(pk=number.pk, token_refused_at=None)
    if good.update(token_refused_at=now, token_probe_at=now + PROBE_EVERY):
        logger.error(
            "number %s: Meta refuses the access token; nothing is sent until it is replaced",
            number.wa_phone_number_id,
        )
        incident = Incident(kind=IncidentKind.TOKEN_REFUSED, code=_TOKEN_REFUSED)
        number_health.begin(number, incident, IncidentSource.ERROR, at=now, now=now)
    number.token_refused_at = now


# --- the limits ---------------------------------------------------------------------------------


def _is_limited(error: GraphError) -> bool:
    code = error.error.code if error.error is not None else None
    return code in _LIMITS or (code is None and error.verdict is Verdict.RETRY and _is_429(error))


def _is_429(error: GraphError) -> bool:
    return error.http_status == 429


def _note_usage(
    number: PhoneNumber, usage: Usage, now: datetime, *, is_limited: bool = False
) -> None:
    """Write what an answer tells about the limits, if it is news."""
    until = _pause(usage, now, is_limited)
    is_news = until is not None or number.graph_paused_until is not None
    if not is_news and not _is_figure_news(number, usage, now):
        return
    if usage.percent is not None:
        number.graph_usage_percent, number.graph_usage_at = usage.percent, now
    elif until is None:
        return  # an answer without figures says nothing about a pause either
    number.graph_paused_until = until
    PhoneNumber.objects.filter(pk=number.pk).update(
        graph_usage_percent=number.graph_usage_percent,
        graph_usage_at=number.graph_usage_at,
        graph_paused_until=until,
    )


def _pause(usage: Usage, now: datetime, is_limited: bool) -> datetime | None:
    if usage.free_in is not None:
        return now + usage.free_in
    is_full = usage.percent is not None and usage.percent >= FULL_PERCENT
    return now + PAUSE if is_full or is_limited else None


def _is_figure_news(number: PhoneNumber, usage: Usage, now: datetime) -> bool:
    if usage.percent is None:
        return False
    known, at = number.graph_usage_percent, number.graph_usage_at
    if known is None or at is None or now - at > REMEMBER:
        return True
    return abs(usage.percent - known) >= COARSE_PERCENT
