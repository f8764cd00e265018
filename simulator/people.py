"""The users whom a business can call: who they are and what they will do. Pure."""

from dataclasses import dataclass, field
from typing import Literal

from simulator.accounts import User
from simulator.answers import Setup
from simulator.identifiers import business_scoped_user_id
from simulator.plans import CallPlan, Speech
from simulator.rules import RING_SECONDS
from simulator.switches import DeliverySwitches, MediaSwitches


@dataclass(frozen=True)
class OnCall:
    """What a user does when the phone rings, `after` so many seconds of ringing.

    `busy`: rejects without ringing; `offline`: the phone never rings, nobody says why.
    """

    kind: Literal["accept", "decline", "ignore", "busy", "offline"] = "accept"
    after: float = 1.0


@dataclass(frozen=True)
class OnRequest:
    """What a user does with a request for permission, `after` so many seconds."""

    kind: Literal["allow", "always", "decline", "ignore"] = "ignore"
    after: float = 0.5


@dataclass(frozen=True)
class UserPlan:
    """Body of ``POST /sim/users``. Times are seconds of the wall clock unless said otherwise."""

    wa_id: str = "447700900123"
    user_id: str | None = None
    name: str = "Ada Quill"
    username: str | None = None
    phone_number_id: str | None = None
    """The number that `permission` is for; the first one if left out."""
    permission: Literal["no_permission", "temporary", "permanent"] | None = None
    """None: as it was."""
    permission_seconds: float | None = None
    """How long a temporary one lasts; Meta's seven days (scaled) if left out."""
    callable: bool = True
    """False: not on WhatsApp, or with a client too old (138001)."""
    old_client: bool = False
    """Requests and buttons are sent, and fail with 131026."""
    window: bool = True
    """The customer service window of 24 hours is open."""
    on_call: OnCall = OnCall()
    on_permission_request: OnRequest = OnRequest()
    connect_after: float = 0.3
    """Meta's SDP answer after the request."""
    ring_after: float = 0.3
    """RINGING after Meta's answer."""
    connect_before_reply: bool = False
    """The connect webhook is delivered before the request is answered."""
    ring_timeout: float = RING_SECONDS
    """Scaled."""
    setup: Setup = "active"
    """DTLS role in Meta's answer."""
    ice: Literal["lite", "full"] = "lite"
    speak: Speech = Speech()
    dtmf: str = ""
    dtmf_after: float = 1.0
    """Seconds after the pick-up."""
    hang_up_after: float | None = None
    """Seconds after the pick-up."""
    listen_for: tuple[int, ...] = (440, 880, 1000)
    delivery: DeliverySwitches = DeliverySwitches()
    media: MediaSwitches = MediaSwitches()

    def __post_init__(self) -> None:
        self.call_plan()

    def user(self) -> User:
        """Who this is."""
        username = "user." + self.wa_id if self.delivery.username else None
        return User(
            wa_id=self.wa_id,
            name=self.name,
            user_id=self.user_id or business_scoped_user_id(self.wa_id),
            username=self.username or username,
        )

    def call_plan(self) -> CallPlan:
        """The media side of a call to this user, in the words of a call by this user.

        :raises ValueError: the plan makes no sense.
        """
        return CallPlan(
            wa_id=self.wa_id,
            name=self.name,
            user_id=self.user_id,
            ice=self.ice,
            speak=self.speak,
            dtmf=self.dtmf,
            dtmf_after=self.dtmf_after,
            hang_up_after=self.hang_up_after,
            listen_for=self.listen_for,
            delivery=self.delivery,
            media=self.media,
        )


@dataclass
class People:
    """All users that were spoken of, by number and by business-scoped id."""

    _by_number: dict[str, UserPlan] = field(default_factory=dict)

    def put(self, plan: UserPlan) -> None:
        """Add or replace a user."""
        self._by_number[plan.wa_id] = plan

    def meet(self, user: User) -> None:
        """Somebody has called: the business may call back by either id."""
        if user.wa_id not in self._by_number:
            self.put(UserPlan(wa_id=user.wa_id, user_id=user.user_id, name=user.name))

    def find(self, to: str, recipient: str) -> UserPlan | None:
        """The user addressed; the number wins if both are given, and unknown numbers have users
        who have allowed nothing. None: nobody has this id.
        """
        if to:
            return self._by_number.setdefault(to, UserPlan(wa_id=to))
        plans = self._by_number.values()
        return next((plan for plan in plans if plan.user().user_id == recipient), None)

    def all(self) -> list[UserPlan]:
        return list(self._by_number.values())

    def clear(self) -> None:
        """Forget everybody."""
        self._by_number.clear()
