"""What every call on Meta's side has, whoever makes it: time line, media, timers, its end."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from aiortc.rtcdtlstransport import RTCCertificate

from simulator import payloads
from simulator.accounts import PhoneNumber, User
from simulator.announcements import Announcements
from simulator.courier import Courier
from simulator.graph_errors import GraphError, invalid_parameter
from simulator.journal import Journal
from simulator.opus import ogg
from simulator.payloads import CallFacts, Ending
from simulator.peer import Peer
from simulator.plans import CallPlan
from simulator.reception import Reception
from simulator.rules import Action, CallState, NotAllowed, after, media_deadline


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


class Leg:
    """A call; `call.Call` is made by a user, `outgoing.OutgoingCall` by the business."""

    direction = "USER_INITIATED"
    _early = "media before accept"

    def __init__(self, facts: CallFacts, plan: CallPlan, around: Surroundings) -> None:
        self.id = facts.call_id
        self.number: PhoneNumber = facts.number
        self.user: User = facts.user
        self.plan = plan
        self.state = CallState.OFFERED
        self.end_reason: str | None = None
        self.start_time: int | None = None
        self.end_time: int | None = None
        self.sdp_offer = ""
        self.sdp_answer: str | None = None
        self.journal = Journal(start=around.clock())
        self.reception = Reception(
            around.clock,
            self._violate,
            self._remark,
            loss=plan.media.loss_from_business,
            early=self._early,
        )
        self.peer = Peer(
            plan,
            around.certificate,
            self.reception,
            self._violate,
            self._remark,
            answers=facts.business_initiated,
        )
        self.peer_open = False
        self.recording_wanted = False
        self.on_end: Callable[[], None] | None = None
        self._around = around
        self._announce = Announcements(around.courier, facts, plan.delivery)
        self._opaque: str | None = None
        self._accepted_at = 0.0
        self._terminate_acked: float | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self.closing: asyncio.Task[None] | None = None

    # --- what the business does ---------------------------------------------------------------

    def _following(self, action: Action) -> CallState:
        """The state after an action of the business.

        :raises GraphError: the state forbids it.
        """
        try:
            return after(self.state, action)
        except NotAllowed as refusal:
            self._refused(action)
            raise invalid_parameter(str(refusal)) from refusal

    def _refused(self, action: Action) -> None:
        if action is Action.ACCEPT and self.journal.accepts():
            self._violate("accept sent again")
        known = self._terminate_acked
        if known is not None and self._around.clock() - known > 1.0:
            self._violate(f"{action} after the end of the call was known")

    def remark_unknown_keys(self, keys: list[str]) -> None:
        """The body of a request had keys Meta does not document (`to` is among its samples)."""
        unwanted = [key for key in keys if key != "to"]
        if unwanted:
            self._violate(f"unknown keys in request body: {', '.join(unwanted)}")

    def log_request(self, action: str, status: int, error: GraphError | None) -> None:
        """A Graph request about this call was answered."""
        code = error.code if error else None
        self.journal.request(action, status, code, self._around.clock())

    # --- what the user does -------------------------------------------------------------------

    def _talk(self) -> None:
        """Both sides have said yes: the user hears and speaks from now on."""
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
        self.end("no_media", error=self._no_media())

    def _no_media(self) -> int:
        return payloads.NO_MEDIA

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

    # --- the end ------------------------------------------------------------------------------

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
        if self.on_end is not None:
            self.on_end()
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

    # --- the time line ------------------------------------------------------------------------

    def _terminate_delivered(self, at: float) -> None:
        self._terminate_acked = self._terminate_acked or at
        self.journal.note_once("terminate_acked", at)
        self._around.changed()

    def _connect_delivered(self, at: float) -> None:
        self.journal.note_once("webhook_acked", at)
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
