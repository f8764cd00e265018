"""Prompts by name: those that ship with the worker, and the files of the prompts folder."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from sdp.media.audio import MAX_BYTES, UnreadableAudio, encode_prompt
from sdp.media.messages import Playback
from sdp.media.playback import Player, Prompt

log = logging.getLogger("sdp.media")

BUILT_IN = {"greeting": Path(__file__).parent / "prompts" / "greeting.opus"}
CACHE_BYTES = 64 * 1024 * 1024


class NoSuchPrompt(Exception):
    """There is no prompt of that name."""


class PromptShelf:
    """Encodes each file once and keeps it, until the file changes or room is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache: dict[tuple[Path, int, int], Prompt] = {}
        self._loading: dict[tuple[Path, int, int], asyncio.Task[Prompt]] = {}

    async def get(self, name: str) -> Prompt:
        """The prompt, decoded in another thread if it has not been before.

        :raises NoSuchPrompt:
        :raises UnreadableAudio: there is such a file, but it cannot be played.
        """
        key = self._key(name)
        prompt = self._cache.get(key)
        if prompt is not None:
            self._cache[key] = self._cache.pop(key)  # used last
            return prompt
        task = self._loading.get(key)
        if task is None:
            task = asyncio.create_task(self._load(key, name))
            self._loading[key] = task
            task.add_done_callback(lambda _: self._loading.pop(key, None))
        return await asyncio.shield(task)

    async def warm(self, name: str) -> None:
        """Have a prompt ready for later."""
        try:
            await self.get(name)
        except NoSuchPrompt:
            log.warning("a prompt is missing")
        except UnreadableAudio as error:
            log.warning("a prompt cannot be played: %s", error)

    async def player(self, playback: Playback, seconds: float) -> tuple[Player | None, str]:
        """What plays the prompt; or None and why not, after at most `seconds`."""
        try:
            prompt = await asyncio.wait_for(self.get(playback.prompt), seconds)
        except NoSuchPrompt:
            return None, "there is no such prompt"
        except UnreadableAudio as error:
            return None, str(error)
        except TimeoutError:
            return None, "the prompt was not ready in time"
        return Player(playback.playback_id, prompt), ""

    async def _load(self, key: tuple[Path, int, int], name: str) -> Prompt:
        prompt = await asyncio.to_thread(_read, key[0], name)
        self._cache[key] = prompt
        while len(self._cache) > 1 and sum(p.size for p in self._cache.values()) > CACHE_BYTES:
            del self._cache[next(iter(self._cache))]
        return prompt

    def _key(self, name: str) -> tuple[Path, int, int]:
        path = BUILT_IN.get(name) or self._folder / name
        is_plain = name == Path(name).name and not name.startswith(".")
        try:
            if not is_plain or not path.is_file():
                raise NoSuchPrompt(name)
            status = path.stat()
        except (OSError, ValueError) as error:
            raise NoSuchPrompt(name) from error
        return path, status.st_mtime_ns, status.st_size


def _read(path: Path, name: str) -> Prompt:
    try:
        with path.open("rb") as file:
            return encode_prompt(name, file.read(MAX_BYTES + 1))
    except OSError as error:
        raise UnreadableAudio("the file cannot be read") from error
