"""What of an event reaches the timeline."""

import json
from datetime import UTC, datetime

from calls.domain import events
from calls.domain.vocabulary import Direction, EventKind, HangupCause

AT = datetime(2026, 11, 1, 12, 0, 5, tzinfo=UTC)


def test_every_kind_has_exactly_one_type():
    kinds = [
        kind
        for cls in vars(events).values()
        if isinstance(cls, type) and isinstance(kind := getattr(cls, "kind", None), EventKind)
    ]

    assert sorted(kinds) == sorted(EventKind)


def test_the_timeline_keeps_data_and_leaves_out_sdp_and_empty_values():
    offered = events.Offered(
        wa_call_id="wacid.A",
        occurred_at=AT,
        direction=Direction.INBOUND,
        peer=events.Peer(wa_id="447700900123"),
        sdp="v=0",
    )

    assert events.timeline_data(offered) == {
        "wa_call_id": "wacid.A",
        "occurred_at": "2026-11-01T12:00:05+00:00",
        "direction": "inbound",
        "peer": {"wa_id": "447700900123"},
    }


def test_what_the_media_worker_observes_is_filed_under_its_own_word():
    observed = events.MediaObserved(what="speech_started", details={"level": -30})

    assert events.timeline_kind(observed) == "speech_started"
    assert events.timeline_data(observed) == {"details": {"level": -30}}
    assert events.timeline_kind(events.DeadlineReached()) == "deadline_reached"


def test_zero_and_false_are_values_and_lists_are_kept():
    ended = events.RemoteHungUp(duration_seconds=0, errors=(events.ProviderError(code=1),))

    assert events.timeline_data(ended) == {"duration_seconds": 0, "errors": [{"code": 1}]}
    assert events.timeline_data(events.Terminated(is_confirmed=False)) == {"is_confirmed": False}


def test_timeline_data_is_json():
    failed = events.MediaFailed(cause=HangupCause.ICE_FAILED, message="no reply", occurred_at=AT)

    assert json.loads(json.dumps(events.timeline_data(failed)))["cause"] == "ice_failed"


def test_an_event_without_data_is_an_empty_object():
    assert events.timeline_data(events.DeadlineReached()) == {}
