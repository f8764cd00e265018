"""One running instance serves the tests of a worker; each test leaves nothing behind."""

from __future__ import annotations

import pytest

from tests.acceptance.stack import Stack, create_database, eventually

#: Without its own sound the far end is given up after this many seconds (15 and 30 in life).
WATCHDOG_SECONDS = {"MEDIA_FIRST_PACKET_SECONDS": "2", "MEDIA_IDLE_SECONDS": "2"}


@pytest.fixture(scope="session")
def running(database_url, tmp_path_factory, worker_id):
    url = create_database(database_url, f"acceptance_{worker_id}")
    folder = tmp_path_factory.mktemp("stack")
    with Stack(folder, url, **WATCHDOG_SECONDS) as stack:
        yield stack


@pytest.fixture
def stack(running):
    """The instance with its defaults: answers at once, greets, records."""
    running.tolerated = set()
    running.simulator.heal_graph()
    running.set_number(
        answer_policy="answer",
        ring_seconds=15,
        ring_prompt="",
        ring_loops=1,
        greeting="greeting",
        record_calls=True,
    )
    yield running
    running.simulator.heal_graph()
    try:
        _nothing_is_left(running)
    finally:
        running.simulator.reset()


def _nothing_is_left(stack):
    """No call non-terminal, no peer left open, no call accepted twice, no rule of Meta's broken."""
    eventually(
        lambda: not stack.sql("SELECT id FROM calls_call WHERE signaling <> 'ended'"),
        40,
        "every call is over",
    )
    eventually(lambda: stack.media_sessions() == 0, 15, "every media session is closed")
    for call in stack.simulator.calls():
        report = stack.simulator.wait_for(call["id"], "ended", 30)
        assert report["state"] == "ended"
        assert not report["peer_open"]
        assert report["accepts"] <= 1
        assert set(report["violations"]) <= stack.tolerated
