"""When our RTCP packets are due, and what they say of us."""

from __future__ import annotations

import pytest

from sdp.media import rtcp
from sdp.media.outlet import Outlet
from sdp.media.reception import Reception
from sdp.media.reports import Reports
from sdp.media.rtp import Outgoing
from sdp.media.stream import Stream


@pytest.fixture
def outlet() -> Outlet:
    return Outlet(Outgoing(ssrc=77, sequence=0, timestamp=0), opus=111, telephone_event=None)


@pytest.fixture
def reports(outlet: Outlet) -> Reports:
    stream = Stream(
        opus_payload_type=111,
        telephone_event_payload_type=None,
        ssrc=77,
        cname="us",
        sequence=0,
        timestamp=0,
    )
    return Reports(stream, outlet, Reception(), 5.0)


def test_none_is_due_before_the_beginning_and_after_the_end(reports):
    assert reports.due(1e9, 0.0) is None
    reports.begin(10.0)
    reports.end()

    assert reports.due(1e9, 0.0) is None


def test_the_first_is_due_soon_and_the_others_evenly(reports):
    reports.begin(10.0)
    due = [tenth / 10 for tenth in range(100, 220) if reports.due(tenth / 10, 1.79e9)]

    assert due == [10.5, 15.5, 20.5]


def test_the_last_one_says_goodbye_if_there_was_anything_before(reports, outlet):
    assert reports.farewell(1.0, 1.79e9) is None
    outlet.write(bytearray(1500), 1, 0.0)

    data = reports.farewell(1.0, 1.79e9)

    assert data is not None
    assert data[-7] == rtcp.BYE
