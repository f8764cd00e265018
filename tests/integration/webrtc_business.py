"""A tiny business to call: a webhook endpoint, a Graph client and two kinds of WebRTC.

`Ordinary` is a plain RTCPeerConnection of aiortc, to show that an everyday stack can talk with
the simulator. `Line` goes one floor deeper and can break every rule.
"""

import asyncio
import contextlib
import fractions
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from typing import Any, cast

import aioice
import numpy as np
from aiohttp import ClientSession, web
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcdtlstransport import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)
from aiortc.rtp import RtpPacket
from av import AudioFrame

Json = dict[str, Any]

PNID = "771030456128844"
SECRET = "first-app-secret"  # of a simulated app
TOKEN = "first-access-token"


class Business:
    """Receives webhooks (keeping bytes and headers) and asks Graph."""

    def __init__(self, graph_url: str, *, number: str = PNID, secret: str = SECRET):
        self.graph_url, self.number, self.secret = graph_url, number, secret
        self.token = TOKEN
        self.bodies: list[bytes] = []
        self.signed: list[bool] = []
        self.calls: list[Json] = []
        self.told: list[Json] = []
        """The values of all changes, in the order of their arrival."""
        self.statuses: list[int] = []
        """What to answer to the next POSTs; then 200."""
        self._arrived = asyncio.Event()

    async def __aenter__(self):
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_post("/hook", self._post)
        app.router.add_get("/hook", self._get)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/hook"
        self._session = ClientSession()
        return self

    async def __aexit__(self, *_):
        await self._session.close()
        await self._runner.cleanup()

    async def _get(self, request):
        if request.query["hub.verify_token"] != "let-me-in":
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def _post(self, request):
        body = await request.read()
        self.bodies.append(body)
        expected = "sha256=" + hmac.new(self.secret.encode(), body, hashlib.sha256).hexdigest()
        self.signed.append(request.headers.get("X-Hub-Signature-256") == expected)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            for change in changes(body):
                self.calls += change["value"].get("calls", [])
                self.told.append(change["value"])
        self._arrived.set()
        return web.Response(status=status)

    async def wait(self, event: str, call_id: str | None = None, seconds: float = 8.0) -> Json:
        """The first call object with this event."""
        async with asyncio.timeout(seconds):
            while True:
                self._arrived.clear()
                for call in self.calls:
                    if call["event"] == event and call_id in (None, call["id"]):
                        return call
                await self._arrived.wait()

    async def connect(self, sdp: str, to: str = "447700900123", **more) -> tuple[int, Json]:
        """Dial."""
        body = {"messaging_product": "whatsapp", "action": "connect", "to": to}
        session = {"sdp_type": "offer", "sdp": sdp}
        whole = {**body, "session": session, **more}
        answer: tuple[int, Json] = await self.ask("POST", f"{self.number}/calls", whole)
        return answer

    def call_statuses(self) -> list[str]:
        return [s["status"] for s in self._statuses() if s.get("type") == "call"]

    def message_statuses(self) -> list[str]:
        return [s["status"] for s in self._statuses() if s.get("type") != "call"]

    def _statuses(self) -> list[Json]:
        return [status for value in self.told for status in value.get("statuses", [])]

    def replies(self) -> list[Json]:
        """All `call_permission_reply` objects with their context's id."""
        messages = [message for value in self.told for message in value.get("messages", [])]
        return [
            {**m["interactive"]["call_permission_reply"], "to": m.get("context", {}).get("id")}
            for m in messages
            if m["type"] == "interactive"
        ]

    async def until(self, reached: Callable[[], Any], seconds: float = 8.0) -> Any:
        """The first true answer, asked again after every webhook."""
        async with asyncio.timeout(seconds):
            while not (answer := reached()):
                self._arrived.clear()
                await self._arrived.wait()
            return answer

    async def posted(self, count: int, seconds: float = 8.0) -> None:
        """Wait until so many POSTs have arrived."""
        async with asyncio.timeout(seconds):
            while len(self.bodies) < count:
                self._arrived.clear()
                await self._arrived.wait()

    async def graph(self, action: str, call_id: str, sdp: str | None = None, **more):
        """POST /calls; gives status and JSON."""
        body = {"messaging_product": "whatsapp", "action": action, "call_id": call_id, **more}
        if sdp is not None:
            body["session"] = {"sdp_type": "answer", "sdp": sdp}
        return await self.ask("POST", f"{self.number}/calls", body)

    async def ask(self, method: str, path: str, body: Json | None = None):
        headers = {"Authorization": f"Bearer {self.token}"}
        url = path if path.startswith("http") else f"{self.graph_url}/v25.0/{path}"
        async with self._session.request(method, url, json=body, headers=headers) as response:
            self.headers = response.headers
            data = await response.read()
            is_json = response.content_type == "application/json"
            return response.status, json.loads(data) if is_json else data


def changes(body: bytes) -> list[Json]:
    return [change for entry in json.loads(body)["entry"] for change in entry["changes"]]


class Tone(MediaStreamTrack):
    kind = "audio"

    def __init__(self, frequency: int):
        super().__init__()
        self.frequency, self.count = frequency, 0
        self.started = asyncio.get_running_loop().time()

    async def recv(self):
        loop = asyncio.get_running_loop()
        self.count += 1
        await asyncio.sleep(max(0.0, self.started + self.count * 0.02 - loop.time()))
        t = (np.arange(960) + self.count * 960) / 48000
        samples = (np.sin(2 * np.pi * self.frequency * t) * 8000).astype(np.int16)
        frame = AudioFrame.from_ndarray(np.repeat(samples, 2).reshape(1, -1), "s16", "stereo")
        frame.sample_rate, frame.pts = 48000, self.count * 960
        frame.time_base = fractions.Fraction(1, 48000)
        return frame


class Ordinary:
    """A plain RTCPeerConnection; only its sha-384 and sha-512 fingerprints are left out."""

    def __init__(self, frequency: int = 880):
        self._connection = RTCPeerConnection()
        self._tone = Tone(frequency)
        self.heard: list[np.ndarray] = []
        self._tasks: list[asyncio.Task[None]] = []

        @self._connection.on("track")
        def on_track(track):
            self._tasks.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track):
        with contextlib.suppress(Exception):  # the track ends with the call
            while True:
                frame = await track.recv()
                self.heard.append(frame.to_ndarray().reshape(-1, 2)[:, 0])

    async def answer(self, offer: str) -> str:
        await self._connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        self._connection.addTrack(self._tone)
        await self._connection.setLocalDescription(await self._connection.createAnswer())
        return self._text()

    async def offer(self) -> str:
        self._connection.addTrack(self._tone)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._text()

    async def take(self, answer: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    def _text(self) -> str:
        lines = self._connection.localDescription.sdp.strip().split("\r\n")
        kept = [x for x in lines if not re.match("a=fingerprint:sha-(384|512)", x)]
        return "".join(line + "\r\n" for line in kept)

    async def close(self):
        await self._connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


class _Loopback(aioice.Connection):
    """ICE on 127.0.0.1, with the three names RTCDtlsTransport wants of its transport."""

    role = "controlling"

    async def _recv(self):
        return await self.recv()

    async def _send(self, data):
        await self.send(data)

    async def gather_candidates(self):
        self._local_candidates_start = True
        self._local_candidates = await self.get_component_candidates(1, ["127.0.0.1"])
        self._local_candidates_end = True


class _Raw(RTCDtlsTransport):
    packets: list[RtpPacket]
    reports: list[bytes]

    async def _handle_rtp_data(self, data, arrival_time_ms):
        self.packets.append(RtpPacket.parse(data))

    async def _handle_rtcp_data(self, data):
        self.reports.append(data)


class Line:
    """ICE and DTLS only: RTP packets go out exactly as told and are kept as they come in."""

    def __init__(self):
        self.ssrc = secrets.randbits(31)
        self.packets: list[RtpPacket] = []
        self.reports: list[bytes] = []
        self._ice = _Loopback(ice_controlling=True, use_ipv6=False)
        self._certificate = RTCCertificate.generateCertificate()
        self.dtls = _Raw(cast(Any, self._ice), [self._certificate])
        self.dtls.packets, self.dtls.reports = self.packets, self.reports
        self._sequence = 100

    async def answer(self, offer: str, setup: str = "active") -> str:
        self._offer = offer
        await self._ice.gather_candidates()
        port = self._ice.local_candidates[0].port
        prints = {p.algorithm: p.value for p in self._certificate.getFingerprints()}
        lines = f"""v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE audio
m=audio {port} UDP/TLS/RTP/SAVPF 111 126
c=IN IP4 127.0.0.1
a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host
a=ice-ufrag:{self._ice.local_username}
a=ice-pwd:{self._ice.local_password}
a=fingerprint:sha-256 {prints["sha-256"]}
a=setup:{setup}
a=mid:audio
a=sendrecv
a=rtcp-mux
a=rtpmap:111 opus/48000/2
a=rtpmap:126 telephone-event/8000
a=ssrc:{self.ssrc} cname:c
"""
        self._role = "client" if setup == "active" else "server"
        return lines.replace("\n", "\r\n")

    async def connect(self):
        """ICE and DTLS; the answer must have reached the simulator before."""
        self._ice.remote_is_lite = "a=ice-lite" in self._offer
        self._ice.remote_username, self._ice.remote_password = (
            self._offered("ice-ufrag"),
            self._offered("ice-pwd"),
        )
        for text in re.findall(r"a=candidate:(.*?)\r", self._offer):
            await self._ice.add_remote_candidate(aioice.Candidate.from_sdp(text))
        await self._ice.connect()
        self.dtls._set_role(self._role)
        fingerprint = self._offered("fingerprint").removeprefix("sha-256 ")
        await self.dtls.start(RTCDtlsParameters([RTCDtlsFingerprint("sha-256", fingerprint)]))

    def _offered(self, name: str) -> str:
        return str(re.findall(rf"a={name}:(.*?)\r", self._offer)[0])

    async def send(self, payload: bytes, *, tick: int, ssrc: int | None = None, pt: int = 111):
        self._sequence += 1
        packet = RtpPacket(
            payload_type=pt,
            sequence_number=self._sequence,
            timestamp=1000 + tick * 960,
            ssrc=ssrc or self.ssrc,
            payload=payload,
        )
        await self.dtls._send_rtp(packet.serialize())

    async def speak(self, frames, ticks: int, start: int = 0):
        """Send frames round and round, 20 ms each."""
        for tick in range(start, start + ticks):
            await self.send(frames[tick % len(frames)], tick=tick)
            await asyncio.sleep(0.02)

    async def close(self):
        await self.dtls.stop()
        await self._ice.close()
