"""A user's phone with Meta's relay before it: ICE, DTLS and SRTP by aiortc as published."""

import asyncio
import secrets
import uuid
from collections.abc import Callable
from typing import Any, cast

from aiortc.rtcdtlstransport import (
    SRTP_AES128_CM_SHA1_80,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)

from simulator.ice import IceFull, IceLite, Link
from simulator.offers import OPUS, TELEPHONE_EVENT, OfferValues
from simulator.plans import CallPlan
from simulator.reception import Reception
from simulator.sdp_checks import BusinessMedia
from simulator.speaker import Speaker

OPEN_PEERS: set["Peer"] = set()
"""Every peer that still holds a socket; a call that has ended must leave none behind."""


class _Dtls(RTCDtlsTransport):
    """aiortc's transport, handing decrypted packets to us instead of its own receivers."""

    def __init__(
        self,
        link: Link,
        certificate: RTCCertificate,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
    ) -> None:
        # `Any`: the transport only uses `role`, `_recv` and `_send` of an RTCIceTransport.
        super().__init__(cast(Any, link), [certificate])
        self._on_rtp, self._on_rtcp = on_rtp, on_rtcp
        # What Meta's relay is known to negotiate; GCM is unconfirmed.
        self._srtp_profiles = [SRTP_AES128_CM_SHA1_80]

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        self._on_rtp(data)

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self._on_rtcp(data)


class Peer:
    """One phone. `open`, then `connect` once with the answer, `begin` at accept, `close`."""

    def __init__(
        self,
        plan: CallPlan,
        certificate: RTCCertificate,
        reception: Reception,
        violation: Callable[[str], None],
        remark: Callable[[str], None],
        *,
        answers: bool = False,
    ) -> None:
        """:param answers: the business makes the offer, so it controls (RFC 8445 6.1.1)."""
        self.reception = reception
        self.speaker: Speaker | None = None
        self._plan = plan
        self._certificate = certificate
        self._violation, self._remark = violation, remark
        self._link: Link = (
            IceFull(controlling=not answers)
            if plan.ice == "full"
            else IceLite(violation, remark, deaf=plan.media.deaf_ice)
        )
        self._dtls = _Dtls(self._link, certificate, self._heard, reception.rtcp)
        self._dtls.on("statechange", self._dtls_changed)
        self._ssrc = secrets.randbits(31) + 1
        self._begun = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._media: BusinessMedia | None = None

    async def open(self, host: str, now_ms: int) -> OfferValues:
        """Bind the socket and give what the offer says about it.

        :param now_ms: milliseconds since 1970.
        """
        await self._link.open(host)
        OPEN_PEERS.add(self)
        return OfferValues(
            session_id=now_ms,
            stream_id=str(uuid.uuid4()),
            host=self._link.local[0],
            port=self._link.local[1],
            ufrag=self._link.ufrag,
            pwd=self._link.pwd,
            fingerprint=self._fingerprint(),
            ssrc=self._ssrc,
            setup="active" if self._plan.dtls == "client" else "actpass",
            ice_lite=self._plan.ice == "lite",
            crypto_key=secrets.token_urlsafe(30).replace("-", "+").replace("_", "/"),
        )

    def _fingerprint(self) -> str:
        if self._plan.media.wrong_fingerprint:
            return ":".join(f"{byte:02X}" for byte in secrets.token_bytes(32))
        prints = self._certificate.getFingerprints()
        return next(p.value for p in prints if p.algorithm == "sha-256")

    def connect(self, media: BusinessMedia) -> None:
        """The answer is known (pre_accept or accept): let ICE, DTLS and audio happen."""
        self._media = self.reception.media = media
        self._task = asyncio.create_task(self._run(media))

    def begin(self, now: float) -> None:
        """The call is accepted: the user hears and speaks.

        :param now: clock time, seconds.
        """
        self.reception.accepted = True
        self.reception.ear.begin(now)
        self._begun.set()

    async def _run(self, media: BusinessMedia) -> None:
        try:
            await self._link.connect(media.ufrag, media.pwd, media.candidates)
        except ConnectionError:
            self._remark("ice_failed")
            return
        self._remark("ice_connected")
        if self._plan.media.deaf_dtls:
            return
        self._dtls._set_role("client" if media.setup == "passive" else "server")
        await self._dtls.start(
            RTCDtlsParameters([RTCDtlsFingerprint("sha-256", media.fingerprint)])
        )
        if self._dtls.state != "connected":
            self._violation("DTLS handshake failed")
            return
        self._remark("dtls_connected")
        await self._begun.wait()
        self.speaker = Speaker(
            self._dtls._send_rtp,
            self._link._send,
            self._ssrc,
            (media.opus, media.telephone_event or TELEPHONE_EVENT),
            self._plan.speak,
            self._plan.media,
            self.reception.report,
        )
        if self.reception.first_rtp is not None:
            self.speaker.business_spoke.set()
        await self.speaker.run()

    def _dtls_changed(self) -> None:
        if self._dtls.state == "closed":
            self._remark("dtls_closed")

    def _heard(self, data: bytes) -> None:
        self.reception.rtp(data)
        if self.speaker is not None:
            self.speaker.business_spoke.set()

    def press(self, digits: str) -> bool:
        """Press keys; False while there is no audio to carry them."""
        if self.speaker is None or self._media is None or self._media.telephone_event is None:
            return False
        self.speaker.press(digits)
        return True

    async def close(self) -> None:
        """Fall silent and free the socket."""
        self._dtls.remove_all_listeners()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._plan.media.close_notify:
            await self._dtls.stop()
        else:
            await self._stop_quietly()
        await self._link.close()
        OPEN_PEERS.discard(self)

    async def _stop_quietly(self) -> None:
        """Stop reading without the close_notify that `stop` would send."""
        reader = self._dtls._task
        if reader is not None:
            reader.cancel()
            await asyncio.wait([reader])


OFFERED_PAYLOAD_TYPES = (OPUS, TELEPHONE_EVENT)
