"""What we say by ourselves, heard as a call."""

from __future__ import annotations

from sdp.media.outlet import Outlet
from sdp.media.own_voice import OwnVoice
from sdp.media.rtp import Outgoing, Packet


class Wire:
    def __init__(self) -> None:
        self.carried: list[Packet] = []

    def carry(self, packet: Packet, now: float) -> None:
        self.carried.append(packet)


def test_packets_are_numbered_and_pauses_are_kept():
    voice, wire = OwnVoice(96), Wire()
    voice.said(b"unheard", 0.9)
    voice.inlet.wires = (wire,)
    for now in (1.0, 1.021, 1.038, 1.3):
        voice.said(b"v", now)

    first = wire.carried[0]
    assert (first.payload_type, first.payload) == (96, b"v")
    assert [one.sequence - first.sequence for one in wire.carried] == [0, 1, 2, 3]
    assert [one.timestamp - first.timestamp for one in wire.carried] == [0, 960, 1920, 14_400]


def test_there_is_one_voice_of_an_outlet():
    outgoing = Outgoing(ssrc=7, sequence=0, timestamp=0)
    outlet = Outlet(outgoing, opus=96, telephone_event=None)
    voice = OwnVoice.of(outlet)

    assert OwnVoice.of(outlet) is voice
    assert outlet.monitor is voice
    assert voice.inlet.opus == 96
