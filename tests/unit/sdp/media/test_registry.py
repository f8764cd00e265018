"""Who may do what to which session: repeated, delayed and overtaken requests."""

from __future__ import annotations

import pytest

from sdp.media.messages import MediaErrorCode, OpenSession, Playback, StartMedia
from sdp.media.registry import TOMBSTONES, Entry, Refused, Registry


def opening(call_id: str = "c1", epoch: int = 1, offer: str | None = "offer") -> OpenSession:
    return OpenSession(call_id=call_id, epoch=epoch, offer=offer)


def registry(capacity: int = 10, *, is_full: bool = False) -> Registry[str]:
    return Registry(capacity, lambda: is_full)


def with_one(epoch: int = 1) -> Registry[str]:
    made = registry()
    made.add(opening(epoch=epoch), "answer", "live")
    return made


def refusal(call, *arguments) -> MediaErrorCode:
    with pytest.raises(Refused) as caught:
        call(*arguments)
    return caught.value.code


def test_a_new_call_is_admitted():
    assert registry().admit(opening()) is None


def test_the_same_request_again_gets_the_same_entry():
    sessions = registry()
    entry = sessions.add(opening(), "answer", "live")

    assert sessions.admit(opening()) is entry
    assert sessions.find("c1") is entry
    assert sessions.entries() == [entry]
    assert len(sessions) == 1


def test_the_same_epoch_with_another_offer_is_a_conflict():
    assert refusal(with_one().admit, opening(offer="other")) is MediaErrorCode.CONFLICT


def test_an_older_owner_is_refused():
    assert refusal(with_one(epoch=2).admit, opening(epoch=1)) is MediaErrorCode.STALE_EPOCH


def test_a_newer_owner_is_admitted():
    assert with_one().admit(opening(epoch=2)) is None


def test_beyond_its_capacity_a_worker_refuses():
    sessions = registry(capacity=1)
    sessions.add(opening(), "answer", "live")

    assert refusal(sessions.admit, opening("c2")) is MediaErrorCode.OVERLOADED
    assert sessions.admit(opening(epoch=2)) is None


def test_a_draining_worker_refuses_new_calls_and_repeats_old_answers():
    sessions = with_one()
    sessions.is_draining = True

    assert refusal(sessions.admit, opening("c2")) is MediaErrorCode.DRAINING
    assert sessions.admit(opening()) is sessions.find("c1")


def test_media_is_started_once():
    sessions = with_one()
    request = StartMedia(epoch=1, recording_id="r1")

    assert sessions.begin("c1", request) is sessions.find("c1")
    assert sessions.begin("c1", request) is None


def test_media_is_not_started_with_other_words():
    sessions = with_one()
    sessions.begin("c1", StartMedia(epoch=1))
    other = StartMedia(epoch=1, playback=Playback(playback_id="p", prompt="greeting"))

    assert refusal(sessions.begin, "c1", other) is MediaErrorCode.CONFLICT


@pytest.mark.parametrize(
    ("call_id", "epoch", "code"),
    [
        ("c2", 2, MediaErrorCode.NO_SUCH_SESSION),
        ("c1", 3, MediaErrorCode.NO_SUCH_SESSION),
        ("c1", 1, MediaErrorCode.STALE_EPOCH),
    ],
)
def test_media_of_another_session_is_not_started(call_id, epoch, code):
    assert refusal(with_one(epoch=2).begin, call_id, StartMedia(epoch=epoch)) is code


def test_a_session_is_released_to_be_closed():
    sessions = with_one()

    released = sessions.release("c1", 1)

    assert isinstance(released, Entry)
    assert released.live == "live"
    assert len(sessions) == 0


def test_an_older_owner_cannot_close():
    assert refusal(with_one(epoch=2).release, "c1", 1) is MediaErrorCode.STALE_EPOCH


def test_a_newer_owner_can_close():
    assert isinstance(with_one().release("c1", 5), Entry)


def test_closing_again_gets_the_same_statistics():
    sessions = with_one()
    sessions.bury("c1", 1, {"seconds": 3})

    assert sessions.release("c1", 1) == {"seconds": 3}
    assert sessions.release("c1", 1) == {"seconds": 3}
    assert sessions.release("c1", 2) == {"seconds": 3}


def test_a_closed_session_cannot_be_opened_again_by_a_late_request():
    sessions = with_one()
    sessions.bury("c1", 1, {})

    assert refusal(sessions.admit, opening()) is MediaErrorCode.STALE_EPOCH
    assert sessions.admit(opening(epoch=2)) is None


def test_a_close_that_overtakes_its_open_wins():
    sessions = registry()

    assert refusal(sessions.release, "c1", 1) is MediaErrorCode.NO_SUCH_SESSION
    assert refusal(sessions.release, "c1", 1) is MediaErrorCode.NO_SUCH_SESSION
    assert refusal(sessions.admit, opening()) is MediaErrorCode.STALE_EPOCH


def test_a_close_by_a_newer_owner_keeps_its_epoch():
    sessions = with_one()
    sessions.bury("c1", 1, {"seconds": 3})
    sessions.release("c1", 4)

    assert refusal(sessions.admit, opening(epoch=4)) is MediaErrorCode.STALE_EPOCH


def test_the_oldest_tombstones_are_forgotten():
    sessions = registry()
    for number in range(TOMBSTONES + 1):
        sessions.bury(f"c{number}", 1, {})

    assert sessions.admit(opening("c0")) is None
    assert refusal(sessions.admit, opening("c1")) is MediaErrorCode.STALE_EPOCH


def test_a_worker_that_is_too_busy_takes_no_other_call():
    sessions = registry(is_full=True)
    assert sessions.admit(opening()) is None, "an idle worker hurts nobody"
    entry = sessions.add(opening(), "answer", "live")

    assert refusal(sessions.admit, opening("c2")) is MediaErrorCode.OVERLOADED
    assert sessions.admit(opening()) is entry
    assert sessions.admit(opening(epoch=2)) is None, "a call that it has already"


def test_our_own_offer_asked_for_again_is_the_same_one():
    sessions = registry()
    entry = sessions.add(opening(offer=None), "our offer", "live")

    assert sessions.admit(opening(offer=None)) is entry
    assert refusal(sessions.admit, opening(offer="theirs")) is MediaErrorCode.CONFLICT
    assert sessions.admit(opening(epoch=2, offer=None)) is None
    assert sessions.current("c1", 1) is entry
