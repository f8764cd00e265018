"""Far ends that answer an offer of ours: WhatsApp's relay, and a browser-like full agent."""

from __future__ import annotations

from aiortc import RTCSessionDescription

from tests.media.far_end import Browser, Relay


class Callee(Relay):
    """WhatsApp's relay when the business calls: it answers, in whatever DTLS role it likes.

    :param setup: of the answer; after `active` it says hello first.
    :param keys: does the answer speak of telephone-event?
    """

    def __init__(self, setup: str = "active", *, keys: bool = True, opus: int = 111) -> None:
        super().__init__(setup=setup, opus=opus)
        self._has_keys = keys

    async def reply(self, offer: str) -> str:
        """The answer's form is that of the relay's offers; its mid is that of our offer."""
        text = await self.offer()
        mid = next(line for line in offer.splitlines() if line.startswith("a=mid:"))[6:]
        text = text.replace("BUNDLE audio", f"BUNDLE {mid}").replace("a=mid:audio", f"a=mid:{mid}")
        if not self._has_keys:
            text = text.replace(f" {self.telephone_event}\r\n", "\r\n", 1)
            text = text.replace(f"a=rtpmap:{self.telephone_event} telephone-event/8000\r\n", "")
        return text

    async def meet(self, offer: str) -> None:
        """Let our checks through, then DTLS in the role of the answer."""
        role = offer.replace("a=setup:actpass", "a=setup:passive")
        await self.connect(role if self._setup == "active" else offer)


class FullCallee(Browser):
    """aiortc's RTCPeerConnection, nothing changed, as the answering side."""

    async def reply(self, offer: str) -> str:
        description = RTCSessionDescription(sdp=offer, type="offer")
        await self.connection.setRemoteDescription(description)
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return str(self.connection.localDescription.sdp)
