"""The webhooks of one call: what is said, with its switches applied, handed to the courier."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from simulator import payloads
from simulator.courier import Courier, Webhook
from simulator.identifiers import message_id
from simulator.payloads import CallFacts, Ending, Json
from simulator.switches import DeliverySwitches

Moment = Callable[[float], None]
"""Takes a clock time in seconds."""


@dataclass(frozen=True)
class Announcements:
    """Speaks about one call to the webhook of its number."""

    courier: Courier
    facts: CallFacts
    switches: DeliverySwitches

    def connect(self, sdp: str, on_sent: Moment, on_delivered: Moment) -> None:
        """A call comes in."""
        value = payloads.connect(self.facts, sdp, self._timestamp())
        self._send("connect", value, on_sent, on_delivered)

    def answered(self, sdp: str, opaque: str | None, on_delivered: Moment) -> None:
        """Meta answers the business's offer."""
        value = payloads.answered(self.facts, sdp, opaque, self._timestamp())
        self._send("connect", value, None, on_delivered)

    def status(self, status: str, opaque: str | None) -> None:
        """RINGING, ACCEPTED or REJECTED."""
        value = payloads.call_status(self.facts, status, opaque, self._timestamp())
        self._send(status, value)

    def terminate(self, ending: Ending, on_delivered: Moment) -> None:
        """The call is over."""
        value = payloads.terminate(self.facts, ending, self._timestamp())
        self._send("terminate", value, None, on_delivered)

    def recording(self, media: Json) -> None:
        """A recording can be fetched."""
        value = payloads.recording_available(self.facts, media, self._timestamp())
        self._send("call_recording_available", value)

    def _send(
        self,
        event: str,
        value: Json,
        on_sent: Moment | None = None,
        on_delivered: Moment | None = None,
    ) -> None:
        webhook = Webhook(
            number=self.facts.number,
            value=value,
            event=event,
            call_id=self.facts.call_id,
            switches=self.switches,
            extra_changes=self._message() if self.switches.mix_messages else (),
            on_sent=on_sent,
            on_delivered=on_delivered,
        )
        self.courier.send(webhook)

    def _message(self) -> tuple[Json, ...]:
        identifier = message_id(self.facts.user.wa_id, secrets.token_bytes(10))
        text = payloads.text_message(self.facts, identifier, "Hello", self._timestamp())
        return (payloads.change("messages", text),)

    def _timestamp(self) -> int:
        return int(time.time() - self.switches.age)
