"""A phone without any WebRTC: RTP as it is, behind a media server that makes WebRTC of it."""

from __future__ import annotations

import asyncio
import re
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.media.far_end import FRAME, OPUS, TELEPHONE_EVENT, decode


@dataclass(frozen=True)
class Packet:
    at: float  # the loop's clock
    sequence: int
    timestamp: int
    payload_type: int
    ssrc: int
    payload: bytes


class PlainPhone(asyncio.DatagramProtocol):
    """One call."""

    def __init__(self) -> None:
        self.packets: list[Packet] = []
        self._to: tuple[str, int] | None = None
        self._sequence, self._timestamp = 100, 1000
        self._transport: Any = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )

    def offer(self) -> str:
        port = self._transport.get_extra_info("sockname")[1]
        lines = [
            "v=0",
            "o=- 1 1 IN IP4 127.0.0.1",
            "s=-",
            "c=IN IP4 127.0.0.1",
            "t=0 0",
            f"m=audio {port} RTP/AVP {OPUS} {TELEPHONE_EVENT}",
            f"a=rtpmap:{OPUS} opus/48000/2",
            f"a=rtpmap:{TELEPHONE_EVENT} telephone-event/8000",
            "a=ptime:20",
            "a=sendrecv",
        ]
        return "".join(f"{line}\r\n" for line in lines)

    def connect(self, answer: str) -> None:
        self._to = ("127.0.0.1", int(re.findall(r"m=audio (\d+)", answer)[0]))

    def datagram_received(self, data: bytes, addr: Any) -> None:
        first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
        if first >> 6 == 2 and not 192 <= second <= 223:  # RTP, not RTCP
            now = asyncio.get_running_loop().time()
            self.packets.append(Packet(now, sequence, timestamp, second & 127, ssrc, data[12:]))

    def _send(self, payload: bytes, payload_type: int, ticks: int) -> None:
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + ticks) & 0xFFFFFFFF
        header = struct.pack("!BBHII", 0x80, payload_type, self._sequence, self._timestamp, 4242)
        self._transport.sendto(header + payload, self._to)

    async def speak(self, packets: list[bytes]) -> None:
        """Send Opus packets in real time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for index, packet in enumerate(packets):
            await asyncio.sleep(max(0.0, began + index * 0.02 - loop.time()))
            self._send(packet, OPUS, FRAME)

    async def press(self, event: int) -> None:
        """Press a key for 100 ms (RFC 4733)."""
        for step in range(1, 9):
            is_end = step > 5
            payload = struct.pack("!BBH", event, 0x80 | 10 if is_end else 10, min(step, 5) * 160)
            self._send(payload, TELEPHONE_EVENT, 4800 if step == 1 else 0)
            await asyncio.sleep(0.02)

    def heard(self) -> np.ndarray:
        """What came in, put in order, with silence where nothing came: 48 kHz, 16 bits."""
        opus = [one for one in self.packets if one.payload_type == OPUS]
        first = self.packets[0].timestamp
        sound = {(one.timestamp - first) & 0xFFFFFFFF: one for one in opus}
        begin = min(sound)
        decoded = decode([sound[at].payload for at in sorted(sound)]).reshape(-1)
        samples = np.zeros(max(sound) - begin + FRAME, np.int16)
        for index, at in enumerate(sorted(sound)):
            block = decoded[index * FRAME : (index + 1) * FRAME]
            samples[at - begin : at - begin + len(block)] = block
        return samples

    def keys(self) -> list[int]:
        """The telephone-events heard, each once, as their timestamps order them: rtpengine holds the
        packets of a key back now and then and lets those of the next one through."""
        first = self.packets[0].timestamp
        events = [one for one in self.packets if one.payload_type == TELEPHONE_EVENT]
        pressed = {(one.timestamp - first) & 0xFFFFFFFF: one.payload[0] for one in events}
        return [pressed[at] for at in sorted(pressed)]

    def close(self) -> None:
        self._transport.close()
