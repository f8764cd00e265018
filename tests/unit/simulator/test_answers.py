import pytest

from simulator.answers import answer
from simulator.offers import OfferValues
from simulator.sdp_checks import BusinessMedia

VALUES = OfferValues(
    session_id=5,
    stream_id="stream",
    host="127.0.0.1",
    port=3482,
    ufrag="ufrag",
    pwd="password",
    fingerprint="AB:CD",
    ssrc=7,
)


def offer(telephone_event: int | None = 101) -> BusinessMedia:
    return BusinessMedia(
        ufrag="u",
        pwd="p",
        fingerprint="AB",
        setup="actpass",
        opus=96,
        telephone_event=telephone_event,
        ssrc=1,
        candidates=(),
        remarks=(),
        mid="0",
    )


def test_the_answer_keeps_mid_and_numbers_of_the_offer():
    text = answer(offer(), VALUES, "active")

    assert text.endswith("\r\n")
    lines = text.split("\r\n")
    assert "m=audio 3482 UDP/TLS/RTP/SAVPF 96 101" in lines
    assert {"a=mid:0", "a=group:BUNDLE 0", "a=ice-lite", "a=setup:active"} <= set(lines)
    assert {"a=rtpmap:96 opus/48000/2", "a=rtpmap:101 telephone-event/8000"} <= set(lines)


def test_an_offer_without_keys_is_answered_without():
    text = answer(offer(None), VALUES, "passive")

    assert "m=audio 3482 UDP/TLS/RTP/SAVPF 96\r\n" in text
    assert "telephone-event" not in text


@pytest.mark.parametrize("setup", ["active", "passive", "actpass"])
def test_any_role_can_be_stated(setup):
    assert f"a=setup:{setup}\r\n" in answer(offer(), VALUES, setup)
