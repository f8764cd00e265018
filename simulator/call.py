"""One user-initiated call on Meta's side: state, timers, media and webhooks."""

import time

from simulator import offers
from simulator.graph_errors import invalid_sdp
from simulator.leg import Leg
from simulator.peer import OFFERED_PAYLOAD_TYPES
from simulator.rules import Action, CallState
from simulator.sdp_checks import SdpRefused, check_answer


class Call(Leg):
    """From the user's tap on the phone to the terminate webhook."""

    async def offer(self) -> None:
        """Bind the media socket, send the connect webhook, start the timers."""
        values = await self.peer.open(self._around.host, time.time_ns() // 1_000_000)
        self.peer_open = True
        self.sdp_offer = offers.offer(self.plan.profile, values)
        self._announce.connect(self.sdp_offer, self._offer_sent, self._connect_delivered)
        scale = self._around.time_scale
        self._later(self.plan.accept_timeout * scale, self._not_answered)
        if self.plan.cancel_after is not None:
            self._later(self.plan.cancel_after, self._cancelled)

    def act(self, action: Action, sdp: str | None, opaque: str | None, recording: bool) -> None:
        """Do what the business asks for.

        :param sdp: of the answer, for pre_accept and accept.
        :raises GraphError: refused; nothing has changed.
        """
        following = self._following(action)
        if action in (Action.PRE_ACCEPT, Action.ACCEPT):
            self._take_answer(action, sdp or "")
        self.state = following
        self._remark(str(action))
        if action is Action.ACCEPT:
            self._opaque, self.recording_wanted = opaque, recording
            self._talk()
        elif following is CallState.ENDED:
            self.end(f"business_{action}")
        self._around.changed()

    def _take_answer(self, action: Action, sdp: str) -> None:
        if self.plan.profile == "sdes":
            raise invalid_sdp("No crypto line found in SDP (SDES media is not simulated)")
        if self.sdp_answer is not None:
            if sdp != self.sdp_answer:
                self._violate("accept SDP differs from pre_accept SDP")
                raise invalid_sdp("SDP of accept differs from the SDP of pre_accept")
            return
        try:
            media = check_answer(
                sdp,
                mid=offers.MID,
                payload_types=OFFERED_PAYLOAD_TYPES,
                ice_lite=self.plan.ice == "lite",
            )
        except SdpRefused as refusal:
            self._violate(f"SDP: {refusal}")
            raise invalid_sdp(str(refusal)) from refusal
        for remark in media.remarks:
            self._remark(f"SDP: {remark}")
        self.sdp_answer = sdp
        self.peer.connect(media)

    def _not_answered(self) -> None:
        self.end("accept_timeout")

    def _offer_sent(self, at: float) -> None:
        self.journal.start = at
        self.journal.note_once("offer_sent", at)
        self._around.changed()
