"""The pages that map other APIs to ours name nothing that is not there, and give every reason."""

import importlib
import inspect
import pkgutil
import re
from enum import StrEnum
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve

import sdp.media.operations
from calls.api import serializers
from calls.dialing import Wanted
from calls.domain import vocabulary
from calls.models import PhoneNumber
from calls.relay import UNREAD, translate
from project import env
from sdp.media import messages
from sdp.media.messages import MediaEventKind, MessageError, OperationKind, SessionEvent
from sdp.media.operations.catalogue import NOT_SUPPORTED
from sdp.media.operations.checking import check
from tests.unit.sdp.media.operations.test_catalogue import LEAST

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "docs" / "reference" / f"{name}.md"
    for name in ("voxengine", "pjsua", "aculab", "mirrorfly", "pywa")
]
HEADER = "| theirs | ours | note |"
NONE = "–"
#: How a note begins when there is nothing of ours.
REASONS = ("No way: ", "Not yet: ", "Not built: ", "No need: ")
WORD = r"[a-z][a-z_]*"
ADDRESS = re.compile(r"(GET|POST) (/[\w{}/.-]*)")
WITH_OPTIONS = re.compile(rf"({WORD}) {{(.+)}}")
SAMPLES = {"{id}": "0195d2a8-1c2e-7b11-a0ac-9a4b7f2c1d3e", "{verb}": "stop"}


def rows(text):
    """The rows of a page's mapping tables, each with the heading above it."""
    heading, is_inside, found = "", False, []
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.strip("# ")
        is_row = line.startswith("|")
        if is_inside and is_row and not line.startswith("|---"):
            found.append((heading, *(cell.strip() for cell in line.strip("|").split("|"))))
        is_inside = line == HEADER or (is_inside and is_row)
    return found


def every_row():
    return [
        pytest.param(*row, id=f"{page.stem}: {row[1][:40]}")
        for page in PAGES
        for row in rows(page.read_text(encoding="utf-8"))
    ]


def words_of(module):
    enums = [e for e in vars(module).values() if inspect.isclass(e) and issubclass(e, StrEnum)]
    return {str(word) for kind in enums for word in kind}


def words_in(package):
    """The words that the modules of a package name: literals, and values of their enumerations."""
    modules = [
        importlib.import_module(f"{package.__name__}.{found.name}")
        for found in pkgutil.iter_modules(package.__path__)
    ]
    text = "".join(inspect.getsource(module) for module in modules)
    return set(re.findall(rf'"({WORD})"', text)).union(*map(words_of, modules))


#: Names and values of options, and verbs.
OPERATION_WORDS = words_in(sdp.media.operations)
KINDS = {str(kind) for kind in OperationKind}
MEMBERS = {
    name
    for kind in vars(serializers).values()
    if hasattr(kind, "__total__")
    for name in kind.__annotations__
}
FIELDS = {field.name for field in PhoneNumber._meta.fields} | set(Wanted.__dataclass_fields__)
PLAIN = words_of(vocabulary) | words_of(messages) | MEMBERS | FIELDS | set(NOT_SUPPORTED)
VERBS = {"stop", "pause", "resume", "update"}
SETTINGS = {field.name.upper() for field in env.table()}


#: About a number, not about a call; and what stands there under another word.
NOT_ON_A_TIMELINE = {
    vocabulary.EventKind.SETTINGS_CHANGED,
    vocabulary.EventKind.ACCOUNT_UPDATED,
    vocabulary.EventKind.MEDIA_OBSERVED,
}


def is_observed(word):
    """Does the timeline tell this word of the media worker as its own?"""
    if word not in set(MediaEventKind) - UNREAD:
        return False
    event = translate(SessionEvent(sequence=1, call_id="", epoch=1, kind=word, at=0.0))
    return getattr(event, "what", "") == word


def is_address(method, path):
    if path.startswith("/v1/"):
        return re.search(rf"{method} +{re.escape(path)}[\s?]", messages.__doc__) is not None
    for name, sample in SAMPLES.items():
        path = path.replace(name, sample)
    try:
        found = resolve(path if path.startswith("/webhooks/") else f"/api/v1{path}")
    except Resolver404:
        return False
    view = getattr(found.func, "view_class", None)
    return found.url_name != "nothing" and (view is None or hasattr(view, method.lower()))


def is_door(name):
    module, _, attribute = name.rpartition(".")
    return hasattr(importlib.import_module(module), attribute)


#: What an option may be an option of: the operation itself, or the source of its sound.
HOLDERS = (None, {"tone": "ringback", "country": "us"}, {"tone": "dtmf", "digits": "1"})


def takes(kind, option):
    """Does an operation of this kind take the option, with this value?"""
    name, _, value = option.partition(": ")
    right = int(value) if value.isdigit() else value
    return any(
        is_read(complaint(kind, holder, name, object()))
        and (not value or complaint(kind, holder, name, right) == "")
        for holder in HOLDERS
    )


def is_read(complaint):
    return complaint != "" and not complaint.endswith("there is no such option")


def complaint(kind, holder, name, value):
    """What is said about the options of an operation that has this one; empty: they are right."""
    inside = {name: value} if holder is None else {"source": {**holder, name: value}}
    try:
        check(kind, {**LEAST.get(kind, {}), **inside})
    except MessageError as error:
        return str(error)
    return ""


def is_ours(code):
    """Is what stands between two backticks in the column `ours` really there?"""
    if address := ADDRESS.fullmatch(code):
        return is_address(*address.groups())
    if call_event := re.fullmatch(rf"call\.({WORD})", code):
        word = call_event[1]
        return word in set(vocabulary.EventKind) - NOT_ON_A_TIMELINE or is_observed(word)
    if re.fullmatch(rf"calls(\.{WORD})+", code):
        return is_door(code)
    if with_options := WITH_OPTIONS.fullmatch(code):
        head, options = with_options.groups()
        if head in VERBS:
            return set(re.findall(WORD, options)) <= OPERATION_WORDS
        return head in KINDS and all(takes(head, one) for one in options.split(", "))
    return code in PLAIN or code in VERBS & OPERATION_WORDS or code in SETTINGS


@pytest.mark.parametrize(("heading", "theirs", "ours", "note"), every_row())
def test_what_is_said_to_be_ours_is_there_and_what_is_not_has_a_reason(heading, theirs, ours, note):
    codes = re.findall(r"`([^`]+)`", ours)

    assert [code for code in codes if not is_ours(code)] == []
    assert theirs
    assert (ours == NONE) == (not codes and ours != "")
    assert ours != NONE or note.startswith(REASONS)
    refused = set(codes) & set(NOT_SUPPORTED)
    assert not refused or (ours.startswith("422 ") and note.startswith("No way: "))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_nothing_of_theirs_stands_twice_under_a_heading(page):
    names = [
        (heading, name)
        for heading, theirs, _, _ in rows(page.read_text(encoding="utf-8"))
        for name in re.findall(r"`([^`]+)`", theirs)
    ]

    assert [name for name in names if names.count(name) > 1] == []
    assert len(names) > 40


def test_every_kind_of_operation_and_every_refusal_has_its_place():
    said = {
        code.partition(" ")[0]
        for page in PAGES
        for _, _, ours, _ in rows(page.read_text(encoding="utf-8"))
        for code in re.findall(r"`([^`]+)`", ours)
    }

    assert KINDS - said == set()
    assert set(NOT_SUPPORTED) - said == set()


@pytest.mark.parametrize(
    "code",
    [
        "GET /calls/{id}/dance/",
        "POST /calls/{id}/",
        "GET /v1/dances",
        "call.danced",
        "call.settings_changed",
        "call.level",  # told by the media worker's own log only
        "call.digit",  # on the timeline under another word
        "calls.dialing.dance",
        "play {dance}",
        "record {sides: dance}",
        "dance {loop}",
        "dance",
        "DANCE_SECONDS",
    ],
)
def test_what_is_not_there_is_found_out(code):
    assert not is_ours(code)


@pytest.mark.parametrize(
    "code",
    [
        "GET /calls/{id}/events/",
        "POST /operations/{id}/{verb}/",
        "POST /webhooks/whatsapp/",
        "GET /v1/voices",
        "call.digit_received",
        "call.speech_started",
        "calls.dialing.dial",
        "play {loop: 0, barge_in: speech}",
        "play {tone: ringback, country}",
        "update {volume_db}",
        "pause",
        "MAX_CALL_SECONDS",
    ],
)
def test_what_is_there_is_found(code):
    assert is_ours(code)
