"""What Meta knows of our numbers and nobody has typed in: the number itself, as people dial it.

`account_update` webhooks name nothing else, links that call us are made of it, and its country
decides whether it may call at all.
"""

from __future__ import annotations

import logging
from datetime import datetime

from calls import graph, lines
from calls.graph import GraphError
from calls.models import PhoneNumber

logger = logging.getLogger(__name__)

SWEEP_BATCH = 20


def learn(now: datetime) -> int:
    """Ask Meta for the numbers that we do not know, one request each; return how many are known."""
    nameless = PhoneNumber.objects.filter(display_phone_number="", token_refused_at=None)
    return sum(_learn(number, now) for number in nameless.exclude(access_token="")[:SWEEP_BATCH])


def _learn(number: PhoneNumber, now: datetime) -> int:
    number_id = number.wa_phone_number_id
    try:
        reply = lines.exchange(
            number, lambda client, token: client.number(number_id, token=token), now=now
        )
    except GraphError as error:
        logger.warning("number %s: its digits are not known: %s", number_id, error)
        return 0
    found = graph.display_phone_number(reply)
    still = PhoneNumber.objects.filter(pk=number.pk, display_phone_number="")
    return still.update(display_phone_number=found) if found else 0
