"""One user-initiated call on Meta's side: state, timers, media and webhooks."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rtcdtlstransport import RTCCertificate

from simulator import offers, payloads
from simulator.accounts import PhoneNumber, User
from simulator.announcements import Announcements
from simulator.courier import Courier
from simulator.graph_errors import GraphError, invalid_parameter, invalid_sdp
from simulator.journal import Journal
from simulator.opus import ogg
from simulator.payloads import CallFacts, Ending
from simulator.peer import OFFERED_PAYLOAD_TYPES, Peer
from simulator.plans import CallPlan
from simulator.reception import Reception
from simulator.rules import Action, CallState, NotAllowed, after, media_deadline
from simulator.sdp_checks import SdpRefused, check_answer


@dataclass(frozen=True)
class Surroundings:
    """What a call needs of the simulator around it."""

    courier: Courier
    certificate: RTCCertificate
    host: str
    time_scale: float
    clock: Callable[[], float]
    keep_recording: Callable[[bytes], payloads.Json]
    """Keeps an Ogg/Opus file and gives the object which a webhook shows for it."""
    changed: Callable[[], None]
    """Called after every change, for those who wait for one."""


class Call:
    """From the user's tap on the phone to the terminate webhook."""

    def __init__(
        self, call_id: str, number: PhoneNumber, user: User, plan: CallPlan, around: Surroundings
    ) -> None:
        self.id = call_id
        self.number, self.user, self.plan = number, user, plan
        self.state = CallState.OFFERED
        self.end_reason: str | None = None
        self.start_time: int | None = None
        self.end_time: int | None = None
        self.sdp_offer = ""
        self.sdp_answer: str | None = None
        self.journal = Journal(start=around.clock())
        self.reception = Reception(
            around.clock, self._violate, self._remark, loss=plan.media.loss_from_business
        )
        self.peer = Peer(plan, around.certificate, self.reception, self._violate, self._remark)
        self.peer_open = False
        self.recording_wanted = False
        self._around = around
        facts = CallFacts(call_id, number, user, plan.cta_payload, plan.deeplink_payload)
        self._announce = Announcements(around.courier, facts, plan.delivery)
        self._opaque: str | None = None
        self._accepted_at = 0.0
        self._terminate_acked: float | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.closing: asyncio.Task[None] | None = None

    async def offer(self) -> None:
        """Bind the media socket, send the connect webhook, start the timers."""
        values = await self.peer.open(self._around.host, time.time_ns() // 1_000_000)
        self.peer_open = True
        self.sdp_offer = offers.offer(self.plan.profile, values)
        self._announce.connect(self.sdp_offer, self._offer_sent, self._offer_delivered)
        scale = self._around.time_scale
        self._later(self.plan.accept_timeout * scale, self._not_answered)
        if self.plan.cancel_after is not None:
            self._later(self.plan.cancel_after, self._cancelled)

    def act(self, action: Action, sdp: str | None, opaque: str | None, recording: bool) -> None:
        """Do what the business asks for.

        :param sdp: of the answer, for pre_accept and accept.
        :raises GraphError: refused; nothing has changed.
        """
        try:
            following = after(self.state, action)
        except NotAllowed as refusal:
            self._refused(action)
            raise invalid_parameter(str(refusal)) from refusal
        if action in (Action.PRE_ACCEPT, Action.ACCEPT):
            self._take_answer(action, sdp or "")
        self.state = following
        self._remark(str(action))
        if action is Action.ACCEPT:
            self._opaque, self.recording_wanted = opaque, recording
            self._accepted()
        elif following is CallState.ENDED:
            self.end(f"business_{action}")
        self._around.changed()

    def _refused(self, action: Action) -> None:
        if action is Action.ACCEPT and self.journal.accepts():
            self._violate("accept sent again")
        known = self._terminate_acked
        if known is not None and self._around.clock() - known > 1.0:
            self._violate(f"{action} after the end of the call was known")

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

    def _accepted(self) -> None:
        now = self._around.clock()
        self._accepted_at, self.start_time = now, int(time.time())
        self._cancel_timers()
        self.peer.begin(now)
        if self.plan.hang_up_after is not None:
            self._later(self.plan.hang_up_after, self._hung_up)
        if self.plan.dtmf:
            self._later(self.plan.dtmf_after, self._press_planned)
        self._watch_media()

    def _watch_media(self) -> None:
        reception, now = self.reception, self._around.clock()
        deadline = media_deadline(
            self._accepted_at, reception.first_rtp, reception.last_media, self._around.time_scale
        )
        if now < deadline:
            self._later(deadline - now, self._watch_media)
            return
        start = reception.first_rtp is None
        self._violate("no media for 20 s at the start" if start else "no media for 30 s")
        self.end("no_media", error=payloads.NO_MEDIA)

    def hang_up(self) -> None:
        """The user presses the red button: cancels while it rings, hangs up later."""
        self._hung_up() if self.state is CallState.IN_PROGRESS else self._cancelled()

    def press(self, digits: str) -> bool:
        """The user presses keys; False when there is no audio yet to carry them."""
        pressed = self.state is CallState.IN_PROGRESS and self.peer.press(digits)
        self._remark(f"digits {digits}" if pressed else f"digits {digits} had no audio to carry")
        return pressed

    def _press_planned(self) -> None:
        self.press(self.plan.dtmf)

    def _hung_up(self) -> None:
        self.end("user_hangup")

    def _cancelled(self) -> None:
        self.end("user_cancelled")

    def _not_answered(self) -> None:
        self.end("accept_timeout")

    def end(self, reason: str, *, error: int | None = None) -> None:
        """Close the media and tell the business. A second end changes nothing."""
        if self.end_reason is not None:
            return
        self.end_reason = reason
        self.state = CallState.ENDED
        if self.start_time is not None:
            self.end_time = int(time.time())
        self._cancel_timers()
        self._remark(f"ended: {reason}")
        ending = Ending(
            status="FAILED" if error else "COMPLETED",
            start_time=self.start_time,
            end_time=self.end_time,
            error=error,
            opaque=self._opaque,
        )
        self._announce.terminate(ending, self._terminate_delivered)
        self.closing = asyncio.get_running_loop().create_task(self._close())

    async def _close(self) -> None:
        await self.peer.close()
        self.peer_open = False
        self._around.changed()
        if self.recording_wanted and self.start_time is not None:
            await self._announce_recording()

    async def _announce_recording(self) -> None:
        """Meta: calling/call-recording (typically within a minute after the end)."""
        samples = self.reception.ear.samples()
        data = await asyncio.to_thread(ogg, samples)
        self._announce.recording(self._around.keep_recording(data))

    async def abandon(self) -> None:
        """The simulator stops or forgets the call: no webhook, no timer, no socket."""
        self._cancel_timers()
        if self.end_reason is None:
            self.end_reason, self.state = "simulator_stopped", CallState.ENDED
            await self._close()
        elif self.closing is not None:
            await self.closing

    def remark_unknown_keys(self, keys: list[str]) -> None:
        """The body of a request had keys Meta does not document (`to` is among its samples)."""
        unwanted = [key for key in keys if key != "to"]
        if unwanted:
            self._violate(f"unknown keys in request body: {', '.join(unwanted)}")

    def log_request(self, action: str, status: int, error: GraphError | None) -> None:
        """A Graph request about this call was answered."""
        code = error.code if error else None
        self.journal.request(action, status, code, self._around.clock())

    def _offer_sent(self, at: float) -> None:
        self.journal.start = at
        self.journal.note_once("offer_sent", at)
        self._around.changed()

    def _offer_delivered(self, at: float) -> None:
        self.journal.note_once("webhook_acked", at)

    def _terminate_delivered(self, at: float) -> None:
        self._terminate_acked = self._terminate_acked or at
        self.journal.note_once("terminate_acked", at)
        self._around.changed()

    def _violate(self, what: str) -> None:
        self.journal.violate(what, self._around.clock())
        self._around.changed()

    def _remark(self, what: str) -> None:
        if self.journal.time_of(what) is None:
            self.journal.note(what, self._around.clock())
            self._around.changed()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(max(0.0, seconds), act))

    def _cancel_timers(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
