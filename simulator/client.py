"""A typed, synchronous client of the control API, for tests and demonstrations."""

from typing import Any, cast
from urllib.parse import quote

import httpx

from simulator.courier import DeliveryRecord
from simulator.network import MessageRecord, RequestRecord
from simulator.report import CallReport

Json = dict[str, Any]  # bodies are given as they are documented in docs/reference/simulator.md


class SimulatorError(Exception):
    """The simulator refused what was asked, or something was not reached in time."""

    def __init__(self, message: str, status: int, body: object) -> None:
        super().__init__(message)
        self.status = status
        self.body = body
        """For `wait_for`: contains the `report` as it stood when time was up."""


class SimulatorClient:
    """Talks to a running simulator; usable as a context manager.

    :param url: e.g. ``http://127.0.0.1:9300``.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._http = httpx.Client(base_url=url, timeout=10.0, trust_env=False)

    def __enter__(self) -> "SimulatorClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def health(self) -> Json:
        """What is alive and what is open."""
        return cast(Json, self._ask("GET", "/sim/health"))

    def add_number(self, phone_number_id: str, **fields: str) -> None:
        """Add or replace a number; what is left out is that of the first number."""
        self._ask("POST", "/sim/numbers", {"phone_number_id": phone_number_id, **fields})

    def call(self, user: str = "447700900123", **plan: object) -> str:
        """Let a user call.

        :param plan: the fields of ``POST /sim/calls``.
        :return: the call's id.
        :raises SimulatorError: the plan makes no sense.
        """
        answer = self._ask("POST", "/sim/calls", {"from": user, **plan})
        return cast(str, cast(Json, answer)["id"])

    def report(
        self,
        call_id: str,
        *,
        tones: tuple[int, ...] = (),
        start: float = 0.0,
        end: float | None = None,
    ) -> CallReport:
        """The report of a call.

        :param tones: more frequencies (Hz) to measure.
        :param start: seconds since accept from which sound is measured, until `end`.
        """
        params: dict[str, str] = {"from": str(start)}
        if tones:
            params["tones"] = ",".join(map(str, tones))
        if end is not None:
            params["to"] = str(end)
        return cast(CallReport, self._ask("GET", self._path(call_id), params=params))

    def wait_for(self, call_id: str, what: str, timeout: float = 10.0) -> CallReport:
        """Wait for a state (`ended`, with the socket closed) or a word of the time line.

        :param timeout: seconds.
        :raises SimulatorError: time was up.
        """
        params = {"wait_for": what, "timeout": str(timeout)}
        answer = self._ask("GET", self._path(call_id), params=params, timeout=timeout + 10.0)
        return cast(CallReport, answer)

    def calls(self) -> list[Json]:
        """All calls in short."""
        return cast(list[Json], self._ask("GET", "/sim/calls"))

    # --- calls which the business makes ---------------------------------------------------------

    def put_user(self, wa_id: str = "447700900123", **plan: object) -> Json:
        """Add or replace a user whom the business can call.

        :param plan: the fields of ``POST /sim/users``.
        :return: `wa_id`, `user_id`, `permission` ...
        """
        return cast(Json, self._ask("POST", "/sim/users", {"wa_id": wa_id, **plan}))

    def users(self, phone_number_id: str | None = None) -> list[Json]:
        """Everybody, with the permission for a number."""
        params = {"phone_number_id": phone_number_id} if phone_number_id else {}
        return cast(list[Json], self._ask("GET", "/sim/users", params=params))

    def reply(self, wa_id: str, kind: str, **order: object) -> Json:
        """The user allows (`allow`, `always`) or refuses (`decline`) to be called."""
        path = f"/sim/users/{wa_id}/reply"
        return cast(Json, self._ask("POST", path, {"kind": kind, **order}))

    def pick_up(self, call_id: str) -> None:
        """The user takes the call.

        :raises SimulatorError: it does not ring.
        """
        self._ask("POST", self._path(call_id) + "/pickup")

    def messages(self) -> list[MessageRecord]:
        """What the business has sent."""
        return cast(list[MessageRecord], self._ask("GET", "/sim/messages"))

    def press_button(self, message_id: str, **plan: object) -> str:
        """The user presses the call button of a message; gives the call's id."""
        path = f"/sim/messages/{quote(message_id, safe='')}/press"
        return cast(str, cast(Json, self._ask("POST", path, plan))["id"])

    def set_conditions(self, **conditions: object) -> None:
        """What Meta knows of a number: payment, allow list, limits; what is left out is well."""
        self._ask("POST", "/sim/conditions", conditions)

    def restrict(self, **order: object) -> None:
        """Pause a number, or only warn it."""
        self._ask("POST", "/sim/restrictions", order)

    def lift_restrictions(self) -> None:
        """No restrictions any more."""
        self._ask("DELETE", "/sim/restrictions")

    def hang_up(self, call_id: str) -> None:
        """The user hangs up; while it rings: cancels his own call, declines the business's."""
        self._ask("POST", self._path(call_id) + "/hangup")

    def press(self, call_id: str, digits: str) -> None:
        """The user presses keys.

        :raises SimulatorError: there is no audio to carry them.
        """
        self._ask("POST", self._path(call_id) + "/digits", {"digits": digits})

    def speak(self, call_id: str, kind: str, **speech: object) -> None:
        """The user says something else: tone, voice, silence or none.

        :raises SimulatorError: there is no audio to carry it.
        """
        self._ask("POST", self._path(call_id) + "/speak", {"kind": kind, **speech})

    def spoil_graph(
        self,
        action: str,
        fault: Json,
        *,
        times: int = 1,
        phone_number_id: str | None = None,
        call_id: str | None = None,
    ) -> None:
        """Let the next `times` Graph requests of this action fail (0: all)."""
        order: Json = {"action": action, "fault": fault, "times": times}
        order |= {"phone_number_id": phone_number_id, "call_id": call_id}
        self._ask("POST", "/sim/graph-faults", order)

    def heal_graph(self) -> None:
        """Forget all faults."""
        self._ask("DELETE", "/sim/graph-faults")

    def deliveries(self, call_id: str | None = None) -> list[DeliveryRecord]:
        """Webhooks and their attempts."""
        params = {"call_id": call_id} if call_id else {}
        return cast(list[DeliveryRecord], self._ask("GET", "/sim/deliveries", params=params))

    def requests(
        self, call_id: str | None = None, action: str | None = None
    ) -> list[RequestRecord]:
        """Graph requests as they were answered."""
        given = {"call_id": call_id, "action": action}
        params = {key: value for key, value in given.items() if value}
        return cast(list[RequestRecord], self._ask("GET", "/sim/requests", params=params))

    def raw(self, **order: object) -> int:
        """Sign and deliver anything: `body`, `body_base64`, or `field` and `value`.

        :return: id of the delivery.
        """
        return cast(int, cast(Json, self._ask("POST", "/sim/raw", order))["delivery"])

    def add_media(self, content_base64: str, mime_type: str) -> str:
        """Keep bytes for ``GET /{media-id}``; gives the id."""
        order: Json = {"content_base64": content_base64, "mime_type": mime_type}
        return cast(str, cast(Json, self._ask("POST", "/sim/media", order))["id"])

    def verify(self, **order: object) -> Json:
        """Do the handshake: `ok`, `status`, `body`, `challenge`."""
        return cast(Json, self._ask("POST", "/sim/verify", order))

    def reset(self) -> None:
        """Forget calls, users, deliveries, faults and logs; numbers and settings stay."""
        self._ask("POST", "/sim/reset", {})

    @staticmethod
    def _path(call_id: str) -> str:
        return "/sim/calls/" + quote(call_id, safe="")

    def _ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        params: dict[str, str] | None = None,
        timeout: float = 10.0,
    ) -> object:
        response = self._http.request(method, path, json=body, params=params, timeout=timeout)
        answer = response.json()
        if response.is_error:
            text = answer.get("error", response.text) if isinstance(answer, dict) else response.text
            raise SimulatorError(f"{method} {path}: {text}", response.status_code, answer)
        return cast(object, answer)
