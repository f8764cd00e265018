"""What all addresses of the API share: who may come, what is spoken, how errors look."""

from __future__ import annotations

import re
import uuid
from http import HTTPStatus
from typing import Any, cast

from django.http import HttpRequest
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser, JSONParser
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from calls.api import errors
from calls.api.authentication import Client, TokenAuthentication
from calls.models import ApiToken

MAX_BODY_BYTES = 64 * 1024
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class _Json(BaseContentNegotiation):
    """JSON, whatever `Accept` says: a player that asks for audio must still read an error."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        sent = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == sent), None)

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type


class JsonParser(JSONParser):
    """JSON that is not nested beyond what Python reads."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None


class Endpoint(APIView):
    """One address. Subclasses read, or call one operation, and never change state themselves."""

    authentication_classes = (TokenAuthentication,)
    permission_classes = (IsAuthenticated,)
    parser_classes: tuple[type[BaseParser], ...] = (JsonParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = _Json
    http_method_names = ("get", "head", "post")

    max_body_bytes = MAX_BODY_BYTES
    request_id = ""

    @property
    def client(self) -> Client:
        """The program that asks."""
        client: Client = cast(Any, self.request.user)  # the stubs only know Django's users
        return client

    @property
    def token(self) -> ApiToken:
        """What the program has shown."""
        token: ApiToken = cast(Any, self.request.auth)
        return token

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Take over the caller's request id, or make one."""
        super().setup(request, *args, **kwargs)
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        self.request_id = given if _SANE_REQUEST_ID.fullmatch(given) else uuid.uuid4().hex

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Check who it is; then refuse a body that nobody here has a use for."""
        super().initial(request, *args, **kwargs)
        length = request.META.get("CONTENT_LENGTH") or "0"
        if not length.isdigit() or int(length) > self.max_body_bytes:
            raise errors.Problem(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                "request-too-large",
                f"A body may have {self.max_body_bytes} bytes.",
            )

    def get_exception_handler(self) -> Any:
        """Problem details for everything."""
        return errors.respond

    def finalize_response(
        self,
        request: Request,
        response: Any,  # the stubs forget that a view may return Django's own responses
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        """Name the request, and keep calls out of caches."""
        finished = super().finalize_response(request, response, *args, **kwargs)
        finished["X-Request-ID"] = self.request_id
        finished["Cache-Control"] = "no-store"
        return finished
