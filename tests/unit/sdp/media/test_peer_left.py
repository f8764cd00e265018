"""A session whose peer has closed its side before anything else says that the call is over."""

from __future__ import annotations

from sdp.media.phase import Phase
from tests.unit.sdp.media.test_session import LIMITS, Call, greeting, record


def test_a_peer_that_leaves_ends_all_that_is_done_at_once():
    call = Call().connect().start(greeting(), record())
    call.send()
    call.session.events.clear()

    call.session.leave(call.now)

    kinds = [str(kind) for kind, _ in call.session.events]
    assert kinds == ["playback_finished", "peer_left"]
    assert call.session.inlet.recordings[0].is_done
    assert (call.session.is_over, call.session.is_flowing) == (True, False)
    assert call.session.deadline == call.now + LIMITS.idle
    call.session.leave(call.now + 1)
    assert len(call.session.events) == 2


def test_after_a_peer_left_the_call_ends_in_the_normal_way_or_fails():
    left, forgotten = Call().connect().start(), Call().connect().start()
    for call in (left, forgotten):
        call.session.leave(1.0)
        call.session.events.clear()
    left.session.close(2.0)
    forgotten.session.fail("media_timeout", "nothing ended the call", 31.0)

    assert [str(kind) for kind, _ in left.session.events] == ["stopped"]
    assert [str(kind) for kind, _ in forgotten.session.events] == ["failed"]
    assert forgotten.session.phase is Phase.FAILED
    assert forgotten.session.deadline == 31.0 + LIMITS.linger


def test_a_peer_that_leaves_when_all_is_over_changes_nothing():
    call = Call().connect().start()
    call.session.close(1.0)
    call.session.leave(2.0)

    assert call.session.phase is Phase.CLOSED
