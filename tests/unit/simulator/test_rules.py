import pytest

from simulator.rules import Action, CallState, NotAllowed, after, media_deadline


@pytest.mark.parametrize(
    ("state", "action", "following"),
    [
        ("offered", "pre_accept", "pre_accepted"),
        ("offered", "accept", "in_progress"),
        ("offered", "reject", "ended"),
        ("offered", "terminate", "ended"),
        ("pre_accepted", "accept", "in_progress"),
        ("pre_accepted", "reject", "ended"),
        ("pre_accepted", "terminate", "ended"),
        ("dialed", "terminate", "ended"),
        ("ringing", "terminate", "ended"),
        ("in_progress", "terminate", "ended"),
    ],
)
def test_what_is_allowed(state, action, following):
    assert after(CallState(state), Action(action)) == CallState(following)


@pytest.mark.parametrize(
    ("state", "action", "details"),
    [
        ("offered", "connect", "connect is not possible for this call"),
        ("ringing", "accept", "accept is not possible for this call"),
        ("dialed", "reject", "reject is not possible for this call"),
        ("pre_accepted", "pre_accept", "The call has already been pre-accepted"),
        ("in_progress", "pre_accept", "The call is already in progress"),
        ("in_progress", "accept", "The call is already in progress"),
        ("in_progress", "reject", "The call is already in progress"),
        ("ended", "pre_accept", "The call has already ended"),
        ("ended", "accept", "The call has already ended"),
        ("ended", "reject", "The call has already ended"),
        ("ended", "terminate", "The call has already ended"),
    ],
)
def test_what_is_refused(state, action, details):
    with pytest.raises(NotAllowed) as refusal:
        after(CallState(state), Action(action))

    assert str(refusal.value) == details


def test_the_first_audio_has_twenty_seconds():
    assert media_deadline(100.0, None, None, 1.0) == 120.0
    assert media_deadline(100.0, None, None, 0.1) == 102.0


def test_rtcp_alone_does_not_count_at_the_start():
    assert media_deadline(100.0, None, 119.0, 1.0) == 120.0


def test_later_anything_received_gives_thirty_seconds_more():
    assert media_deadline(100.0, 101.0, 150.0, 1.0) == 180.0


def test_media_before_accept_is_no_reason_to_end_sooner():
    assert media_deadline(100.0, 100.0, 99.0, 1.0) == 130.0
