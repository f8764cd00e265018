"""One business-initiated call on Meta's side. Meta: calling/business-initiated-calls."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from simulator import answers, payloads
from simulator.leg import Leg, Surroundings
from simulator.payloads import CallFacts
from simulator.people import UserPlan
from simulator.rules import Action, CallState
from simulator.sdp_checks import BusinessMedia

_PATIENCE = 10.0
"""How long a reply waits for the webhook that shall be faster."""
# What the business is, in the words of an answer, once Meta's own role is known.
_BUSINESS_ROLE = {"active": "passive", "passive": "active", "actpass": "active"}


@dataclass(frozen=True)
class Dialing:
    """What the business has asked for with `connect`."""

    sdp: str
    media: BusinessMedia
    opaque: str | None
    recording: bool


class OutgoingCall(Leg):
    """From the business's `connect` to the terminate webhook.

    :param on_pick_up: the user has taken the call.
    :param on_missed: he has not: declined, or it rang in vain.
    """

    direction = "BUSINESS_INITIATED"
    _early = "media before the pick-up"

    def __init__(
        self,
        facts: CallFacts,
        user_plan: UserPlan,
        dialing: Dialing,
        around: Surroundings,
        *,
        on_pick_up: Callable[[], None],
        on_missed: Callable[[], None],
    ) -> None:
        super().__init__(facts, user_plan.call_plan(), around)
        self.state = CallState.DIALED
        self.sdp_offer = dialing.sdp
        self.recording_wanted = dialing.recording
        self._opaque = dialing.opaque
        self._user_plan, self._media = user_plan, dialing.media
        self._on_pick_up, self._on_missed = on_pick_up, on_missed
        self._answered = asyncio.Event()

    async def dial(self) -> None:
        """Bind the media socket and begin; ends before the answer leaves, unless it shall be first."""
        values = await self.peer.open(self._around.host, time.time_ns() // 1_000_000)
        self.peer_open = True
        plan = self._user_plan
        self.sdp_answer = answers.answer(self._media, values, plan.setup)
        for remark in self._media.remarks:
            self._remark(f"SDP: {remark}")
        self.peer.connect(replace(self._media, setup=_BUSINESS_ROLE[plan.setup]))
        self._remark("dialed")
        self._later(plan.ring_timeout * self._around.time_scale, self._not_answered)
        if not plan.connect_before_reply:
            self._later(plan.connect_after, self._answer)
            return
        self._answer()
        try:
            await asyncio.wait_for(self._answered.wait(), _PATIENCE)
        except TimeoutError:
            self._remark("the connect webhook was not taken before the reply")

    def act(self, action: Action, sdp: str | None, opaque: str | None, recording: bool) -> None:
        """The business ends the call; there is nothing else it may ask for.

        :raises GraphError: refused; nothing has changed.
        """
        self._following(action)
        self._remark(str(action))
        self.end(f"business_{action}")
        self._around.changed()

    def _answer(self) -> None:
        self._remark("answer_sent")
        self._announce.answered(self.sdp_answer or "", self._opaque, self._answer_delivered)
        self._later(self._user_plan.ring_after, self._ring)

    def _answer_delivered(self, at: float) -> None:
        self._answered.set()
        self._connect_delivered(at)

    def _ring(self) -> None:
        on_call = self._user_plan.on_call
        if on_call.kind == "busy":
            self._cancelled()
        elif on_call.kind != "offline":
            self.state = CallState.RINGING
            self._remark("ringing")
            self._announce.status("RINGING", self._opaque)
            acts = {"accept": self._pick_up, "decline": self._cancelled}
            if on_call.kind in acts:
                self._later(on_call.after, acts[on_call.kind])

    def pick_up(self) -> bool:
        """The user takes the call now; False when it does not ring."""
        if self.state is not CallState.RINGING:
            return False
        self._pick_up()
        return True

    def _pick_up(self) -> None:
        self.state = CallState.IN_PROGRESS
        self._remark("picked_up")
        self._talk()
        self._announce.status("ACCEPTED", self._opaque)
        self._on_pick_up()

    def _cancelled(self) -> None:
        """The user declines."""
        self._announce.status("REJECTED", self._opaque)
        self.end("user_declined")
        self._on_missed()

    def _not_answered(self) -> None:
        self.end("ring_timeout")
        self._on_missed()

    def _no_media(self) -> int:
        """Meta: calling/troubleshooting."""
        through = self.journal.time_of("dtls_connected") is not None
        return payloads.NO_MEDIA if through else payloads.NO_SIGNAL
