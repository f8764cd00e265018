"""A simulated user whom the instance calls, and what both sides know of the call afterwards."""

from __future__ import annotations

from itertools import count
from typing import Any

from simulator.report import CallReport
from tests.acceptance.stack import Stack, eventually

_NUMBERS = count(447_700_910_000)


class Callee:
    """One user, unknown to the instance before; `plan` is that of ``POST /sim/users``."""

    def __init__(self, stack: Stack, **plan: object) -> None:
        self.stack = stack
        self.wa_id = str(next(_NUMBERS))
        self.user_id = ""
        self.now(**{"permission": "permanent", **plan})

    def now(self, **plan: object) -> None:
        """Another plan from now on."""
        self.user_id = self.stack.simulator.put_user(self.wa_id, **plan)["user_id"]

    def dial(self, **wanted: object) -> Dialed:
        """Ask the instance to call this user."""
        whom = {} if "recipient" in wanted else {"to": self.wa_id}
        response = self.stack.post("/calls/", {**whom, "prompt": "greeting", **wanted})
        assert response.status_code == 202, response.text
        return Dialed(self.stack, response.json()["id"])

    def permission(self) -> str:
        """What the instance's ledger says of this user."""
        rows = self.stack.sql(
            "SELECT status FROM calls_callpermission WHERE wa_id = %s OR user_id = %s",
            self.wa_id,
            self.user_id,
        )
        return " ".join(status for (status,) in rows)


class Dialed:
    """A call of the instance's own."""

    def __init__(self, stack: Stack, call_id: str) -> None:
        self.stack, self.id = stack, call_id

    def read(self) -> dict[str, Any]:
        """The call as the REST API shows it."""
        call: dict[str, Any] = self.stack.get(f"/calls/{self.id}/")
        return call

    def reaches(self, signaling: str, seconds: float = 15.0) -> dict[str, Any]:
        """The call once it is in that state."""

        def is_there() -> dict[str, Any] | None:
            call = self.read()
            return call if call["signaling"] == signaling else None

        call: dict[str, Any] = eventually(is_there, seconds, f"the call is {signaling}")
        return call

    def tells(self, kind: str, seconds: float = 15.0) -> None:
        """Wait until the timeline has an event of this kind."""
        eventually(lambda: kind in self.timeline(), seconds, kind)

    def ended(self, seconds: float = 25.0) -> dict[str, Any]:
        """The call once it is over, with its media closed and its commands settled."""
        call = self.reaches("ended", seconds)
        if call["wa_call_id"]:
            return self.stack.ended(call["wa_call_id"], seconds)
        return call

    def timeline(self) -> list[str]:
        return self.stack.timeline({"id": self.id})

    def digits(self) -> str:
        """What the user has pressed."""
        rows = self.stack.sql(
            "SELECT data->>'digit' FROM calls_callevent WHERE call_id = %s"
            " AND kind = 'digit_received' ORDER BY sequence",
            self.id,
        )
        return "".join(digit for (digit,) in rows)

    def report(self, what: str = "ended", seconds: float = 15.0) -> CallReport:
        """The simulator's report, as soon as that was reached."""
        wa_call_id = eventually(lambda: self.read()["wa_call_id"], 15, "Meta has named the call")
        return self.stack.simulator.wait_for(wa_call_id, what, seconds)

    def dials(self) -> list[int | None]:
        """The answers to every `connect` that was sent for this call."""
        requests = self.stack.simulator.requests(action="connect")
        return [
            one["status"]
            for one in requests
            if isinstance(one["body"], dict)
            and one["body"].get("biz_opaque_callback_data") == self.id
        ]
