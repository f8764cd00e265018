"""The control API under ``/sim``: make calls, set faults, read reports. For loopback only."""

import asyncio
import base64
import ipaddress
import json
import secrets
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web

from simulator.accounts import PhoneNumber
from simulator.faults import FaultOrder
from simulator.leg import Leg
from simulator.network import Network
from simulator.orders import DigitsOrder, MediaOrder, RawOrder, VerifyOrder
from simulator.payloads import change, envelope
from simulator.peer import OPEN_PEERS
from simulator.plans import DIGITS, CallPlan, Speech
from simulator.reading import BadRequest, read
from simulator.report import CallReport, report
from simulator.rules import CallState
from simulator.signing import encode

_LONGEST_WAIT = 60.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Control:
    """Handlers; every one answers JSON, 400 with `error` for a bad request."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def routes(self) -> list[web.RouteDef]:
        """All routes of the control API."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/sim/health", self.health),
            ("POST", "/sim/numbers", self.add_number),
            ("GET", "/sim/numbers", self.list_numbers),
            ("POST", "/sim/calls", self.add_call),
            ("GET", "/sim/calls", self.list_calls),
            ("GET", "/sim/calls/{id:[^/]+}", self.read_call),
            ("POST", "/sim/calls/{id:[^/]+}/hangup", self.hang_up),
            ("POST", "/sim/calls/{id:[^/]+}/digits", self.press),
            ("POST", "/sim/calls/{id:[^/]+}/speak", self.speak),
            ("POST", "/sim/graph-faults", self.add_fault),
            ("DELETE", "/sim/graph-faults", self.clear_faults),
            ("GET", "/sim/deliveries", self.deliveries),
            ("GET", "/sim/requests", self.requests),
            ("POST", "/sim/raw", self.raw),
            ("POST", "/sim/media", self.add_media),
            ("POST", "/sim/verify", self.verify),
            ("POST", "/sim/reset", self.reset),
        ]
        return [web.route(method, path, guarded(handler)) for method, path, handler in table]

    async def health(self, request: web.Request) -> web.Response:
        """Alive, and what is still open."""
        calls = self._network.calls.values()
        return web.json_response(
            {
                "status": "ok",
                "calls": len(self._network.calls),
                "calls_live": sum(call.state is not CallState.ENDED for call in calls),
                "open_peers": len(OPEN_PEERS),
                "webhooks_under_way": self._network.courier.under_way(),
                "graph_faults_waiting": self._network.faults.waiting(),
                "tasks": _tasks_of_calls(),
            }
        )

    async def add_number(self, request: web.Request) -> web.Response:
        """Add or replace a business number; what is left out is taken from the first number."""
        body = await json_of(request)
        known = next(iter(self._network.numbers.values()), None)
        if known is not None:
            body = {**known.__dict__, **body}
        number = read(PhoneNumber, body)
        self._network.numbers[number.phone_number_id] = number
        return web.json_response({"phone_number_id": number.phone_number_id}, status=201)

    async def list_numbers(self, request: web.Request) -> web.Response:
        """Business numbers without their secrets."""
        shown = ("phone_number_id", "display_phone_number", "waba_id", "webhook_url")
        numbers = self._network.numbers.values()
        return web.json_response([{key: getattr(n, key) for key in shown} for n in numbers])

    async def add_call(self, request: web.Request) -> web.Response:
        """A user calls."""
        call = await self._network.call(read(CallPlan, await json_of(request)))
        return web.json_response({"id": call.id}, status=201)

    async def list_calls(self, request: web.Request) -> web.Response:
        """All calls in short."""
        return web.json_response(
            [
                {"id": call.id, "state": call.state, "end_reason": call.end_reason}
                for call in self._network.calls.values()
            ]
        )

    async def read_call(self, request: web.Request) -> web.Response:
        """The report; with `wait_for` (a state or a word of the time line) and `timeout` later.

        `tones`: more frequencies to measure; `from`, `to`: seconds between which to measure.
        """
        call = self._call(request)
        wanted = request.query.get("wait_for")
        if wanted is not None:
            timeout = min(float(request.query.get("timeout", "10")), _LONGEST_WAIT)
            if not await self._network.wait_until(lambda: _reached(call, wanted), timeout):
                waited = {"error": f"{wanted} was not reached", "report": self._report(call)}
                return web.json_response(waited, status=408)
        return web.json_response(self._report(call, request))

    def _report(self, call: Leg, request: web.Request | None = None) -> CallReport:
        query = request.query if request is not None else {}
        tones = tuple(int(hz) for hz in query.get("tones", "").split(",") if hz)
        end = query.get("to")
        span = (float(query.get("from", "0")), None if end is None else float(end))
        return report(call, self._network.wav_of(call), tones, span)

    async def hang_up(self, request: web.Request) -> web.Response:
        """The user hangs up, or cancels while it rings."""
        call = self._call(request)
        call.hang_up()
        return web.json_response({"id": call.id, "state": call.state})

    async def press(self, request: web.Request) -> web.Response:
        """The user presses keys; 409 when there is no audio to carry them."""
        digits = read(DigitsOrder, await json_of(request)).digits
        if not digits or not set(digits) <= DIGITS:
            raise BadRequest("digits may contain 0-9 * # A-D only")
        pressed = self._call(request).press(digits)
        return web.json_response({"pressed": pressed}, status=200 if pressed else 409)

    async def speak(self, request: web.Request) -> web.Response:
        """The user says something else; 409 while there is no audio."""
        speech = read(Speech, await json_of(request))
        speaker = self._call(request).peer.speaker
        if speaker is None:
            return web.json_response({"error": "there is no audio"}, status=409)
        await speaker.say(speech)
        return web.json_response({"kind": speech.kind})

    async def add_fault(self, request: web.Request) -> web.Response:
        """Spoil coming Graph requests."""
        order = read(FaultOrder, await json_of(request))
        self._network.faults.add(order)
        return web.json_response({"waiting": self._network.faults.waiting()}, status=201)

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Spoil no more."""
        self._network.faults.clear()
        return web.json_response({"waiting": 0})

    async def deliveries(self, request: web.Request) -> web.Response:
        """All webhooks with their attempts; `call_id` for those of one call."""
        call_id = request.query.get("call_id")
        records = self._network.courier.records
        chosen = [r for r in records if call_id is None or call_id in r["call_ids"]]
        return web.json_response(chosen)

    async def requests(self, request: web.Request) -> web.Response:
        """All Graph requests; `call_id` or `action` to choose."""
        chosen = self._network.requests
        for key in ("call_id", "action"):
            if key in request.query:
                chosen = [r for r in chosen if dict(r)[key] == request.query[key]]
        return web.json_response(chosen)

    async def raw(self, request: web.Request) -> web.Response:
        """Sign and deliver anything."""
        order = read(RawOrder, await json_of(request))
        number = self._network.number(order.phone_number_id)
        if order.body_base64 is not None:
            data = base64.b64decode(order.body_base64)
        elif order.body is not None:
            data = order.body.encode("utf-8", "surrogatepass")
        else:
            data = encode(envelope(number.waba_id, [change(order.field, order.value)]))
        delivery = self._network.courier.send_raw(number, data, order.secret)
        return web.json_response({"delivery": delivery}, status=202)

    async def add_media(self, request: web.Request) -> web.Response:
        """Keep bytes which Graph then gives out as a medium."""
        order = read(MediaOrder, await json_of(request))
        media_id = self._network.keep(order.mime_type, base64.b64decode(order.content_base64))
        return web.json_response({"id": media_id}, status=201)

    async def verify(self, request: web.Request) -> web.Response:
        """Do the handshake of a new subscription. Meta: webhooks/create-webhook-endpoint."""
        order = read(VerifyOrder, await json_of(request))
        number = self._network.number(order.phone_number_id)
        challenge = str(secrets.randbelow(9 * 10**9) + 10**9)
        params = {
            "hub.mode": order.mode,
            "hub.challenge": challenge,
            "hub.verify_token": order.verify_token or number.verify_token,
        }
        try:
            async with self._network.courier.session.get(
                number.webhook_url, params=params, timeout=aiohttp.ClientTimeout(total=20)
            ) as response:
                text = await response.text()
                answer = {
                    "ok": response.status == 200 and text == challenge,
                    "status": response.status,
                    "body": text[:1000],
                }
        except (aiohttp.ClientError, TimeoutError) as error:
            answer = {"ok": False, "status": None, "body": repr(error)}
        return web.json_response({**answer, "challenge": challenge})

    async def reset(self, request: web.Request) -> web.Response:
        """Forget calls, deliveries, faults and logs."""
        await self._network.forget()
        return web.json_response({"status": "ok"})

    def _call(self, request: web.Request) -> Leg:
        call = self._network.calls.get(request.match_info["id"])
        if call is None:
            raise web.HTTPNotFound(text=json.dumps({"error": "no such call"}))
        return call


def _tasks_of_calls() -> int:
    """Tasks of calls, media and webhooks: all but those of HTTP connections and the main one."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return sum(not name.startswith("RequestHandler.") and name != "serve" for name in names)


def _reached(call: Leg, wanted: str) -> bool:
    if wanted == CallState.ENDED:
        return call.state is CallState.ENDED and not call.peer_open
    return call.state == wanted or call.journal.time_of(wanted) is not None


def guarded(handler: Handler) -> Handler:
    """Only for this machine; a request that makes no sense gets 400."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if not _is_loopback(request.remote):
            return web.json_response({"error": "only from this machine"}, status=403)
        try:
            return await handler(request)
        except (BadRequest, ValueError) as error:
            return web.json_response({"error": str(error)}, status=400)

    return handle


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


async def json_of(request: web.Request) -> dict[str, object]:
    """The object in the body, empty if there is no body.

    :raises BadRequest: it is something else.
    """
    data = await request.read()
    body = json.loads(data) if data else {}
    if not isinstance(body, dict):
        raise BadRequest("body must be an object")
    return body
