"""Prompts by name: those that ship with the worker, and the files of the prompts folder."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from sdp.media.audio import MAX_BYTES, UnreadableAudio, encode_prompt
from sdp.media.playback import Prompt
from sdp.media.prompt_cache import PromptCache

BUILT_IN = {"greeting": Path(__file__).parent / "prompts" / "greeting.opus"}

Key: TypeAlias = tuple[Path, int, int, float]


class NoSuchPrompt(Exception):
    """There is no prompt of that name."""


class PromptShelf:
    """Encodes each file once for each volume and keeps it, until the file changes."""

    def __init__(self, folder: Path, cache: PromptCache | None = None) -> None:
        self._folder = folder
        self._cache = cache or PromptCache()

    def check(self, name: str) -> None:
        """:raises NoSuchPrompt:"""
        self._key(name, 0.0)

    def peek(self, name: str, volume_db: float = 0.0) -> Prompt | None:
        """The prompt, if it is ready.

        :raises NoSuchPrompt:
        """
        return self._cache.peek(self._key(name, volume_db))

    async def get(self, name: str, volume_db: float = 0.0) -> Prompt:
        """The prompt, decoded in another thread if it has not been before.

        :raises NoSuchPrompt:
        :raises UnreadableAudio: there is such a file, but it cannot be played.
        """
        key = self._key(name, volume_db)
        return await self._cache.get(key, lambda: _read(key[0], name, volume_db))

    def _key(self, name: str, volume_db: float) -> Key:
        path = BUILT_IN.get(name) or self._folder / name
        is_plain = name == Path(name).name and not name.startswith(".")
        try:
            if not is_plain or not path.is_file():
                raise NoSuchPrompt(name)
            status = path.stat()
        except (OSError, ValueError) as error:
            raise NoSuchPrompt(name) from error
        return path, status.st_mtime_ns, status.st_size, volume_db


def _read(path: Path, name: str, volume_db: float) -> Prompt:
    try:
        with path.open("rb") as file:
            return encode_prompt(name, file.read(MAX_BYTES + 1), volume_db)
    except OSError as error:
        raise UnreadableAudio("the file cannot be read") from error
