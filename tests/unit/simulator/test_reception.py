import pytest
from aiortc.rtp import (
    RtcpByePacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtpPacket,
)

from simulator.opus import clip
from simulator.reception import Reception
from simulator.sdp_checks import BusinessMedia

TONE = clip("tone", 440, -12.0)
MEDIA = BusinessMedia("u", "p", "F", "active", 111, 126, 77, (), ())


class Clock:
    now = 10.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A reception with what it complained about and remarked."""

    def __init__(self, **more):
        self.clock = Clock()
        self.violations: list[str] = []
        self.remarks: list[str] = []
        self.reception = Reception(
            self.clock, self.violations.append, self.remarks.append, media=MEDIA, **more
        )

    def packet(self, number: int, **more) -> None:
        values = {"payload_type": 111, "ssrc": 77, "payload": TONE[number % 50], **more}
        packet = RtpPacket(sequence_number=number, timestamp=number * 960, **values)
        self.reception.rtp(packet.serialize())


@pytest.fixture
def desk():
    desk = Desk(accepted=True)
    desk.reception.ear.begin(10.0)
    return desk


def test_good_packets_are_heard_without_complaint(desk):
    for number in range(10):
        desk.packet(number)

    assert desk.violations == []
    assert desk.remarks == ["first_packet", "first_sound"]
    assert desk.reception.ear.packets == 10
    assert desk.reception.first_rtp == 10.0


def test_a_packet_before_accept_is_a_violation_and_no_first_media():
    desk = Desk()

    desk.packet(1)

    assert desk.violations == ["media before accept"]
    assert desk.reception.early_packets == 1
    assert desk.reception.first_rtp is None


@pytest.mark.parametrize(
    ("packet", "violation"),
    [
        ({"ssrc": 78}, "SSRC differs from the one in the SDP"),
        ({"payload_type": 0}, "payload type 0 was not negotiated"),
        ({"payload": b"x" * 1276}, "RTP payload larger than any Opus packet"),
    ],
)
def test_broken_rules_are_named(desk, packet, violation):
    desk.packet(1, **packet)

    assert violation in desk.violations


def test_two_ssrcs_are_one_too_many(desk):
    desk.packet(1)
    desk.packet(2, ssrc=78)

    assert "more than one SSRC" in desk.violations


def test_keys_of_the_business_are_only_remarked(desk):
    desk.packet(1, payload_type=126, payload=b"\x01\x0a\x00\xa0")

    assert desk.violations == []
    assert desk.remarks[-1].startswith("telephone event from the business")


def test_malformed_packets_are_violations(desk):
    desk.reception.rtp(b"\x80")
    desk.reception.rtcp(b"\x80\xc8")

    assert desk.violations == ["malformed RTP packet", "malformed RTCP packet"]


def test_rtcp_is_a_sign_of_life(desk):
    desk.clock.now = 12.0
    info = RtcpReceiverInfo(
        ssrc=1, fraction_lost=5, packets_lost=9, highest_sequence=3, jitter=1, lsr=0, dlsr=0
    )

    desk.reception.rtcp(bytes(RtcpRrPacket(ssrc=77, reports=[info])))
    desk.reception.rtcp(bytes(RtcpByePacket(sources=[77])))

    assert desk.reception.last_media == 12.0
    assert desk.reception.rtcp_packets == 2
    assert desk.reception.last_report is not None
    assert desk.reception.last_report.packets_lost == 9
    assert desk.remarks == ["rtcp_bye"]


def test_the_relay_can_lose_everything():
    desk = Desk(accepted=True, loss=1.0)

    desk.packet(1)

    assert desk.reception.dropped == 1
    assert desk.reception.ear.packets == 0
    assert desk.reception.first_rtp == 10.0


def test_without_an_answer_nothing_can_be_heard():
    desk = Desk(accepted=True)
    desk.reception.media = None

    desk.packet(1)

    assert desk.reception.ear.packets == 0
