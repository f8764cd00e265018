"""The control API for calls which the business makes: users, permissions, messages, restrictions."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Literal

from aiohttp import web

from simulator.accounts import PhoneNumber
from simulator.admission import Conditions
from simulator.control import guarded, json_of
from simulator.network import Network
from simulator.outgoing import OutgoingCall
from simulator.people import UserPlan
from simulator.plans import CallPlan
from simulator.reading import BadRequest, read
from simulator.standing import OUTBOUND_PAUSED

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_WEEK = 7 * 86_400.0


@dataclass(frozen=True)
class ReplyOrder:
    """Body of ``POST /sim/users/{wa_id}/reply``: what the user chooses, unasked."""

    kind: Literal["allow", "always", "decline"]
    phone_number_id: str | None = None
    context_id: str | None = None
    """The request's message id; None: in the business's profile."""


@dataclass(frozen=True)
class RestrictionOrder:
    """Body of ``POST /sim/restrictions``."""

    phone_number_id: str | None = None
    kind: str = OUTBOUND_PAUSED
    seconds: float = _WEEK
    warning: bool = False
    """Only warn: `kind` is a violation type."""


class OutboundControl:
    """Handlers; see `control.Control`."""

    def __init__(self, network: Network) -> None:
        self._network = network

    def routes(self) -> list[web.RouteDef]:
        """All routes of this part."""
        table: list[tuple[str, str, Handler]] = [
            ("POST", "/sim/users", self.put_user),
            ("GET", "/sim/users", self.list_users),
            ("POST", "/sim/users/{wa_id}/reply", self.reply),
            ("POST", "/sim/calls/{id:[^/]+}/pickup", self.pick_up),
            ("GET", "/sim/messages", self.list_messages),
            ("POST", "/sim/messages/{id:[^/]+}/press", self.press_button),
            ("POST", "/sim/conditions", self.put_conditions),
            ("POST", "/sim/restrictions", self.restrict),
            ("DELETE", "/sim/restrictions", self.lift),
        ]
        return [web.route(method, path, guarded(handler)) for method, path, handler in table]

    async def put_user(self, request: web.Request) -> web.Response:
        """Add or replace a user; calls under way go on as they were planned."""
        plan = read(UserPlan, await json_of(request))
        number = self._network.number(plan.phone_number_id)
        self._network.people.put(plan)
        self._network.consents.apply(number, plan)
        return web.json_response(self._shown(plan, number), status=201)

    async def list_users(self, request: web.Request) -> web.Response:
        """Everybody, with the permission for a number (`?phone_number_id=`, else the first)."""
        number = self._network.number(request.query.get("phone_number_id"))
        return web.json_response([self._shown(p, number) for p in self._network.people.all()])

    def _shown(self, plan: UserPlan, number: PhoneNumber) -> dict[str, object]:
        user = plan.user()
        permission = self._network.consents.of(number, user)
        now = self._network.now()
        return {
            "wa_id": user.wa_id,
            "user_id": user.user_id,
            "permission": permission.status(now),
            "expires_at": permission.expires_at(now),
            "unanswered": permission.unanswered,
            "requests": len(permission.requests),
        }

    async def reply(self, request: web.Request) -> web.Response:
        """The user allows, always allows, or declines (revokes)."""
        order = read(ReplyOrder, await json_of(request))
        number = self._network.number(order.phone_number_id)
        plan = self._network.people.find(request.match_info["wa_id"], "")
        if plan is None:
            raise BadRequest("no such user")
        self._network.consents.reply(number, plan, order.kind, order.context_id)
        return web.json_response(self._shown(plan, number))

    async def pick_up(self, request: web.Request) -> web.Response:
        """The user takes the call of the business; 409 when it does not ring."""
        call = self._network.calls.get(request.match_info["id"])
        taken = isinstance(call, OutgoingCall) and call.pick_up()
        return web.json_response({"picked_up": taken}, status=200 if taken else 409)

    async def list_messages(self, request: web.Request) -> web.Response:
        """What the business has sent."""
        return web.json_response(list(self._network.messages.values()))

    async def press_button(self, request: web.Request) -> web.Response:
        """The user presses the call button of a message: a call with its payload."""
        message = self._network.messages.get(request.match_info["id"])
        if message is None:
            raise web.HTTPNotFound(text=json.dumps({"error": "no such message"}))
        plan = {
            **await json_of(request),
            "from": message["wa_id"],
            "phone_number_id": message["phone_number_id"],
            "cta_payload": message["payload"],
        }
        call = await self._network.call(read(CallPlan, plan))
        return web.json_response({"id": call.id}, status=201)

    async def put_conditions(self, request: web.Request) -> web.Response:
        """What Meta knows of a number beyond its settings; all of it, what is left out is well."""
        conditions = read(Conditions, await json_of(request))
        number = self._network.number(conditions.phone_number_id)
        self._network.standing.conditions[number.phone_number_id] = conditions
        return web.json_response(asdict(conditions), status=201)

    async def restrict(self, request: web.Request) -> web.Response:
        """Pause a number, or warn it, with the account_update webhook."""
        order = read(RestrictionOrder, await json_of(request))
        number = self._network.number(order.phone_number_id)
        if order.warning:
            self._network.standing.warn(number, order.kind)
        else:
            self._network.standing.restrict(number, order.kind, order.seconds)
        return web.json_response(self._network.standing.restrictions_of(number), status=201)

    async def lift(self, request: web.Request) -> web.Response:
        """No restrictions any more; Meta sends no webhook for it."""
        self._network.standing.restrictions.clear()
        return web.json_response([])
