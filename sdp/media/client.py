"""What Django says to a media worker, and understands of its replies. Synchronous."""

from __future__ import annotations

from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from sdp.media.messages import (
    ApplyAnswer,
    CloseSession,
    CommandOperation,
    EventBatch,
    MediaErrorCode,
    Message,
    MessageError,
    OpenSession,
    OperationStatus,
    SessionAnswer,
    StartMedia,
    StartOperation,
    WorkerStatus,
)

Reply = TypeVar("Reply", bound=Message)

NONSENSE = "the media worker's reply makes no sense"
CONNECT_SECONDS = 1.0
EVENT_MARGIN_SECONDS = 5.0  # how long after the end of a long poll its reply may come


class MediaError(Exception):
    """A request was refused, or did not get through.

    `code` is the worker's; None if no worker has spoken. `sent` is False only if the request
    certainly never reached a worker, so that it may go to another one.
    """

    def __init__(self, message: str, code: MediaErrorCode | None = None, sent: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.sent = sent


class MediaClient:
    """One media worker.

    :param url: `http://host:port`, or `unix:/path/to/socket`.
    :param timeout: seconds for a whole request, except for the wait of `events`.
    """

    def __init__(self, url: str, secret: str, timeout: float = 3.0) -> None:
        path = url.removeprefix("unix:") if url.startswith("unix:") else None
        self._client = httpx.Client(
            base_url="http://media" if path else url,
            headers={"Authorization": f"Bearer {secret}"},
            timeout=httpx.Timeout(timeout, connect=min(CONNECT_SECONDS, timeout)),
            transport=httpx.HTTPTransport(uds=path) if path else None,
            trust_env=False,
        )

    def close(self) -> None:
        """Give back the connections."""
        self._client.close()

    def open_session(self, request: OpenSession) -> SessionAnswer:
        """:raises MediaError:"""
        return _understood(SessionAnswer, self._post("/v1/sessions", request))

    def apply_answer(self, call_id: str, request: ApplyAnswer) -> None:
        """:raises MediaError:"""
        self._post(f"/v1/sessions/{quote(call_id, safe='')}/answer", request)

    def start_media(self, call_id: str, request: StartMedia) -> None:
        """:raises MediaError:"""
        self._post(f"/v1/sessions/{quote(call_id, safe='')}/start", request)

    def close_session(self, call_id: str, request: CloseSession) -> dict[str, Any]:
        """The session's statistics; empty if there is no such session.

        :raises MediaError:
        """
        try:
            reply = self._post(f"/v1/sessions/{quote(call_id, safe='')}/close", request)
        except MediaError as error:
            if error.code is MediaErrorCode.NO_SUCH_SESSION:
                return {}
            raise
        return _statistics(reply)

    def start_operation(self, call_id: str, request: StartOperation) -> OperationStatus:
        """:raises MediaError:"""
        return _understood(OperationStatus, self._post(_operations(call_id), request))

    def command_operation(
        self, call_id: str, operation_id: str, verb: str, request: CommandOperation
    ) -> OperationStatus:
        """Stop, pause, resume or update an operation.

        :raises MediaError:
        """
        path = f"{_operations(call_id)}/{quote(operation_id, safe='')}/{quote(verb, safe='')}"
        return _understood(OperationStatus, self._post(path, request))

    def operations(self, call_id: str) -> list[OperationStatus]:
        """What runs on a call, and what has run; oldest first.

        :raises MediaError:
        """
        listed = self._get(_operations(call_id)).get("operations")
        if not isinstance(listed, list):
            raise MediaError(NONSENSE)
        return [_understood(OperationStatus, one) for one in listed]

    def sessions(self) -> tuple[str, list[tuple[str, int]]]:
        """The worker's boot id, and call id and epoch of each open session.

        :raises MediaError:
        """
        reply = self._get("/v1/sessions")
        try:
            return reply["boot_id"], [(one["call_id"], one["epoch"]) for one in reply["sessions"]]
        except (KeyError, TypeError) as error:
            raise MediaError(NONSENSE) from error

    def statistics(self, call_id: str) -> dict[str, Any]:
        """:raises MediaError:"""
        return _statistics(self._get(f"/v1/sessions/{quote(call_id, safe='')}"))

    def prompt_duration(self, name: str) -> int:
        """How many milliseconds a prompt lasts.

        :raises MediaError: above all no_such_prompt.
        """
        duration = self._get(f"/v1/prompts/{quote(name, safe='')}").get("duration_ms")
        if not isinstance(duration, int):
            raise MediaError(NONSENSE)
        return duration

    def events(self, boot_id: str, after: int, wait: float) -> EventBatch:
        """Events behind position `after`; waits up to `wait` seconds for one.

        :raises MediaError:
        """
        parameters = {"boot_id": boot_id, "after": str(after), "wait": str(wait)}
        timeout = httpx.Timeout(wait + EVENT_MARGIN_SECONDS, connect=CONNECT_SECONDS)
        return _understood(EventBatch, self._get("/v1/events", parameters, timeout))

    def voices(self) -> dict[str, Any]:
        """The speech engine, its languages and its voices: `{"engine", "languages": [{"tag",
        "name"}], "voices": [{"name", "languages", "gender"}]}`. A voice without languages speaks
        all of them.

        :raises MediaError:
        """
        return self._get("/v1/voices")

    def status(self) -> WorkerStatus:
        """:raises MediaError:"""
        return _understood(WorkerStatus, self._get("/v1/status"))

    # --- the wire ---------------------------------------------------------------------------------

    def _post(self, path: str, message: Message) -> dict[str, Any]:
        return self._read(
            self._send(self._client.build_request("POST", path, json=message.to_json()))
        )

    def _get(
        self,
        path: str,
        parameters: dict[str, str] | None = None,
        timeout: httpx.Timeout | None = None,
    ) -> dict[str, Any]:
        request = self._client.build_request(
            "GET", path, params=parameters, timeout=timeout or self._client.timeout
        )
        return self._read(self._send(request))

    def _send(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._client.send(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise MediaError("the media worker cannot be reached", sent=False) from error
        except httpx.HTTPError as error:
            raise MediaError(f"the media worker did not reply: {type(error).__name__}") from error

    def _read(self, response: httpx.Response) -> dict[str, Any]:
        try:
            reply = response.json()
        except ValueError:
            reply = None
        if not isinstance(reply, dict):
            raise MediaError(f"the media worker's reply ({response.status_code}) is not JSON")
        if response.is_success:
            return reply
        raise MediaError(str(reply.get("message", "")), _code(reply.get("code")))


def _operations(call_id: str) -> str:
    return f"/v1/sessions/{quote(call_id, safe='')}/operations"


def _understood(kind: type[Reply], reply: dict[str, Any]) -> Reply:
    try:
        return kind.from_json(reply)
    except MessageError as error:
        raise MediaError(NONSENSE) from error


def _statistics(reply: dict[str, Any]) -> dict[str, Any]:
    statistics = reply.get("statistics")
    if not isinstance(statistics, dict):
        raise MediaError(NONSENSE)
    return statistics


def _code(text: object) -> MediaErrorCode | None:
    try:
        return MediaErrorCode(str(text))
    except ValueError:
        return None
