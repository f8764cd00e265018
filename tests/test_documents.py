"""The documents keep their promises: links lead somewhere, commands exist, words are explained."""

import re
from configparser import ConfigParser
from enum import StrEnum
from pathlib import Path

import pytest

from calls.domain import vocabulary
from calls.domain.vocabulary import HangupCause

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
COMMAND = re.compile(r"(?<![\w./-])(?:bin/[a-z]+|\.ci/run|docs/adr/\w+\.py)\b")
#: Made by tools or by running the service.
NOT_OURS = {".venv", "var", "node_modules"}
MANAGE = re.compile(r"manage\.py ([a-z]+)")


def pages(folder):
    """The Markdown files below a folder; not those of packages, caches and data folders."""
    found = sorted(folder.rglob("*.md"))
    return [path for path in found if not NOT_OURS.intersection(path.relative_to(ROOT).parts)]


DOCUMENTS = [path for path in pages(ROOT) if not path.relative_to(ROOT).parts[0].startswith(".")]


def name_of(path):
    return str(path.relative_to(ROOT))


def anchors(path):
    """The anchors of a page's headings, as GitHub makes them."""
    text = CODE.sub(lambda match: match[0].strip("`"), path.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_relative_link_leads_to_a_file_and_a_heading_of_it(document):
    text = CODE.sub("", document.read_text(encoding="utf-8"))
    dead = []

    for link in LINK.findall(text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (document.parent / path).resolve() if path else document
        if not target.is_file() or (anchor and anchor not in anchors(target)):
            dead.append(link)

    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_that_is_named_exists(document):
    text = document.read_text(encoding="utf-8")
    scripts = set(COMMAND.findall(text))
    commands = set(MANAGE.findall(text)) - {"migrate", "createsuperuser", "changepassword"}

    assert [name for name in sorted(scripts) if not (ROOT / name).is_file()] == []
    homes = [ROOT / room / "management" / "commands" for room in ("project", "calls", "webhooks")]
    known = {path.stem for home in homes for path in home.glob("*.py")}
    assert commands - known == set()


def test_the_scripts_that_the_readme_names_can_be_run():
    named = set(COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8")))

    assert {"bin/up", "bin/test", "bin/demo"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).stat().st_mode & 0o111] == []


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 80


def test_every_page_of_the_documentation_is_in_its_index():
    index = ROOT / "docs" / "README.md"
    linked = {
        (index.parent / link.partition("#")[0]).resolve()
        for link in LINK.findall(index.read_text(encoding="utf-8"))
    }

    unlinked = set(pages(ROOT / "docs")) - {index} - linked

    assert sorted(map(name_of, unlinked)) == []


def test_every_word_of_a_call_is_in_the_glossary():
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    causes = (ROOT / "docs" / "howto" / "understand-a-failed-call.md").read_text(encoding="utf-8")
    kinds = [
        kind
        for kind in vars(vocabulary).values()
        if isinstance(kind, type) and issubclass(kind, StrEnum) and kind is not StrEnum
    ]

    assert {vocabulary.EventKind, HangupCause, vocabulary.CallStatus} <= set(kinds)
    for kind in kinds:
        page = causes if kind is HangupCause else glossary
        assert [word.value for word in kind if f"`{word.value}`" not in page] == [], kind


def test_each_decision_has_its_parts_and_fits_on_a_page():
    decisions = pages(ROOT / "docs" / "adr")

    assert [path.name[:4] for path in decisions] == [
        f"{n:04}" for n in range(1, len(decisions) + 1)
    ]
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]}. "), path
        assert re.search(r"^Status: \w+, \d{4}-\d\d-\d\d$", text, re.MULTILINE), path
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path
        assert len(text.splitlines()) <= 70, path


@pytest.mark.parametrize("room", ["calls", "webhooks", "sdp"])
def test_the_architecture_shows_every_floor_that_is_checked(room):
    contracts = ConfigParser()
    contracts.read(ROOT / ".importlinter")
    floors = re.findall(r"\w+", contracts[f"importlinter:contract:{room}"]["layers"])
    shown = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## The route")[0]

    assert len(floors) > 5
    assert [floor for floor in floors if not re.search(rf"\b{floor}\b", shown)] == []
