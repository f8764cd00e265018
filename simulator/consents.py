"""Permissions while time goes by: users who reply, grants by Meta, revocations, their webhooks."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator import message_payloads
from simulator.accounts import PhoneNumber, User
from simulator.courier import Courier, Webhook
from simulator.identifiers import message_id
from simulator.payloads import Json
from simulator.people import UserPlan
from simulator.permission import Permission
from simulator.switches import DeliverySwitches

_READ_AFTER = 0.1


@dataclass
class Consents:
    """The permissions of all pairs of number and user."""

    courier: Courier
    scale: float
    changed: Callable[[], None]
    _permissions: dict[tuple[str, str], Permission] = field(default_factory=dict)
    _timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def of(self, number: PhoneNumber, user: User) -> Permission:
        """What this user lets this number do; to be changed in place."""
        key = (number.phone_number_id, user.wa_id)
        return self._permissions.setdefault(key, Permission(self.scale))

    def apply(self, number: PhoneNumber, plan: UserPlan) -> None:
        """Set a permission as a plan says, without any webhook."""
        permission = self.of(number, plan.user())
        if plan.permission == "permanent":
            permission.allow_for_good()
        elif plan.permission == "temporary":
            permission.allow(time.time(), plan.permission_seconds)
        elif plan.permission == "no_permission":
            permission.withdraw()

    def ask(self, number: PhoneNumber, plan: UserPlan, request_id: str) -> None:
        """A request for permission has reached the user, who will do as planned."""
        self.of(number, plan.user()).asked(time.time())
        self.message(number, plan, request_id)
        planned = plan.on_permission_request
        if planned.kind != "ignore" and not plan.old_client:
            kind = planned.kind
            self._later(planned.after, lambda: self.reply(number, plan, kind, request_id))

    def message(self, number: PhoneNumber, plan: UserPlan, request_id: str) -> None:
        """Tell how a message fares."""
        fates = ["sent", "failed"] if plan.old_client else ["sent", "delivered", "read"]
        for index, fate in enumerate(fates):
            self._later(index * _READ_AFTER, self._tell_status(number, plan, request_id, fate))

    def _tell_status(
        self, number: PhoneNumber, plan: UserPlan, request_id: str, fate: str
    ) -> Callable[[], None]:
        def tell() -> None:
            user = plan.user()
            value = message_payloads.message_status(number, user, request_id, fate, _now())
            self._send(number, value, f"message_{fate}", plan.delivery)

        return tell

    def reply(self, number: PhoneNumber, plan: UserPlan, kind: str, context_id: str | None) -> None:
        """The user chooses: allow, always, decline (or revoke, which is the same outside a request).

        :param context_id: what it replies to; None: in the business's profile.
        """
        permission, ends = self.of(number, plan.user()), None
        if kind == "allow":
            permission.allow(time.time(), plan.permission_seconds)
            ends = permission.expires_at(time.time())
        elif kind == "always":
            permission.allow_for_good()
        else:
            permission.withdraw()
        allowed = kind in ("allow", "always")
        reply = (
            message_payloads.accepted(expires_at=ends) if allowed else message_payloads.rejected()
        )
        self._tell(number, plan, reply, context_id)

    def called_back(self, number: PhoneNumber, plan: UserPlan, call_id: str) -> None:
        """The user has called: with `callback_permission_status` that allows to call back."""
        permission = self.of(number, plan.user())
        if permission.status(time.time()) != "no_permission":
            return
        permission.allow(time.time(), plan.permission_seconds)
        ends = permission.expires_at(time.time())
        reply = message_payloads.accepted(expires_at=ends, automatic=True)
        self._tell(number, plan, reply, call_id)

    def missed(self, number: PhoneNumber, plan: UserPlan) -> None:
        """The user did not take a call; the fourth in a row costs the permission."""
        if self.of(number, plan.user()).missed():
            self._tell(number, plan, message_payloads.rejected(automatic=True), None)

    def _tell(
        self, number: PhoneNumber, plan: UserPlan, reply: Json, context_id: str | None
    ) -> None:
        user = plan.user()
        identifier = message_id(user.wa_id, secrets.token_bytes(10))
        value = message_payloads.permission_reply(
            number, user, reply, identifier, context_id, _now()
        )
        self._send(number, value, "call_permission_reply", plan.delivery)

    def _send(
        self, number: PhoneNumber, value: Json, event: str, switches: DeliverySwitches
    ) -> None:
        self.courier.send(
            Webhook(number=number, value=value, event=event, field="messages", switches=switches)
        )
        self.changed()

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        self._timers.append(asyncio.get_running_loop().call_later(seconds, act))

    def clear(self) -> None:
        """Forget all permissions; nobody replies any more."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._permissions.clear()


def _now() -> int:
    return int(time.time())
