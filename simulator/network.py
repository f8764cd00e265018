"""WhatsApp as a whole: numbers, calls, settings, media and what was asked of Graph."""

import asyncio
import base64
import hashlib
import secrets
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypedDict

from aiortc.rtcdtlstransport import RTCCertificate

from simulator.accounts import PhoneNumber, User
from simulator.admission import Circumstances
from simulator.call import Call
from simulator.consents import Consents
from simulator.courier import Courier
from simulator.ear import write_wav
from simulator.faults import GraphFaults
from simulator.identifiers import business_scoped_user_id, call_id
from simulator.leg import Leg, Surroundings
from simulator.message_rules import TEMPLATES, Template
from simulator.outgoing import Dialing, OutgoingCall
from simulator.payloads import CallFacts, Json
from simulator.people import People, UserPlan
from simulator.plans import CallPlan
from simulator.reading import BadRequest
from simulator.rules import CallState
from simulator.standing import INBOUND_PAUSED, OUTBOUND_PAUSED, Standing


class RequestRecord(TypedDict):
    """One Graph request as it was answered; `status` is None when no answer was sent."""

    at: float
    method: str
    path: str
    action: str
    phone_number_id: str | None
    call_id: str | None
    status: int | None
    code: int | None
    fault: str | None
    ms: float
    body: object


class MessageRecord(TypedDict):
    """A message that the business has sent; `payload` is that of its call button."""

    id: str
    phone_number_id: str
    wa_id: str
    kind: str
    payload: str | None
    body: Json


@dataclass
class Network:
    """The state of the simulator; handlers of Graph and of the control API work on it."""

    courier: Courier
    host: str
    time_scale: float
    clock: Callable[[], float]
    strict_keys: bool = False
    sound_dir: Path | None = None
    """Where the WAV files stay; without it they live as long as the simulator."""
    url: str = ""
    """Our own address, for media URLs in webhooks."""
    numbers: dict[str, PhoneNumber] = field(default_factory=dict)
    calls: dict[str, Call | OutgoingCall] = field(default_factory=dict)
    people: People = field(default_factory=People)
    messages: dict[str, MessageRecord] = field(default_factory=dict)
    templates: dict[tuple[str, str], Template] = field(
        default_factory=lambda: {(one.name, one.language): one for one in TEMPLATES}
    )
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """Media id -> (MIME type, bytes)."""
    faults: GraphFaults = field(default_factory=GraphFaults)
    requests: list[RequestRecord] = field(default_factory=list)
    wavs: dict[str, Path] = field(default_factory=dict)
    consents: Consents = field(init=False)
    standing: Standing = field(init=False)
    _temporary: tempfile.TemporaryDirectory[str] | None = None
    _certificate: RTCCertificate = field(default_factory=RTCCertificate.generateCertificate)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.consents = Consents(self.courier, self.time_scale, self.notify)
        self.standing = Standing(self.courier)

    def number(self, phone_number_id: str | None) -> PhoneNumber:
        """A number, the first one if none is named.

        :raises BadRequest: no such number.
        """
        if phone_number_id is None and self.numbers:
            return next(iter(self.numbers.values()))
        if phone_number_id not in self.numbers:
            raise BadRequest(f"no phone number {phone_number_id!r}")
        return self.numbers[phone_number_id]

    async def call(self, plan: CallPlan) -> Call:
        """A user taps on the call button.

        :raises BadRequest: the number is unknown or its calling is disabled.
        """
        number = self.number(plan.phone_number_id)
        if not self.standing.is_enabled(number):
            raise BadRequest("calling is disabled in the settings of this number")
        if self.standing.paused_until(number, INBOUND_PAUSED) is not None:
            raise BadRequest("incoming calls of this number are paused")
        user = User(
            wa_id=plan.wa_id,
            name=plan.name,
            user_id=plan.user_id or business_scoped_user_id(plan.wa_id),
            username=plan.username or ("user." + plan.wa_id if plan.delivery.username else None),
        )
        self.people.meet(user)
        identifier = call_id(plan.wa_id, number.display_phone_number, secrets.token_bytes(16))
        facts = CallFacts(identifier, number, user, plan.cta_payload, plan.deeplink_payload)
        call = Call(facts, plan, self._surroundings())
        call.on_end = lambda: self._user_call_ended(call)
        self.calls[identifier] = call
        await call.offer()
        return call

    def _user_call_ended(self, call: Call) -> None:
        plan = self.people.find(call.user.wa_id, "")
        if plan is None:
            return
        if call.start_time is not None:
            self.consents.of(call.number, call.user).talked()
        if self.standing.settings_of(call.number).get("callback_permission_status") == "ENABLED":
            self.consents.called_back(call.number, plan, call.id)

    async def dial(self, number: PhoneNumber, plan: UserPlan, dialing: Dialing) -> OutgoingCall:
        """The business calls a user; it has been found that it may."""
        user, business = plan.user(), number.display_phone_number
        token = secrets.token_bytes(16)
        identifier = call_id(user.wa_id, business, token, user_initiated=False)
        permission = self.consents.of(number, user)
        call = OutgoingCall(
            CallFacts(identifier, number, user, business_initiated=True),
            plan,
            dialing,
            self._surroundings(),
            on_pick_up=lambda: permission.picked_up(time.time()),
            on_missed=lambda: self.consents.missed(number, plan),
        )
        self.calls[identifier] = call
        await call.dial()
        return call

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            courier=self.courier,
            certificate=self._certificate,
            host=self.host,
            time_scale=self.time_scale,
            clock=self.clock,
            keep_recording=self.keep_recording,
            changed=self.notify,
        )

    def circumstances(
        self, number: PhoneNumber, plan: UserPlan | None, *, sdp_fault: str | None = None
    ) -> Circumstances:
        """What the decision about a call or a request depends on."""
        ours = [call for call in self.calls.values() if call.number is number]
        live = [call for call in ours if call.state is not CallState.ENDED]
        outgoing = sum(isinstance(call, OutgoingCall) for call in ours)
        known = Circumstances(
            conditions=self.standing.conditions_of(number),
            is_sip=self.standing.is_sip(number),
            is_enabled=self.standing.is_enabled(number),
            business=number.display_phone_number,
            restricted_until=self.standing.paused_until(number, OUTBOUND_PAUSED),
            sdp_fault=sdp_fault,
            calls_now=len(live),
            calls_today=outgoing,
        )
        if plan is None:
            return replace(known, user="", is_callable=False)
        user = plan.user()
        permission = self.consents.of(number, user)
        return replace(
            known,
            user=user.wa_id,
            is_callable=plan.callable,
            has_permission=permission.status(self.now()) != "no_permission",
            limit_ends=permission.call_limit_ends(self.now()),
            on_the_line=any(call.user.wa_id == user.wa_id for call in live),
        )

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def notify(self) -> None:
        """Wake everybody who waits for a change."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait_until(self, reached: Callable[[], bool], seconds: float) -> bool:
        """Wait until something is true; looked at after every change.

        :param seconds: how long at most.
        """
        deadline = self.clock() + seconds
        while not reached():
            left = deadline - self.clock()
            if left <= 0:
                return False
            try:
                # Some facts (counters) change without a notification, so look now and then.
                await asyncio.wait_for(self._changed.wait(), min(left, 0.2))
            except TimeoutError:
                continue
        return True

    def wav_of(self, call: Leg) -> Path | None:
        """The sound file of an ended call, written when it is first asked for."""
        if call.peer_open or call.start_time is None:
            return None
        if call.id not in self.wavs:
            path = self._sounds() / f"{len(self.wavs) + 1:04d}-{call.user.wa_id}.wav"
            write_wav(path, call.reception.ear.samples())
            call.reception.ear.release()
            self.wavs[call.id] = path
        return self.wavs[call.id]

    def _sounds(self) -> Path:
        if self.sound_dir is not None:
            self.sound_dir.mkdir(parents=True, exist_ok=True)
            return self.sound_dir
        if self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="simulator-sound-")
        return Path(self._temporary.name)

    def keep(self, mime_type: str, data: bytes) -> str:
        """Keep a medium for ``GET /{media-id}``; gives its id."""
        media_id = str(secrets.randbelow(9 * 10**15) + 10**15)
        self.media[media_id] = (mime_type, data)
        return media_id

    def media_url(self, media_id: str) -> str:
        """Where the bytes of a medium are."""
        return f"{self.url}/attachments?mid={media_id}"

    def keep_recording(self, data: bytes) -> Json:
        """Keep an Ogg/Opus file and describe it as webhooks do."""
        mime_type = "audio/ogg; codecs=opus"
        media_id = self.keep(mime_type, data)
        return {
            "id": media_id,
            "mime_type": mime_type,
            "sha256": base64.b64encode(hashlib.sha256(data).digest()).decode("ascii"),
            "url": self.media_url(media_id),
        }

    def log(self, record: RequestRecord) -> None:
        """Remember a Graph request."""
        self.requests.append({**record, "at": round(time.time(), 3)})

    async def forget(self) -> None:
        """Drop calls, users, deliveries, faults and logs; numbers and settings stay."""
        self.consents.clear()
        await asyncio.gather(*(call.abandon() for call in self.calls.values()))
        await self.courier.forget()
        self.calls.clear()
        self.people.clear()
        self.messages.clear()
        self.standing.clear()
        self.requests.clear()
        self.faults.clear()
        self.wavs.clear()
        self.media.clear()
        self.notify()

    async def close(self) -> None:
        """End everything, and remove the sounds unless a directory was named for them."""
        await self.forget()
        if self._temporary is not None:
            self._temporary.cleanup()
