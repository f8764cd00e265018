"""Speech as prompts: made once, heard while it is made, and kept while there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any
from weakref import ReferenceType, ref

from sdp.media.messages import MessageError
from sdp.media.playback import GrowingPrompt, Prompt, Sounding
from sdp.media.prompt_cache import PromptCache
from sdp.media.speech.engines import CannotSay, Engines
from sdp.media.speech.program import SpeechSettings
from sdp.media.speech.script import Say
from sdp.media.speech.speaking import Speaking, Workshop

CACHE_BYTES = 32 * 1024 * 1024  # about three and a half hours


@dataclass(slots=True, eq=False)
class _Job:
    prompt: ReferenceType[GrowingPrompt]
    news: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Speaker:
    """All speech of a worker. Belongs to one asyncio loop."""

    def __init__(self, settings: SpeechSettings) -> None:
        self._language = settings.language
        self._engines = Engines(settings)
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="speech")
        self._workshop = Workshop(self._engines, self._executor)
        self._cache = PromptCache(CACHE_BYTES)
        self._jobs: dict[Hashable, _Job] = {}

    async def voices(self) -> dict[str, Any]:
        """What the engine is, its languages and its voices; starts it if need be.

        :raises CannotSay: there is no engine.
        """
        return (await self._engines.greet()).to_json()

    def check(self, say: Say) -> None:
        """Say at once what is certain to fail; before the engine has been started nothing is.

        :raises MessageError: it knows no such language or voice.
        """
        hello = self._engines.hello
        why_not = hello.why_not(self._complete(say)) if hello else None
        if why_not is not None:
            raise MessageError(f"{say.path}.{why_not[0]}: {why_not[1]}")

    def peek(self, say: Say, factor: float) -> Sounding | None:
        """The speech, if some of it is there to be heard already."""
        key = (self._complete(say), factor)
        job = self._jobs.get(key)
        prompt = job.prompt() if job else None
        return prompt if prompt is not None and prompt.packets else self._cache.peek(key)

    async def get(self, say: Say, factor: float, *, whole: bool = False) -> Sounding:
        """The speech, as soon as its beginning is there.

        :param factor: louder or quieter than the prompts by that.
        :param whole: wait for all of it.
        :raises CannotSay:
        """
        say = self._complete(say)
        kept = self._cache.peek((say, factor))
        if kept is not None:
            return kept
        job, prompt = self._job(say, factor)
        while not prompt.is_complete and (whole or not prompt.packets):
            prompt.wanted = max(prompt.wanted, len(prompt.packets) if whole else 0)
            job.news.clear()
            await job.news.wait()
        if prompt.problem and not prompt.packets:
            raise CannotSay(prompt.problem)
        return prompt

    def _complete(self, say: Say) -> Say:
        return say if say.language else replace(say, language=self._language)

    def _job(self, say: Say, factor: float) -> tuple[_Job, GrowingPrompt]:
        """The making of a speech: that which goes on, or a new one."""
        key = (say, factor)
        job = self._jobs.get(key)
        prompt = job.prompt() if job else None
        if job is not None and prompt is not None:
            return job, prompt
        prompt = GrowingPrompt("speech")
        job = self._jobs[key] = _Job(ref(prompt))
        speaking = Speaking(self._workshop, say, factor, prompt, job.news.set)
        job.task = asyncio.create_task(self._make(key, job, speaking))
        return job, prompt

    async def _make(self, key: Hashable, job: _Job, speaking: Speaking) -> None:
        try:
            await speaking.run()
        finally:
            if self._jobs.get(key) is job:
                del self._jobs[key]
            prompt = job.prompt()
            if prompt is not None and not prompt.is_complete:
                prompt.complete("speech was interrupted")
            job.news.set()
        if prompt is not None and not prompt.problem:
            self._cache.put(key, Prompt(prompt.name, tuple(prompt.packets)))

    async def close(self) -> None:
        """Stop to speak, and end the engine."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._engines.close()
        self._executor.shutdown(wait=False, cancel_futures=True)
