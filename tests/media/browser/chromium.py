"""The system's Chromium, headless, with a file for a microphone, and the page of a phone in it."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from playwright.async_api import Page, async_playwright

PAGES = Path(__file__).parent
FLAGS = [
    "--no-sandbox",  # there is no other way for root, and nothing but our page is opened
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--allow-loopback-in-peer-connection",
]


def executable() -> str:
    """Chromium's path.

    :raises FileNotFoundError: there is none; the message says what to do.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise FileNotFoundError("Chromium is missing: run bin/peers, or set CHROMIUM to its path")
    return found


class Phone:
    """`window.phone` of the page; see phone.js."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def _do(self, expression: str, argument: Any = None) -> Any:
        return await self._page.evaluate(f"(argument) => phone.{expression}", argument)

    async def offer(self, *, speak: bool = True) -> str:
        return str(await self._do("offer(argument)", {"speak": speak}))

    async def connect(self, answer: str) -> None:
        await self._do("connect(argument)", answer)

    async def press(self, digits: str) -> None:
        await self._do("press(argument)", digits)

    async def speak(self, is_on: bool) -> float:
        """Open or close the microphone; seconds since 1970."""
        return float(await self._do("speak(argument)", is_on)) / 1000

    async def await_sound(self) -> None:
        await self._do("awaitSound()")

    async def onset(self) -> float | None:
        """When the awaited sound began, seconds since 1970; None: not yet."""
        milliseconds = await self._do("onset")
        return None if milliseconds is None else float(milliseconds) / 1000

    async def heard(self) -> np.ndarray:
        """All that was heard: 48 kHz, 16 bits."""
        return np.frombuffer(base64.b64decode(await self._do("heard()")), np.int16)

    async def statistics(self) -> dict[str, Any]:
        reports: dict[str, Any] = await self._do("statistics()")
        return reports

    async def close(self) -> None:
        await self._do("close()")


@asynccontextmanager
async def serving() -> AsyncIterator[str]:
    """The page's address, on loopback."""
    application = web.Application()
    application.router.add_static("/", PAGES)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/phone.html"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def phone(microphone: Path) -> AsyncIterator[Phone]:
    """A browser with the phone's page.

    :param microphone: a WAV file that it hears again and again.
    """
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={microphone}"]
    async with serving() as address, async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable(), args=flags)
        try:
            page = await browser.new_page()
            await page.goto(address)
            yield Phone(page)
        finally:
            await browser.close()
