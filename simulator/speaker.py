"""The user's side of the audio: every 20 ms one RTP packet, with all its faults."""

import asyncio
import contextlib
import random
import secrets
import struct
from collections import deque
from collections.abc import Awaitable, Callable

from aiortc import clock as ntp
from aiortc.rtp import (
    RtcpReceiverInfo,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from simulator import keypad
from simulator.opus import FRAME, clip
from simulator.plans import Speech
from simulator.switches import MediaSwitches

_TICK = 0.02
_RTCP_TICKS = 50
_CNAME = b"WhatsAppAudioStream1"


class Speaker:
    """Sends one stream; sequence numbers, timestamps and SSRC are shared by audio and keys."""

    def __init__(
        self,
        send: Callable[[bytes], Awaitable[None]],
        send_raw: Callable[[bytes], Awaitable[None]],
        ssrc: int,
        payload_types: tuple[int, int],
        speech: Speech,
        switches: MediaSwitches,
        report: Callable[[], RtcpReceiverInfo | None],
    ) -> None:
        self.packets = 0
        self.dropped = 0
        self.digits_sent = ""
        self.business_spoke = asyncio.Event()
        self._send, self._send_raw = send, send_raw
        self._ssrc = ssrc
        self._opus, self._telephone_event = payload_types
        self._speech = speech
        self._switches = switches
        self._report = report
        self._random = random.Random(ssrc)
        self._sequence = secrets.randbits(16)
        self._base = secrets.randbits(32)
        self._octets = 0
        self._frames: tuple[bytes, ...] = ()
        self._keys: deque[tuple[str, list[keypad.KeyPacket]]] = deque()
        self._held_back: bytes | None = None

    def press(self, digits: str) -> None:
        """Press keys one after the other, 100 ms each."""
        for digit in digits:
            self._keys.extend((digit, step) for step in keypad.press(digit))

    async def say(self, speech: Speech) -> None:
        """Say something else from the next packet on."""
        frames = await asyncio.to_thread(clip, speech.kind, speech.frequency, speech.level)
        self._speech, self._frames = speech, frames

    async def run(self) -> None:
        """Speak until cancelled or the link is gone."""
        if self._switches.rtp == "never":
            return
        if self._switches.rtp == "after_business":
            await self.business_spoke.wait()
        await self.say(self._speech)
        silence = await asyncio.to_thread(clip, "silence", 0, 0.0)
        loop = asyncio.get_running_loop()
        started = loop.time()
        tick = 0
        with contextlib.suppress(ConnectionError):
            while True:
                await self._step(tick, silence)
                tick += 1
                await asyncio.sleep(max(0.0, started + tick * _TICK - loop.time()))

    async def _step(self, tick: int, silence: tuple[bytes, ...]) -> None:
        seconds = tick * _TICK
        change = self._switches.change_ssrc_after
        if change is not None and tick == round(change / _TICK):
            self._ssrc ^= 0x5A5A5A5A
        absent = _within(self._switches.gap, seconds)
        if self._keys:
            digit, packets = self._keys.popleft()
            await self._send_keys(tick, digit, packets, absent)
        elif self._speech.kind != "none":
            muted = _within(self._switches.mute, seconds)
            source = silence if muted else self._frames
            packet = self._packet(self._opus, tick == 0, tick, source[tick % len(source)])
            await self._transmit(packet, absent)
        if tick % _RTCP_TICKS == 0 and not self._switches.no_rtcp and not absent:
            await self._send(self._sender_report(tick))
        if self._switches.garbage and tick % 10 == 5:
            await self._send_raw(b"\xff" + self._random.randbytes(40))

    async def _send_keys(
        self, tick: int, digit: str, packets: list[keypad.KeyPacket], absent: bool
    ) -> None:
        for key in packets:
            if key.payload is None:
                continue
            packet = self._packet(self._telephone_event, key.marker, tick - key.tick, key.payload)
            await self._transmit(packet, absent)
            if key.marker:
                self.digits_sent += digit

    def _packet(self, payload_type: int, marker: bool, tick: int, payload: bytes) -> bytes:
        """An RTP header without extensions (RFC 3550 5.1) and its payload."""
        header = struct.pack(
            "!BBHII",
            0x80,
            (0x80 if marker else 0) | payload_type,
            self._sequence,
            (self._base + tick * FRAME) & 0xFFFFFFFF,
            self._ssrc,
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        return header + payload

    async def _transmit(self, packet: bytes, absent: bool) -> None:
        switches = self._switches
        if absent or self._random.random() < switches.loss:
            self.dropped += 1
            return
        if self._held_back is None and self._random.random() < switches.reorder:
            self._held_back = packet
            return
        times = 2 if self._random.random() < switches.duplicate else 1
        late, self._held_back = self._held_back, None
        for data in [packet] * times + ([late] if late else []):
            self.packets += 1
            self._octets += len(data) - 12
            await self._send(data)

    def _sender_report(self, tick: int) -> bytes:
        sender = RtcpSenderInfo(
            ntp_timestamp=ntp.current_ntp_time(),
            rtp_timestamp=(self._base + tick * FRAME) & 0xFFFFFFFF,
            packet_count=self.packets & 0xFFFFFFFF,
            octet_count=self._octets & 0xFFFFFFFF,
        )
        chunk = RtcpSourceInfo(ssrc=self._ssrc, items=[(1, _CNAME)])
        block = self._report()
        packet = RtcpSrPacket(self._ssrc, sender, [block] if block is not None else [])
        return bytes(packet) + bytes(RtcpSdesPacket(chunks=[chunk]))


def _within(span: tuple[float, ...], seconds: float) -> bool:
    return bool(span) and span[0] <= seconds < span[0] + span[1]
