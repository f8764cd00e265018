"""Encoded prompts in memory: each made once, in another thread, and kept while there is room."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable

from sdp.media.playback import Prompt

CACHE_BYTES = 64 * 1024 * 1024


class PromptCache:
    """By any key that changes when the sound does. Belongs to one asyncio loop."""

    def __init__(self, most_bytes: int = CACHE_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._prompts: dict[Hashable, Prompt] = {}
        self._making: dict[Hashable, asyncio.Task[Prompt]] = {}

    def peek(self, key: Hashable) -> Prompt | None:
        """The prompt, if it has been made."""
        prompt = self._prompts.get(key)
        if prompt is not None:
            self._prompts[key] = self._prompts.pop(key)  # used last
        return prompt

    async def get(self, key: Hashable, make: Callable[[], Prompt]) -> Prompt:
        """The prompt; what `make` raises is raised."""
        prompt = self.peek(key)
        if prompt is not None:
            return prompt
        task = self._making.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, make))
            self._making[key] = task
            task.add_done_callback(lambda _: self._making.pop(key, None))
        return await asyncio.shield(task)

    async def _make(self, key: Hashable, make: Callable[[], Prompt]) -> Prompt:
        prompt = await asyncio.to_thread(make)
        self.put(key, prompt)
        return prompt

    def put(self, key: Hashable, prompt: Prompt) -> None:
        """Keep a prompt; those that were not used for longest go if there is no room for all."""
        self._forget(key)
        self._prompts[key] = prompt
        self._bytes += prompt.size
        while len(self._prompts) > 1 and self._bytes > self._most_bytes:
            self._forget(next(iter(self._prompts)))

    def _forget(self, key: Hashable) -> None:
        prompt = self._prompts.pop(key, None)
        self._bytes -= prompt.size if prompt else 0
