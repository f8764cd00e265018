"""What Meta lets each number do: its settings, its account, its restrictions, and their webhooks."""

import time
from dataclasses import dataclass, field

from simulator import graph_settings, message_payloads
from simulator.accounts import PhoneNumber
from simulator.admission import Conditions
from simulator.courier import Courier, Webhook
from simulator.payloads import Json, settings_update

OUTBOUND_PAUSED = "RESTRICTED_BUSINESS_INITIATED_CALLING"
INBOUND_PAUSED = "RESTRICTED_USER_INITIATED_CALLING"


@dataclass
class Standing:
    """Keyed by phone number id; numbers that nobody has touched stand well."""

    courier: Courier
    settings: dict[str, Json] = field(default_factory=dict)
    conditions: dict[str, Conditions] = field(default_factory=dict)
    restrictions: dict[str, list[Json]] = field(default_factory=dict)
    """Elements of `restrictions_list`."""

    def settings_of(self, number: PhoneNumber) -> Json:
        """The calling settings."""
        return self.settings.get(number.phone_number_id, graph_settings.INITIAL)

    def shown(self, number: PhoneNumber) -> Json:
        """The calling settings as Meta tells them."""
        return graph_settings.shown(self.settings_of(number), self.restrictions_of(number))

    def conditions_of(self, number: PhoneNumber) -> Conditions:
        """What Meta knows of a number beyond its settings."""
        return self.conditions.get(number.phone_number_id, Conditions())

    def is_enabled(self, number: PhoneNumber) -> bool:
        """Is calling switched on?"""
        return bool(self.settings_of(number)["status"] == "ENABLED")

    def is_sip(self, number: PhoneNumber) -> bool:
        """Does the number use SIP instead of Graph?"""
        return bool(self.settings_of(number).get("sip", {}).get("status") == "ENABLED")

    def restrictions_of(self, number: PhoneNumber) -> list[Json]:
        """The restrictions that hold now."""
        known, now = self.restrictions.get(number.phone_number_id, []), time.time()
        return [one for one in known if one["expiration"] > now]

    def paused_until(self, number: PhoneNumber, kind: str) -> int | None:
        """When a restriction of this kind ends (Unix seconds); None: there is none."""
        ends = [one["expiration"] for one in self.restrictions_of(number) if one["type"] == kind]
        return max(ends, default=None)

    def restrict(self, number: PhoneNumber, kind: str, seconds: float) -> None:
        """Pause calling, as Meta does after complaints, and say so by account_update."""
        expires_at = int(time.time() + seconds)
        known = self.restrictions.setdefault(number.phone_number_id, [])
        known.append({"type": kind, "reason": "Negative feedback", "expiration": expires_at})
        self._announce(
            number, "account_update", message_payloads.restriction(number, kind, expires_at)
        )

    def warn(self, number: PhoneNumber, kind: str) -> None:
        """Warn by account_update."""
        self._announce(number, "account_update", message_payloads.violation(number, kind))

    def announce_settings(self, number: PhoneNumber) -> None:
        """Tell the business's webhook that settings changed, even by itself."""
        value = settings_update(number, self.shown(number), int(time.time()))
        self._announce(number, "account_settings_update", value)

    def _announce(self, number: PhoneNumber, event: str, value: Json) -> None:
        self.courier.send(Webhook(number=number, value=value, event=event, field=event))

    def clear(self) -> None:
        """Lift all restrictions and forget all conditions; settings stay."""
        self.conditions.clear()
        self.restrictions.clear()
