"""How long prompts last, so that a number can ring for as long as one of them.

The media workers know. They are asked beforehand, never while a caller waits.
"""

from __future__ import annotations

import logging
from datetime import datetime

from calls import media_workers
from calls.models import PhoneNumber
from sdp.media.client import MediaError
from sdp.media.messages import MediaErrorCode

logger = logging.getLogger(__name__)


def measure(now: datetime) -> int:
    """Write down how long the ring prompts last; return for how many numbers that is news.

    While no media worker answers, what was known stays. Of a prompt that does not exist nothing
    is known: the number rings for its `ring_seconds`.
    """
    wanted = PhoneNumber.objects.exclude(ring_prompt="").values_list("ring_prompt", flat=True)
    changed = 0
    for name in wanted.distinct().order_by("ring_prompt"):
        try:
            length = _ask(name, now)
        except MediaError as error:
            if error.code is not MediaErrorCode.NO_SUCH_PROMPT:
                continue
            length = None
        numbers = PhoneNumber.objects.filter(ring_prompt=name).exclude(ring_prompt_ms=length)
        news = numbers.update(ring_prompt_ms=length)
        changed += news
        if news and length is None:
            logger.warning("there is no ring prompt %r any more", name)
    return changed


def _ask(name: str, now: datetime) -> int:
    """Return milliseconds, as one of the media workers says.

    :raises MediaError: none is there, or it has no such prompt.
    """
    for worker in media_workers.list_live(now):
        try:
            return media_workers.client(worker.url).prompt_duration(name)
        except MediaError as error:
            if error.code is not None:
                raise
    raise MediaError("no media worker is alive", sent=False)
