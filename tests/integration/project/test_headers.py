"""What every answer tells browsers to refuse."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.contrib.auth import get_user_model
from django.http import HttpResponse
from django.test import Client, RequestFactory

from project.headers import CONTENT_SECURITY_POLICY, restrict_browsers

PAGES = ["/admin/login/", "/admin/", "/admin/calls/call/", "/admin/webhooks/delivery/"]


class Inline(HTMLParser):
    """Collects what a strict policy refuses: scripts in the page, and handlers in attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._is_script = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = dict(attributes)
        runs = values.get("type") in {None, "module", "text/javascript"}
        self._is_script = tag == "script" and runs and "src" not in values
        self.found += [f"{tag} {name}" for name in values if name.startswith("on")]
        addresses = [values.get(name) or "" for name in ("src", "href", "action")]
        self.found += [url for url in addresses if re.match(r"(https?:)?//|javascript:", url)]

    def handle_data(self, data: str) -> None:
        if self._is_script and data.strip():
            self.found.append(data)


@pytest.mark.parametrize("path", ["/healthz", "/webhooks/whatsapp/", "/nowhere"])
@pytest.mark.django_db
def test_every_answer_has_them(client: Client, path: str) -> None:
    headers = client.get(path).headers

    assert "script-src 'self';" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "microphone=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.django_db
def test_pages_contain_nothing_that_they_would_refuse(client: Client, path: str) -> None:
    if "login" not in path:
        client.force_login(get_user_model().objects.create_superuser("operator"))

    response = client.get(path)

    assert response.status_code == 200
    page = Inline()
    page.feed(response.content.decode())
    assert page.found == []


def test_a_page_may_bring_its_own() -> None:
    own = HttpResponse(headers={"Content-Security-Policy": "default-src 'none'"})

    response = restrict_browsers(lambda request: own)(RequestFactory().get("/"))

    assert response.headers["Content-Security-Policy"] == "default-src 'none'"


def test_no_script_runs_but_our_own_files() -> None:
    sources = dict(part.split(" ", 1) for part in CONTENT_SECURITY_POLICY.split("; "))

    assert sources["script-src"] == "'self'"
    assert sources["default-src"] == "'self'"
    assert sources["object-src"] == sources["base-uri"] == "'none'"
