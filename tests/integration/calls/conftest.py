"""A call between a fake Graph and a fake media worker."""

import pytest

from calls import graph, media_workers
from tests.fakes import FakeGraph, FakeMedia


@pytest.fixture
def fake_graph(monkeypatch):
    fake = FakeGraph()
    monkeypatch.setattr(graph, "client", lambda *_: fake)
    return fake


@pytest.fixture
def fake_media(monkeypatch, settings):
    settings.MEDIA_WORKER_URLS = ("http://media.test",)
    fake = FakeMedia()
    monkeypatch.setattr(media_workers, "client", lambda _: fake)
    return fake
