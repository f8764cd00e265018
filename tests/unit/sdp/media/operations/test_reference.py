"""The page about operations names the options that are read, and no others."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sdp.media.messages import OperationKind
from sdp.media.operations.catalogue import Context, build
from sdp.media.operations.reader import Reader
from tests.unit.sdp.media.operations.calls import Call

PAGE = Path(__file__).parents[5] / "docs" / "reference" / "media-operations.md"
BEEP = {"source": {"tone": "beep"}}
#: What is needed of each kind.
LEAST: dict[OperationKind, dict[str, Any]] = {
    OperationKind.PLAY: BEEP,
    OperationKind.SAY: {"text": "one"},
    OperationKind.SEND_DIGITS: {"digits": "1"},
    OperationKind.BRIDGE: {"with": "b"},
    OperationKind.ROUTE: {"to": "b"},
    OperationKind.SUPERVISE: {"target": "b"},
    OperationKind.STREAM: {"url": "wss://a"},
    OperationKind.CONFERENCE: {"conference_id": "x"},
}
#: Options that `say` has of `play`, as its section says.
OF_PLAY = {"loop", "offset_ms", "volume_db", "queue", "barge_in", "progress_ms"}


def options_read(kind: OperationKind, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names that a request of this kind may have."""
    read = set()
    for method in ("_take", "has"):
        usual = getattr(Reader, method)

        def spy(reader: Reader, name: str, *more: Any, usual: Any = usual) -> Any:
            if reader.path == "options":
                read.add(name)
            return usual(reader, name, *more)

        monkeypatch.setattr(Reader, method, spy)
    other = Call().session
    context = Context({}, (1, 2), has_keys=True, call_id="a", find=lambda _: other)
    build("o", kind, LEAST.get(kind, {}), context)
    return read


def section(kind: OperationKind) -> str:
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(rf"^### {kind}\n(.*?)(?=^##)", page, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{kind} has no section"
    return found[1]


def names(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+)`", text))


def options_listed(text: str) -> set[str]:
    """The names of the section's table of options."""
    found = re.search(r"^\| option \|.*?\n\|.*?\n(.*?)(?=^[^|]|\Z)", text, re.DOTALL | re.MULTILINE)
    rows = found[1].splitlines() if found else []
    return {name for row in rows for name in names(row.split("|")[1])}


@pytest.mark.parametrize("kind", OperationKind)
def test_each_option_has_its_line(kind, monkeypatch):
    read = options_read(kind, monkeypatch)
    if kind is OperationKind.SAY:
        read -= OF_PLAY
    text = section(kind)

    assert read - names(text) == set(), "the page lacks them"
    assert options_listed(text) - read == set(), "there are none of these"
    if options_listed(text):
        assert options_listed(text) == read
