"""Sounds from an address, fetched so that nobody can make us ask inside our own network.

A host name is resolved once, every address it has is checked, and the connection goes to one of
those: what the name says a moment later does not matter (DNS rebinding). No redirects are
followed, no proxy of the environment is used, and size and time are limited.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from sdp.media.audio import MAX_BYTES
from sdp.profile import is_public

TOTAL_SECONDS = 10.0
CONNECT_SECONDS = 3.0
CACHE_BYTES = 64 * 1024 * 1024
LONGEST_FRESH_SECONDS = 3600.0
PORTS = {"https": (443, 8443), "http": (80, 8080)}
_CHUNK = 64 * 1024
_HEADERS = {"Accept": "audio/*, application/ogg", "Accept-Encoding": "identity"}
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*|")
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age=([0-9]{1,9})")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class CannotFetch(Exception):
    """The sound was not fetched; the message says why, for people."""


@dataclass(slots=True)
class Fetched:
    """A body with its validators (RFC 9110 section 8.8). `version` changes with the body."""

    body: bytes = field(repr=False)
    version: int
    etag: str
    modified: str
    fresh_until: float


@dataclass(frozen=True, slots=True)
class FetchPolicy:
    """What may be asked for. `networks`: private ones that are allowed too, on any port."""

    allow_http: bool = False
    networks: tuple[Network, ...] = ()

    def check_url(self, url: URL) -> None:
        """:raises CannotFetch:"""
        schemes = ("https", "http") if self.allow_http else ("https",)
        if url.scheme not in schemes or not url.host:
            raise CannotFetch(f"an address with {' or '.join(schemes)} is needed")
        if url.user is not None or url.password is not None:
            raise CannotFetch("the address holds a name or a password")
        if not self.networks and url.port not in PORTS[url.scheme]:
            raise CannotFetch("this port is not allowed")
        try:
            literal = ipaddress.ip_address(url.raw_host or "")
        except ValueError:
            # "127.1", "0x7f.1" and "2130706433" are addresses too, to those who connect
            if _NUMERIC.fullmatch((url.raw_host or "").rstrip(".").rpartition(".")[2]):
                raise CannotFetch("this is no address") from None
            return
        self.check_ip(str(literal), url.port)

    def check_ip(self, text: str, port: int | None) -> None:
        """:raises CannotFetch:"""
        ip = ipaddress.ip_address(text.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if any(ip in network for network in self.networks):
            return
        if not is_public(ip) or port not in (*PORTS["https"], *PORTS["http"]):
            raise CannotFetch("the address is not a public one")


class CheckedResolver(AbstractResolver):
    """Resolves, and gives only addresses that are allowed; one that is not spoils them all."""

    def __init__(self, policy: FetchPolicy) -> None:
        self._policy = policy

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family
        )
        results = []
        for one_family, _, protocol, _, address in found:
            ip = str(address[0])
            self._policy.check_ip(ip, port)
            results.append(
                ResolveResult(
                    hostname=host,
                    host=ip,
                    port=port,
                    family=one_family,
                    proto=protocol,
                    flags=socket.AI_NUMERICHOST,
                )
            )
        return results

    async def close(self) -> None:
        return


class Fetcher:
    """Fetches and keeps bodies. Belongs to one asyncio loop.

    :param clock: steady seconds.
    """

    def __init__(self, policy: FetchPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._kept: dict[str, Fetched] = {}
        self._versions = count(1)

    def check(self, address: str) -> URL:
        """:raises CannotFetch: it would be refused whatever is there."""
        try:
            url = URL(address)
            self._policy.check_url(url)
        except ValueError:
            raise CannotFetch("this is no address") from None
        return url

    def peek(self, address: str) -> Fetched | None:
        """The body, if it has been fetched and its server called it fresh until now or later."""
        kept = self._kept.get(address)
        return kept if kept is not None and self._clock() < kept.fresh_until else None

    async def get(self, address: str) -> Fetched:
        """:raises CannotFetch:"""
        url = self.check(address)
        fresh = self.peek(address)
        if fresh is not None:
            return fresh
        try:
            async with asyncio.timeout(TOTAL_SECONDS):
                fetched = await self._fetch(url, self._kept.get(address))
        except CannotFetch:
            raise
        except TimeoutError:
            raise CannotFetch("the server took too long") from None
        except (aiohttp.ClientError, OSError, UnicodeError, ValueError) as error:
            raise CannotFetch(f"the server was not reached: {type(error).__name__}") from error
        self._keep(address, fetched)
        return fetched

    async def _fetch(self, url: URL, kept: Fetched | None) -> Fetched:
        connector = aiohttp.TCPConnector(
            resolver=CheckedResolver(self._policy), use_dns_cache=False, force_close=True
        )
        async with (
            aiohttp.ClientSession(
                connector=connector,
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=TOTAL_SECONDS, connect=CONNECT_SECONDS),
                auto_decompress=False,
                trust_env=False,
            ) as session,
            session.get(
                url, headers={**_HEADERS, **_conditions(kept)}, allow_redirects=False
            ) as response,
        ):
            fresh_until = self._clock() + fresh_seconds(response.headers)
            if response.status == 304 and kept is not None:
                kept.fresh_until = fresh_until
                return kept
            if response.status != 200:
                raise CannotFetch(f"the server said {response.status}")
            return Fetched(
                await _body(response),
                next(self._versions),
                response.headers.get("ETag", ""),
                response.headers.get("Last-Modified", ""),
                fresh_until,
            )

    def _keep(self, address: str, fetched: Fetched) -> None:
        self._kept.pop(address, None)
        self._kept[address] = fetched
        while len(self._kept) > 1 and self._size() > CACHE_BYTES:
            del self._kept[next(iter(self._kept))]

    def _size(self) -> int:
        return sum(len(one.body) for one in self._kept.values())


def fresh_seconds(headers: Mapping[str, str]) -> float:
    """How long a reply may be used without asking again (RFC 9111 section 5.2.2)."""
    control = headers.get("Cache-Control", "").lower()
    match = _MAX_AGE.search(control)
    if match is None or "no-cache" in control or "no-store" in control:
        return 0.0
    return min(float(match[1]), LONGEST_FRESH_SECONDS)


def _conditions(kept: Fetched | None) -> dict[str, str]:
    if kept is None:
        return {}
    conditions = {"If-None-Match": kept.etag, "If-Modified-Since": kept.modified}
    return {name: value for name, value in conditions.items() if value}


async def _body(response: Any) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > MAX_BYTES:
            raise CannotFetch("the file is too large")
    return bytes(body)
