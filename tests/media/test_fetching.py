"""Sounds from an address: what is fetched, what never is, what is kept."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Any

import pytest

from sdp.media import fetching
from sdp.media.fetching import CannotFetch, Fetcher, FetchPolicy, fresh_seconds

LOOPBACK = FetchPolicy(allow_http=True, networks=(ipaddress.ip_network("127.0.0.0/8"),))


async def refusal(fetcher: Fetcher, address: str) -> str:
    with pytest.raises(CannotFetch) as caught:
        await fetcher.get(address)
    return str(caught.value)


async def test_a_sound_is_fetched(site):
    fetched = await Fetcher(LOOPBACK).get(site.url())

    assert fetched.body == b"sound"
    (request,) = site.requests
    assert request.headers["Host"] == f"127.0.0.1:{site.port}"
    assert "Cookie" not in request.headers


async def test_a_name_is_resolved_and_its_address_is_checked(site):
    assert (await Fetcher(LOOPBACK).get(site.url("localhost"))).body == b"sound"
    assert await refusal(Fetcher(FetchPolicy(allow_http=True)), "http://localhost/a.mp3") == (
        "the address is not a public one"
    )


async def test_one_bad_address_among_good_ones_spoils_them(site, monkeypatch):
    async def both(self: Any, host: str, port: int, **_: Any) -> Any:
        return [(2, 1, 6, "", ("93.184.215.14", port)), (2, 1, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(asyncio.get_running_loop().__class__, "getaddrinfo", both)

    assert await refusal(Fetcher(FetchPolicy()), "https://example.com/a") == (
        "the address is not a public one"
    )
    assert site.requests == []


@pytest.mark.parametrize(
    "address",
    [
        "",
        "a.mp3",
        "file:///etc/passwd",
        "ftp://example.com/a",
        "http://example.com/a.mp3",
        "https://",
        "https://user@example.com/a",
        "https://:secret@example.com/a",
        "https://example.com:22/a",
        "https://example.com:99999/a",
        "https://127.0.0.1/a",
        "https://127.1/a",
        "https://2130706433/a",
        "https://0x7f.1/a",
        "https://0177.0.0.1/a",
        "https://①②⑦.⓪.⓪.①/a",
        "https://[::1]/a",
        "https://[::ffff:127.0.0.1]/a",
        "https://[64:ff9b::7f00:1]/a",
        "https://[2002:7f00:1::]/a",
        "https://169.254.169.254/latest/meta-data",
        "https://100.64.0.1/a",
        "https://192.0.0.8/a",
        "https://224.0.0.1/a",
        "https://10.0.0.1/a",
        "https://[fe80::1%25eth0]/a",
    ],
)
async def test_what_is_never_fetched(address):
    fetcher = Fetcher(FetchPolicy())

    with pytest.raises(CannotFetch):
        fetcher.check(address)
    with pytest.raises(CannotFetch):
        await fetcher.get(address)


def test_what_may_be_fetched():
    assert Fetcher(FetchPolicy()).check("https://example.com:8443/a.mp3").host == "example.com"
    assert Fetcher(FetchPolicy(allow_http=True)).check("http://example.com/a").port == 80


async def test_redirects_are_not_followed(site):
    site.status, site.headers = 302, {"Location": "http://169.254.169.254/"}

    assert await refusal(Fetcher(LOOPBACK), site.url()) == "the server said 302"


async def test_an_error_is_told(site):
    site.status = 404

    assert await refusal(Fetcher(LOOPBACK), site.url()) == "the server said 404"


async def test_a_server_that_is_not_there_is_told():
    message = await refusal(Fetcher(LOOPBACK), "http://127.0.0.1:9/a")

    assert message.startswith("the server was not reached")


async def test_a_slow_server_is_given_up(site, monkeypatch):
    monkeypatch.setattr(fetching, "TOTAL_SECONDS", 0.1)
    site.wait = 5.0

    assert await refusal(Fetcher(LOOPBACK), site.url()) == "the server took too long"


async def test_a_large_file_is_given_up(site, monkeypatch):
    monkeypatch.setattr(fetching, "MAX_BYTES", 1000)
    site.body = b"x" * 1001

    assert await refusal(Fetcher(LOOPBACK), site.url()) == "the file is too large"


async def test_compressed_bodies_are_not_unpacked(site):
    site.headers = {"Content-Encoding": "gzip"}

    assert (await Fetcher(LOOPBACK).get(site.url())).body == b"sound"
    assert site.requests[0].headers["Accept-Encoding"] == "identity"


async def test_what_has_not_changed_is_not_sent_again(site):
    site.headers = {"ETag": '"1"'}
    fetcher = Fetcher(LOOPBACK)
    first = await fetcher.get(site.url())
    assert fetcher.peek(site.url()) is None

    second = await fetcher.get(site.url())

    assert second is first
    assert site.requests[1].headers["If-None-Match"] == '"1"'


async def test_what_has_changed_is_another_version(site):
    fetcher = Fetcher(LOOPBACK)
    first = await fetcher.get(site.url())
    site.body = b"other"
    second = await fetcher.get(site.url())

    assert (second.body, second.version) == (b"other", first.version + 1)


async def test_what_is_fresh_is_not_asked_for(site):
    now = [100.0]
    fetcher = Fetcher(LOOPBACK, clock=lambda: now[0])
    site.headers = {"Cache-Control": "public, max-age=60"}
    first = await fetcher.get(site.url())

    assert await fetcher.get(site.url()) is first
    assert fetcher.peek(site.url()) is first
    now[0] += 61
    assert fetcher.peek(site.url()) is None
    assert len(site.requests) == 1


async def test_room_is_made_by_forgetting_the_oldest(site, monkeypatch):
    monkeypatch.setattr(fetching, "CACHE_BYTES", 7)
    site.headers = {"Cache-Control": "max-age=60"}
    fetcher = Fetcher(LOOPBACK)
    await fetcher.get(site.url())
    await fetcher.get(site.url("localhost"))

    assert fetcher.peek(site.url()) is None
    assert fetcher.peek(site.url("localhost")) is not None


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        ("", 0.0),
        ("max-age=60", 60.0),
        ("public, MAX-AGE=5", 5.0),
        ("max-age=999999", 3600.0),
        ("no-cache, max-age=60", 0.0),
        ("no-store", 0.0),
        ("s-maxage=60", 0.0),
    ],
)
def test_how_long_a_reply_is_fresh(control, seconds):
    assert fresh_seconds({"Cache-Control": control}) == seconds
