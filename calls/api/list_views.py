"""The addresses of dial lists: they read, or hand one wish to `calls.dial_lists`."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any, Protocol
from uuid import UUID

from django.http import Http404, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from calls.api import list_json, parameters
from calls.api.dial_json import find_number
from calls.api.endpoint import Endpoint, JsonParser
from calls.api.errors import Problem, invalid_parameter
from calls.dial_lists import control, drafts, importing, results
from calls.domain.dial_lists.reading import MAX_BYTES
from calls.domain.dial_lists.writing import write_rows
from calls.models import DialImport, DialList


class _Wish(Protocol):
    def __call__(self, *, list_id: UUID, by: str, now: datetime) -> DialList: ...


WISHES: dict[str, _Wish] = {
    "start": control.start,
    "pause": control.pause,
    "resume": control.resume,
    "cancel": control.cancel,
}
#: What a form puts around a file.
FORM_BYTES = 64 * 1024
MAX_REPORTS = 100


class _CsvParser(BaseParser):
    media_type = "text/csv"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return bytes(stream.read())


class DialLists(Endpoint):
    """All lists, newest first; and where to make one."""

    def get(self, request: Request) -> Response:
        page = parameters.read_list_page(request.query_params)
        found = _lists().filter(page.behind).order_by("-created_at", "-pk")
        lists = list(found[: page.limit + 1])
        has_more, lists = len(lists) > page.limit, lists[: page.limit]
        cursor = parameters.call_cursor(lists[-1]) if has_more else None
        data = [list_json.list_json(one) for one in lists]
        return Response({"data": data, "next_cursor": cursor})

    def post(self, request: Request) -> Response:
        list_id, number, terms = list_json.read_list(request.data)
        made = drafts.create(
            phone_number=find_number(number),
            wanted=terms,
            by=f"api:{self.client.name}",
            now=timezone.now(),  # noqa: TID251 - the edge
            list_id=list_id,
        )
        return Response(_read(made.pk), status=HTTPStatus.CREATED)


class OneList(Endpoint):
    """One list with its progress; its terms can be changed until it is over."""

    http_method_names = ("get", "head", "patch")

    def get(self, request: Request, list_id: UUID) -> Response:
        return Response(_read(list_id))

    def patch(self, request: Request, list_id: UUID) -> Response:
        if not isinstance(request.data, dict):
            raise invalid_parameter("body", "A JSON object is needed.")
        drafts.change(list_id=list_id, wanted=request.data)
        return Response(_read(list_id))


class ListAction(Endpoint):
    """Start, pause, resume or cancel."""

    def post(self, request: Request, list_id: UUID, action: str) -> Response:
        if action not in WISHES:
            raise Http404
        if request.data != {}:
            detail = "This action takes no parameters: send no body, or an empty object."
            raise Problem(HTTPStatus.BAD_REQUEST, "unexpected-body", detail)
        now = timezone.now()  # noqa: TID251 - the edge
        WISHES[action](list_id=list_id, by=f"api:{self.client.name}", now=now)
        return Response(_read(list_id))


class Lines(Endpoint):
    """The lines of a list in their order; and where to add some: JSON, a file, or a form."""

    parser_classes = (JsonParser, MultiPartParser, _CsvParser)
    max_body_bytes = MAX_BYTES + FORM_BYTES

    def get(self, request: Request, list_id: UUID) -> Response:
        page, states = parameters.read_line_page(request.query_params)
        found = get_object_or_404(DialList.objects.only("pk"), pk=list_id)
        lines = list(found.lines.filter(page.behind, states).order_by("row")[: page.limit + 1])
        has_more, lines = len(lines) > page.limit, lines[: page.limit]
        cursor = str(lines[-1].row) if has_more else None
        data = [list_json.line_json(line) for line in lines]
        return Response({"data": data, "next_cursor": cursor})

    def post(self, request: Request, list_id: UUID) -> Response:
        """The report has every problem; with `?strict=true` one problem refuses all lines."""
        is_strict = parameters.read_flag(request.query_params, "strict")
        by, now = f"api:{self.client.name}", timezone.now()  # noqa: TID251 - the edge
        data, name = _file_of(request)
        if data is None:
            entries = list_json.read_lines(request.data)
            report = importing.add_entries(
                list_id=list_id, entries=entries, by=by, now=now, is_strict=is_strict
            )
        else:
            report = importing.add_file(
                list_id=list_id, data=data, file_name=name, by=by, now=now, is_strict=is_strict
            )
        return Response(_with_problems(report), status=HTTPStatus.CREATED)


class Imports(Endpoint):
    """The reports of all imports, newest first, without their problems."""

    def get(self, request: Request, list_id: UUID) -> Response:
        found = get_object_or_404(DialList.objects.only("pk"), pk=list_id)
        reports = found.imports.defer("problems").order_by("-pk")[:MAX_REPORTS]
        return Response({"data": [list_json.import_json(report) for report in reports]})


class OneImport(Endpoint):
    """One report with its problems."""

    def get(self, request: Request, list_id: UUID, import_id: int) -> Response:
        reports = DialImport.objects.filter(dial_list=list_id)
        return Response(_with_problems(get_object_or_404(reports, pk=import_id)))


class Results(Endpoint):
    """Every line with its result, as a file."""

    def get(self, request: Request, list_id: UUID) -> StreamingHttpResponse:
        return results_file(get_object_or_404(DialList, pk=list_id))


def results_file(found: DialList) -> StreamingHttpResponse:
    """Return the results of a list as a file that is sent as it is made."""
    response = StreamingHttpResponse(
        write_rows(results.rows(found)), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = f'attachment; filename="results-{found.pk}.csv"'
    return response


def _file_of(request: Request) -> tuple[bytes | None, str]:
    if isinstance(request.data, bytes):
        return request.data, ""
    if request.content_type.partition(";")[0].strip().lower() != MultiPartParser.media_type:
        return None, ""
    file = request.FILES.get("file")
    if file is None or len(request.data) != 1:
        raise invalid_parameter("file", "A form with one field `file` is needed.")
    return file.read(), file.name or ""


def _with_problems(report: DialImport) -> dict[str, Any]:
    return {**list_json.import_json(report), "problems": report.problems}


def _lists() -> Any:
    return DialList.objects.select_related("phone_number").defer("phone_number__access_token")


def _read(list_id: UUID) -> object:
    return list_json.list_json(get_object_or_404(_lists(), pk=list_id))
