"""The worker's HTTP: the wire of `messages`, on a Unix socket or a private address."""

from __future__ import annotations

import hmac
import json
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sdp.media.configuration import Listen
from sdp.media.messages import (
    ApplyAnswer,
    CloseSession,
    CommandOperation,
    MediaErrorCode,
    Message,
    MessageError,
    OpenSession,
    StartMedia,
    StartOperation,
)
from sdp.media.registry import Refused
from sdp.media.worker import Worker

log = logging.getLogger("sdp.media")

MAX_BODY = 128 * 1024
MAX_WAIT = 30.0
MAX_POSITION = 2**53

STATUS = {
    MediaErrorCode.BAD_REQUEST: 400,
    MediaErrorCode.UNAUTHORIZED: 401,
    MediaErrorCode.NO_SUCH_SESSION: 404,
    MediaErrorCode.STALE_EPOCH: 409,
    MediaErrorCode.CONFLICT: 409,
    MediaErrorCode.BAD_SDP: 422,
    MediaErrorCode.NO_COMMON_CODEC: 422,
    MediaErrorCode.NO_SUCH_PROMPT: 422,
    MediaErrorCode.NO_SUCH_OPERATION: 404,
    MediaErrorCode.NO_SUCH_CALL: 422,
    MediaErrorCode.NOT_SUPPORTED: 422,
    MediaErrorCode.NO_SPEECH: 503,
    MediaErrorCode.OVERLOADED: 503,
    MediaErrorCode.DRAINING: 503,
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refusal(code: MediaErrorCode, message: str) -> web.Response:
    return web.json_response({"code": str(code), "message": message}, status=STATUS[code])


def guard(secret: str) -> Any:
    """A middleware: the shared secret first, then errors as JSON."""
    expected = f"Bearer {secret}".encode()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, expected):
            return refusal(MediaErrorCode.UNAUTHORIZED, "the shared secret is missing or wrong")
        try:
            return await handler(request)
        except Refused as error:
            return refusal(error.code, str(error))
        except MessageError as error:
            return refusal(MediaErrorCode.BAD_REQUEST, str(error))

    return middleware


class Routes:
    """One method per line of the table in `messages`."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def add_to(self, application: web.Application) -> None:
        router = application.router
        router.add_post("/v1/sessions", self.open_session)
        router.add_post("/v1/sessions/{call_id}/answer", self.apply_answer)
        router.add_post("/v1/sessions/{call_id}/start", self.start_media)
        router.add_post("/v1/sessions/{call_id}/close", self.close_session)
        operations = "/v1/sessions/{call_id}/operations"
        router.add_post(operations, self.start_operation)
        router.add_post(operations + "/{operation_id}/{verb}", self.command_operation)
        router.add_get(operations, self.list_operations)
        router.add_get("/v1/sessions", self.list_sessions)
        router.add_get("/v1/sessions/{call_id}", self.get_statistics)
        router.add_get("/v1/events", self.list_events)
        router.add_get("/v1/prompts/{name}", self.get_prompt)
        router.add_get("/v1/voices", self.list_voices)
        router.add_get("/v1/status", self.get_status)

    async def open_session(self, request: web.Request) -> web.Response:
        message = OpenSession.from_json(await _body(request))
        return _reply(self._worker.open(message))

    async def apply_answer(self, request: web.Request) -> web.Response:
        message = ApplyAnswer.from_json(await _body(request))
        self._worker.apply_answer(request.match_info["call_id"], message)
        return web.json_response({})

    async def start_media(self, request: web.Request) -> web.Response:
        message = StartMedia.from_json(await _body(request))
        await self._worker.start_media(request.match_info["call_id"], message)
        return web.json_response({})

    async def close_session(self, request: web.Request) -> web.Response:
        message = CloseSession.from_json(await _body(request))
        statistics = self._worker.close(request.match_info["call_id"], message)
        return web.json_response({"statistics": statistics})

    async def start_operation(self, request: web.Request) -> web.Response:
        message = StartOperation.from_json(await _body(request))
        status = self._worker.start_operation(request.match_info["call_id"], message)
        return web.json_response(status.to_json(), status=202)

    async def command_operation(self, request: web.Request) -> web.Response:
        message = CommandOperation.from_json(await _body(request))
        where = request.match_info
        return _reply(
            self._worker.command_operation(
                where["call_id"], where["operation_id"], where["verb"], message
            )
        )

    async def list_operations(self, request: web.Request) -> web.Response:
        return web.json_response(self._worker.operations(request.match_info["call_id"]))

    async def list_sessions(self, request: web.Request) -> web.Response:
        return web.json_response(self._worker.sessions())

    async def get_statistics(self, request: web.Request) -> web.Response:
        statistics = self._worker.statistics(request.match_info["call_id"])
        return web.json_response({"statistics": statistics})

    async def list_events(self, request: web.Request) -> web.Response:
        query = request.query
        after = int(_number(query, "after", MAX_POSITION))
        wait = _number(query, "wait", MAX_WAIT)
        return _reply(await self._worker.events(query.get("boot_id", ""), after, wait))

    async def get_prompt(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        duration_ms = await self._worker.prompt_duration(name)
        return web.json_response({"prompt": name, "duration_ms": duration_ms})

    async def list_voices(self, request: web.Request) -> web.Response:
        return web.json_response(await self._worker.sources.voices())

    async def get_status(self, request: web.Request) -> web.Response:
        return _reply(self._worker.status())


def _reply(message: Message) -> web.Response:
    return web.json_response(message.to_json())


async def _body(request: web.Request) -> object:
    try:
        return json.loads(await request.read())
    except (ValueError, RecursionError):
        raise MessageError("the body is not JSON") from None
    except web.HTTPRequestEntityTooLarge:
        raise MessageError("the body is too large") from None


def _number(query: Mapping[str, str], name: str, most: float) -> float:
    try:
        value = float(query.get(name) or 0)
    except ValueError:
        raise MessageError(f"{name}: a number is needed") from None
    if not 0 <= value <= most:
        raise MessageError(f"{name}: out of range")
    return value


def application(worker: Worker, secret: str) -> web.Application:
    built = web.Application(middlewares=[guard(secret)], client_max_size=MAX_BODY)
    Routes(worker).add_to(built)
    return built


async def serve(worker: Worker, secret: str, listen: Listen) -> web.AppRunner:
    """Start to listen; the caller cleans the runner up."""
    runner = web.AppRunner(application(worker, secret), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    site: web.BaseSite
    if listen.path:
        before = os.umask(0o077)  # the socket file: for this user only
        try:
            site = web.UnixSite(runner, listen.path)
            await site.start()
        finally:
            os.umask(before)
    else:
        site = web.TCPSite(runner, listen.host, listen.port)
        await site.start()
    return runner
