"""The sound that a request names, as a prompt: a file, an address, a tone or speech."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from sdp.media.audio import UnreadableAudio, encode_prompt, encode_samples
from sdp.media.fetching import CannotFetch, Fetcher, FetchPolicy
from sdp.media.messages import MediaErrorCode, MessageError
from sdp.media.operations.options import Source
from sdp.media.playback import Sounding
from sdp.media.prompt_cache import PromptCache
from sdp.media.prompt_files import BUILT_IN, NoSuchPrompt, PromptShelf
from sdp.media.registry import Refused
from sdp.media.speech.engines import CannotSay
from sdp.media.speech.program import SpeechSettings
from sdp.media.speech.speaker import Speaker
from sdp.media.tones import ToneName, tone

log = logging.getLogger("sdp.media")

READY_SECONDS = 15.0


class NoSound(Exception):
    """The sound cannot be played; the message says why, for people."""


class Sources:
    """All prompts of a worker. Belongs to one asyncio loop."""

    def __init__(self, prompts: Path, policy: FetchPolicy, speech: SpeechSettings) -> None:
        self._cache = PromptCache()
        self.shelf = PromptShelf(prompts, self._cache)
        self._fetcher = Fetcher(policy)
        self._speaker = Speaker(speech)

    async def warm(self, name: str) -> None:
        """Have a prompt ready for later."""
        try:
            await self.get(Source(prompt=name), 0.0)
        except NoSound as error:
            log.warning("a prompt cannot be played: %s", error)

    async def voices(self) -> dict[str, Any]:
        """See `Speaker.voices`.

        :raises Refused: no_speech: there is no engine.
        """
        try:
            return await self._speaker.voices()
        except CannotSay as error:
            raise Refused(MediaErrorCode.NO_SPEECH, str(error)) from None

    async def warm_all(self) -> None:
        """Have ready what the first call would wait for."""
        for name in BUILT_IN:
            await self.warm(name)
        try:
            await self._speaker.voices()
        except CannotSay as error:
            log.warning("nothing can be said: %s", error)

    async def close(self) -> None:
        """End the speech engine."""
        await self._speaker.close()

    def check(self, source: Source) -> None:
        """Say at once what is certain to fail.

        :raises Refused: no_such_prompt.
        :raises MessageError: an address that is never fetched; a language that nobody speaks.
        """
        try:
            if source.prompt is not None:
                self.shelf.check(source.prompt)
            elif source.url is not None:
                self._fetcher.check(source.url)
            elif source.say is not None:
                self._speaker.check(source.say)
        except NoSuchPrompt:
            raise Refused(MediaErrorCode.NO_SUCH_PROMPT, "there is no such prompt") from None
        except CannotFetch as error:
            raise MessageError(f"options.source.url: {error}") from error

    def peek(self, source: Source, volume_db: float) -> Sounding | None:
        """The prompt, if it needs no waiting."""
        if source.prompt is not None:
            try:
                return self.shelf.peek(source.prompt, volume_db)
            except NoSuchPrompt:
                return None
        if source.url is not None:
            fetched = self._fetcher.peek(source.url)
            key = fetched and (source.url, fetched.version, volume_db)
            return self._cache.peek(key) if key else None
        if source.say is not None:
            return self._speaker.peek(source.say, _factor(volume_db))
        return self._cache.peek((source, volume_db))

    async def get(self, source: Source, volume_db: float, *, whole: bool = False) -> Sounding:
        """The prompt: read, fetched or spoken, decoded, made louder or quieter, encoded.

        :param whole: all of it; without that speech is there as soon as it begins.
        :raises NoSound:
        """
        try:
            async with asyncio.timeout(READY_SECONDS):
                return await self._get(source, volume_db, whole)
        except NoSuchPrompt:
            raise NoSound("there is no such prompt") from None
        except TimeoutError:
            raise NoSound("the sound was not ready in time") from None
        except (UnreadableAudio, CannotFetch, CannotSay) as error:
            raise NoSound(str(error)) from error

    async def _get(self, source: Source, volume_db: float, whole: bool) -> Sounding:
        if source.prompt is not None:
            return await self.shelf.get(source.prompt, volume_db)
        if source.url is not None:
            fetched = await self._fetcher.get(source.url)
            key = (source.url, fetched.version, volume_db)
            return await self._cache.get(key, lambda: encode_prompt("url", fetched.body, volume_db))
        if source.say is not None:
            return await self._speaker.get(source.say, _factor(volume_db), whole=whole)
        name = source.tone or ToneName.BEEP
        return await self._cache.get(
            (source, volume_db),
            lambda: encode_samples(name, tone(name, source.country, source.digits), volume_db),
        )


def _factor(volume_db: float) -> float:
    return float(10 ** (volume_db / 20))
