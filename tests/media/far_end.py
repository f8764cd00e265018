"""The far end of a call, made of aiortc and aioice as published: an ICE-lite relay as WhatsApp has
it, and a browser-like full agent. What it hears is kept packet by packet with the time of arrival.
"""

from __future__ import annotations

import asyncio
import fractions
import struct
from dataclasses import dataclass
from typing import Any

import av
import numpy as np
from aioice import stun
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack
from aiortc.rtcdtlstransport import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)

RATE = 48_000
FRAME = 960
OPUS = 111
TELEPHONE_EVENT = 126


def tone(hertz: float, seconds: float, level: float = 0.3) -> np.ndarray:
    at = np.arange(round(seconds * RATE)) / RATE
    return (np.sin(2 * np.pi * hertz * at) * level * 32767).astype(np.int16)


def encode(samples: np.ndarray) -> list[bytes]:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = RATE, "mono", "s16", 32_000
    codec.time_base = fractions.Fraction(1, RATE)
    packets = []
    for start in range(0, len(samples) - FRAME + 1, FRAME):
        block = samples[start : start + FRAME].reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(block, format="s16", layout="mono")
        frame.sample_rate, frame.pts = RATE, start
        packets += [bytes(packet) for packet in codec.encode(frame)]
    return packets


def decode(packets: list[bytes]) -> np.ndarray:
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate, codec.layout, codec.format = RATE, "mono", "s16"
    frames = [frame for packet in packets for frame in codec.decode(av.Packet(packet))]
    return np.concatenate([frame.to_ndarray().reshape(-1) for frame in frames] or [np.zeros(0)])


def strength(samples: np.ndarray, hertz: float) -> float:
    """How much of the sound's energy is at `hertz` (within 10 Hz), 0 to 1."""
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    at = np.fft.rfftfreq(len(samples), 1 / RATE)
    return float(power[np.abs(at - hertz) < 10].sum() / max(power.sum(), 1e-9))


def loudness(samples: np.ndarray) -> float:
    """RMS in dBFS."""
    return float(20 * np.log10(max(np.sqrt(np.mean(samples.astype(float) ** 2)), 1e-9) / 32768))


@dataclass(frozen=True)
class Heard:
    at: float
    sequence: int
    timestamp: int
    payload_type: int
    ssrc: int
    marker: bool
    payload: bytes


class LiteLink(asyncio.DatagramProtocol):
    """ICE-lite (RFC 8445 section 2.5): answers checks, never sends any."""

    role = "controlled"

    def __init__(self) -> None:
        self.ufrag, self.pwd = "farEndUfrag12345", "cGFzc3dvcmRwYXNzd29y+/A="
        self.is_deaf = True  # until our answer has "reached Meta"
        self.checks = 0
        self.nominated: tuple[str, int] | None = None
        self.is_nominated = asyncio.Event()
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()
        self.first_bytes: list[tuple[float, int]] = []
        self.transport: Any = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", 0)
        )

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if data[0] < 4:
            self._check(data, addr)
        elif addr == self.nominated:
            self.first_bytes.append((asyncio.get_running_loop().time(), data[0]))
            self.inbox.put_nowait(data)

    def _check(self, data: bytes, addr: Any) -> None:
        request = stun.parse_message(data)
        if not request.check_message_integrity(self.pwd.encode()):
            return
        self.checks += 1
        if self.is_deaf:
            return
        response = stun.Message(
            message_method=stun.Method.BINDING,
            message_class=stun.Class.RESPONSE,
            transaction_id=request.transaction_id,
        )
        response.attributes["XOR-MAPPED-ADDRESS"] = addr
        response.add_message_integrity(self.pwd.encode())
        self.transport.sendto(bytes(response), addr)
        if "USE-CANDIDATE" in request.attributes:
            self.nominated = addr
            self.is_nominated.set()

    async def _recv(self) -> bytes:
        return await self.inbox.get()

    async def _send(self, data: bytes) -> None:
        self.transport.sendto(data, self.nominated)


class _Dtls(RTCDtlsTransport):
    """aiortc's DTLS and SRTP; decrypted packets go to `on_rtp`."""

    def __init__(self, link: Any, certificate: RTCCertificate, on_rtp: Any, on_rtcp: Any) -> None:
        super().__init__(link, [certificate])
        self._on_rtp, self._on_rtcp = on_rtp, on_rtcp

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self._on_rtp(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._on_rtcp(data)


def _value(sdp: str, name: str) -> str:
    lines = [line for line in sdp.splitlines() if line.startswith(f"a={name}:")]
    return lines[0].split(":", 1)[1]


class Relay:
    """WhatsApp's side: ICE-lite, DTLS server by our answer's a=setup:active."""

    def __init__(
        self,
        *,
        setup: str = "actpass",
        fingerprint: str = "",
        opus: int = OPUS,
        telephone_event: int = TELEPHONE_EVENT,
    ) -> None:
        self.opus, self.telephone_event = opus, telephone_event
        self.link = LiteLink()
        self.heard: list[Heard] = []
        self.reports: list[tuple[float, bytes]] = []
        self.answer = ""
        self._setup = setup
        self._certificate = RTCCertificate.generateCertificate()
        prints = self._certificate.getFingerprints()
        own = next(one.value for one in prints if one.algorithm == "sha-256")
        self._fingerprint = fingerprint or own
        self.dtls = _Dtls(self.link, self._certificate, self._on_rtp, self._on_rtcp)
        self._sequence, self._timestamp, self._ssrc = 65_530, 4_294_960_000, 77_777

    async def offer(self) -> str:
        await self.link.open()
        port = self.link.port
        lines = [
            "v=0",
            "o=- 1790000506123 2 IN IP4 127.0.0.1",
            "s=-",
            "t=0 0",
            "a=group:BUNDLE audio",
            "a=ice-lite",
            f"m=audio {port} UDP/TLS/RTP/SAVPF {self.opus} {self.telephone_event}",
            "c=IN IP4 127.0.0.1",
            "a=rtcp:9 IN IP4 0.0.0.0",
            f"a=candidate:1 1 udp 2122260223 127.0.0.1 {port} typ host generation 0",
            f"a=ice-ufrag:{self.link.ufrag}",
            f"a=ice-pwd:{self.link.pwd}",
            f"a=fingerprint:sha-256 {self._fingerprint}",
            f"a=setup:{self._setup}",
            "a=mid:audio",
            "a=sendrecv",
            "a=rtcp-mux",
            f"a=rtpmap:{self.opus} opus/48000/2",
            f"a=rtpmap:{self.telephone_event} telephone-event/8000",
            "a=ptime:20",
        ]
        return "".join(f"{line}\r\n" for line in lines)

    async def connect(self, answer: str) -> None:
        """Our answer is known: checks are answered, then DTLS."""
        self.answer = answer
        self.link.is_deaf = False
        await self.link.is_nominated.wait()
        self.dtls._set_role("client" if "a=setup:passive" in answer else "server")
        fingerprint = _value(answer, "fingerprint").split()[1]
        await self.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", fingerprint)]))

    def _on_rtp(self, data: bytes) -> None:
        first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", data)
        now = asyncio.get_running_loop().time()
        self.heard.append(
            Heard(now, sequence, timestamp, second & 127, ssrc, second > 127, data[12:])
        )

    def _on_rtcp(self, data: bytes) -> None:
        self.reports.append((asyncio.get_running_loop().time(), data))

    def has_heard(self, packets: int) -> bool:
        return len(self.heard) >= packets

    async def send(self, payload: bytes, *, payload_type: int = 0, ticks: int = FRAME) -> None:
        """Send one RTP packet, `ticks` after the last one."""
        await self.dtls._send_rtp(self.number(payload, payload_type=payload_type, ticks=ticks))

    def number(self, payload: bytes, *, payload_type: int = 0, ticks: int = FRAME) -> bytes:
        """The next RTP packet, `ticks` after the last one; of sound unless said otherwise."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + ticks) & 0xFFFFFFFF
        header = struct.pack(
            "!BBHII", 0x80, payload_type or self.opus, self._sequence, self._timestamp, self._ssrc
        )
        return header + payload

    async def speak(self, packets: list[bytes]) -> None:
        """Send packets in real time."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for index, packet in enumerate(packets):
            await asyncio.sleep(max(0.0, began + index * 0.02 - loop.time()))
            await self.send(packet)

    async def speak_badly(self, packets: list[bytes]) -> None:
        """Send packets in real time; every 10th is lost, every third comes one place too late and
        some come twice."""
        held: bytes | None = None
        for index, payload in enumerate(packets):
            packet = self.number(payload)
            if index % 10 == 9:
                pass
            elif index % 3 == 1 and held is None:
                held = packet
            else:
                for late in filter(None, (packet, held, packet if index % 7 == 0 else None)):
                    await self.dtls._send_rtp(late)
                held = None
            await asyncio.sleep(0.019)

    async def press(self, event: int, *, ends: int = 3) -> None:
        """Press a key for 100 ms; `ends` of its three last packets arrive."""
        for step in range(1, 6):
            payload = struct.pack("!BBH", event, 10, step * 160)
            await self.send(
                payload, payload_type=self.telephone_event, ticks=4800 if step == 1 else 0
            )
        for _ in range(ends):
            payload = struct.pack("!BBH", event, 0x80 | 10, 800)
            await self.send(payload, payload_type=self.telephone_event, ticks=0)

    async def close(self) -> None:
        await self.dtls.stop()
        self.link.transport.close()


class ToneTrack(AudioStreamTrack):
    """A sine for aiortc's own encoder."""

    def __init__(self, hertz: float) -> None:
        super().__init__()
        self._hertz, self._at = hertz, 0

    async def recv(self) -> Any:
        frame: Any = await super().recv()
        at = (self._at + np.arange(frame.samples)) / frame.sample_rate
        self._at += frame.samples
        wave = (np.sin(2 * np.pi * self._hertz * at) * 9000).astype(np.int16)
        made = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        made.sample_rate, made.pts, made.time_base = frame.sample_rate, frame.pts, frame.time_base
        return made


class Browser:
    """A full agent that makes the offer: aiortc's RTCPeerConnection, nothing changed."""

    def __init__(self, hertz: float = 440.0) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.addTrack(ToneTrack(hertz))
        self.heard: list[np.ndarray] = []
        self._task: asyncio.Task[None] | None = None
        self.connection.on("track", self._on_track)

    def _on_track(self, track: Any) -> None:
        self._task = asyncio.create_task(self._listen(track))

    async def _listen(self, track: Any) -> None:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        while True:
            frame = await track.recv()
            self.heard += [part.to_ndarray().reshape(-1) for part in resampler.resample(frame)]

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def connect(self, answer: str) -> None:
        description = RTCSessionDescription(sdp=answer, type="answer")
        await self.connection.setRemoteDescription(description)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
        await self.connection.close()
