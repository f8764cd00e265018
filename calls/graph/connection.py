"""The client: one per process, every request bounded by the wall clock."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import TimeoutError as FutureTimeoutError
from functools import cache
from http import HTTPStatus
from urllib.parse import urlencode

import httpx

from calls.domain.vocabulary import HangupCause
from calls.graph.downloads import DOWNLOAD_SECONDS, MAX_FILE_BYTES, Mistrusted, check_address
from calls.graph.verdicts import GraphError, Reply, Verdict, not_answered, read

CONNECT_SECONDS = 2.0
TOTAL_SECONDS = 5.0
MAX_REPLY_BYTES = 256 * 1024


class GraphClient:
    """One per process: keeps connections open and bounds every request by the wall clock.

    httpx's own timeouts restart with every byte, so a server that drips outlives them; here a
    loop in a thread of its own cancels the whole exchange.
    """

    def __init__(self, base_url: str, version: str) -> None:
        """:param base_url: for example ``https://graph.facebook.com``; version ``v25.0``."""
        self._base_url = base_url
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="graph", daemon=True).start()
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=100, max_keepalive_connections=20),
            follow_redirects=False,
            trust_env=False,
        )

    def send(self, phone_number_id: str, body: bytes, *, token: str) -> Reply:
        """POST one action to ``/{phone_number_id}/calls``.

        :raises GraphError: with the verdict; at most TOTAL_SECONDS after the call.
        """
        return self._exchange("POST", f"{phone_number_id}/calls", body, token)

    def send_message(self, phone_number_id: str, body: bytes, *, token: str) -> Reply:
        """POST one message to ``/{phone_number_id}/messages``.

        :raises GraphError: as `send`.
        """
        return self._exchange("POST", f"{phone_number_id}/messages", body, token)

    def permissions(
        self, phone_number_id: str, *, wa_id: str = "", user_id: str = "", token: str
    ) -> Reply:
        """GET what one user and Meta's limits allow; see `replies.permission`.

        :raises GraphError: as `send`.
        """
        who = {"user_wa_id": wa_id} if wa_id else {"recipient": user_id}
        path = f"{phone_number_id}/call_permissions?{urlencode(who)}"
        return self._exchange("GET", path, None, token)

    def settings(self, phone_number_id: str, *, token: str) -> Reply:
        """GET the number's settings; see `replies.calling_settings`.

        :raises GraphError: as `send`.
        """
        return self._exchange("GET", f"{phone_number_id}/settings", None, token)

    def change_settings(self, phone_number_id: str, body: bytes, *, token: str) -> Reply:
        """POST settings: what is named is replaced.

        :raises GraphError: as `send`.
        """
        return self._exchange("POST", f"{phone_number_id}/settings", body, token)

    def number(self, phone_number_id: str, *, token: str) -> Reply:
        """GET the number itself, with its digits: the cheapest question that tells whether a
        token is good.

        :raises GraphError: as `send`.
        """
        return self._exchange(
            "GET", f"{phone_number_id}?fields=id,display_phone_number", None, token
        )

    def media(self, media_id: str, *, token: str) -> Reply:
        """GET where a file is now, its size and its SHA-256.

        :raises GraphError: as `send`.
        """
        return self._exchange("GET", media_id, None, token)

    def download(self, url: str, *, token: str) -> bytes:
        """Return a file of Meta's. No redirects: the token is shown to nobody else.

        :raises Mistrusted: the address is not one of Meta's, or the file is too large.
        :raises GraphError: it was not served.
        """
        check_address(url, self._base_url)
        future = asyncio.run_coroutine_threadsafe(self._file(url, token), self._loop)
        try:
            status, content = future.result(DOWNLOAD_SECONDS + 1)
        except (httpx.HTTPError, TimeoutError, FutureTimeoutError) as error:
            future.cancel()
            raise not_answered(error) from error
        if status != HTTPStatus.OK:
            cause = HangupCause.META_ERROR
            raise GraphError(Verdict.UNKNOWN, cause, f"HTTP {status}", http_status=status)
        return content

    async def _file(self, url: str, token: str) -> tuple[int, bytes]:
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            asyncio.timeout(DOWNLOAD_SECONDS),
            self._http.stream("GET", url, headers=headers) as response,
        ):
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_FILE_BYTES:
                    raise Mistrusted(f"the file has more than {MAX_FILE_BYTES} bytes")
            return response.status_code, bytes(content)

    def _exchange(self, method: str, path: str, body: bytes | None, token: str) -> Reply:
        work = self._request(method, f"{self._root}/{path}", body, token)
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            status, headers, content = future.result(TOTAL_SECONDS + 1)
        except (httpx.HTTPError, TimeoutError, FutureTimeoutError) as error:
            future.cancel()
            raise not_answered(error) from error
        return read(status, headers, content)

    async def _request(
        self, method: str, url: str, body: bytes | None, token: str
    ) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with (
            asyncio.timeout(TOTAL_SECONDS),
            self._http.stream(method, url, content=body, headers=headers) as response,
        ):
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_REPLY_BYTES:
                    break
            return response.status_code, response.headers, bytes(content)


@cache
def client(base_url: str, version: str) -> GraphClient:
    """Return this process's client; making one costs a CA bundle, so it is kept."""
    return GraphClient(base_url, version)
