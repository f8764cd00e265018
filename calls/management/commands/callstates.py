"""`manage.py callstates`: write docs/call-states.md from the machine's tables, or check it."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from calls.domain.machine import FACTS, IGNORED, JOINT, MEDIA, SIGNALING, Leg, status
from calls.domain.vocabulary import EventKind, HangupCause, Media, Signaling

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "call-states.md"

INTRODUCTION = """\
# The states of a call

This page is written by `.venv/bin/python manage.py callstates` from the tables in
[`calls/domain/machine.py`](../calls/domain/machine.py); a test fails when it is out of date.
The words are explained in the [glossary](glossary.md), the reasons in
[ADR 0003](adr/0003-signaling-media-and-intent.md).

A call has three small states. *Signaling* is where the call stands between us and Meta, *media*
is where the audio path stands, *intent* says whether somebody wants the call answered. They race
on the wire, so each event is looked up in the tables of signaling and media, and a third, joint
table says what follows from a combination, however it was reached.
"""

SIGNALING_INTRODUCTION = """\
Signaling, as a picture. A label is an event, or the condition of the joint table.
"""

SIGNALING_TABLE = """\
Signaling, as a table. Commands are carried out in this order, after the commit.
"""

MEDIA_INTRODUCTION = """\
Media. Once the call is `ending` or `ended` this state stays as it is.
"""

MEDIA_COMMANDS = """\
What media orders by itself:
"""

JOINT_TABLE = """\
The joint table: looked at after each event.
"""

MATRIX_INTRODUCTION = """\
Every event in every state of signaling: the next state, `.` for an event that is legal and changes
nothing in signaling, `-` for one that cannot happen there and is refused as a defect
(`IllegalTransition`).
"""

FACTS_INTRODUCTION = """\
Facts. They are written on the timeline in every state and change none:
"""

STATUS_INTRODUCTION = """\
The public `status` follows from the three states; that of an ended call follows from its cause.
"""


class Command(BaseCommand):
    help = "Write docs/call-states.md from the tables of the machine."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="write nothing; fail when the page is out of date"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: with `--check`, when the page differs from the tables."""
        page = render()
        if not options["check"]:
            DOCUMENT.write_text(page, encoding="utf-8")
            self.stdout.write("docs/call-states.md written")
        elif not DOCUMENT.is_file() or DOCUMENT.read_text(encoding="utf-8") != page:
            raise CommandError("docs/call-states.md is out of date; run: manage.py callstates")


def render() -> str:
    """Return the whole page."""
    parts = [
        INTRODUCTION,
        "## Signaling\n",
        SIGNALING_INTRODUCTION,
        _mermaid(_signaling_edges(), (Signaling.OFFERED, Signaling.WAITING), Signaling.ENDED),
        SIGNALING_TABLE,
        _table(("in", "event", "next", "commands"), _signaling_rows()),
        "## Media\n",
        MEDIA_INTRODUCTION,
        _mermaid(_media_edges(), (Media.IDLE,), Media.FAILED),
        MEDIA_COMMANDS,
        _table(("in", "event", "next", "commands"), _media_rows()),
        "## Signaling, media and intent together\n",
        JOINT_TABLE,
        _table(("signaling", "media", "intent", "next", "commands"), _joint_rows()),
        "## Every event in every state\n",
        MATRIX_INTRODUCTION,
        _table(("event", *Signaling), _matrix_rows()),
        FACTS_INTRODUCTION,
        f"{', '.join(_code(e) for e in EventKind if e in FACTS)}.\n",
        "## Status\n",
        STATUS_INTRODUCTION,
        _table(("signaling", "media", "status"), _live_status_rows()),
        _table(("cause of the end", "status"), _ended_status_rows()),
    ]
    return "\n".join(parts)


Edges = dict[tuple[str, str], list[str]]


def _signaling_edges() -> Edges:
    edges: Edges = {}
    for (state, event), (after, _) in SIGNALING.items():
        if after is not state:
            edges.setdefault((state, after), []).append(event)
    for (state, media, intent), (after, _) in JOINT.items():
        edges.setdefault((state, after), []).append(f"{intent} wanted, media {media}")
    return edges


def _media_edges() -> Edges:
    edges: Edges = {}
    for (state, event), (after, _) in MEDIA.items():
        edges.setdefault((state, after), []).append(event)
    return edges


def _media_rows() -> Iterator[tuple[str, ...]]:
    for (state, event), (after, commands) in MEDIA.items():
        if commands:
            yield _code(state), _code(event), _code(after), _codes(commands)


def _mermaid(edges: Edges, first: Iterable[str], last: str) -> str:
    lines = ["```mermaid", "stateDiagram-v2", *(f"    [*] --> {state}" for state in first)]
    for (state, after), labels in edges.items():
        lines.append(f"    {state} --> {after}: {'<br/>'.join(labels)}")
    return "\n".join([*lines, f"    {last} --> [*]", "```", ""])


def _table(head: Iterable[str], rows: Iterable[tuple[str, ...]]) -> str:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"


def _signaling_rows() -> Iterator[tuple[str, ...]]:
    for state in Signaling:
        for event in EventKind:
            if (state, event) in SIGNALING:
                after, commands = SIGNALING[state, event]
                yield _code(state), _code(event), _code(after), _codes(commands)


def _joint_rows() -> Iterator[tuple[str, ...]]:
    for (state, media, intent), (after, commands) in JOINT.items():
        yield _code(state), _code(media), _code(intent), _code(after), _codes(commands)


def _matrix_rows() -> Iterator[tuple[str, ...]]:
    for event in EventKind:
        if event not in FACTS:
            yield _code(event), *(_cell(state, event) for state in Signaling)


def _cell(state: Signaling, event: EventKind) -> str:
    if (state, event) in SIGNALING:
        return _code(SIGNALING[state, event][0])
    return "." if (state, event) in IGNORED else "-"


def _live_status_rows() -> Iterator[tuple[str, ...]]:
    for state in Signaling:
        if state is Signaling.ENDED:
            continue
        words = {media: status(Leg(state, media)) for media in Media}
        if len(set(words.values())) == 1:
            yield _code(state), "any", _code(words[Media.IDLE])
        else:
            for word in dict.fromkeys(words.values()):
                medias = [media for media in Media if words[media] is word]
                yield _code(state), _codes(medias), _code(word)


def _ended_status_rows() -> Iterator[tuple[str, ...]]:
    for cause in HangupCause:
        yield _code(cause), _code(status(Leg(Signaling.ENDED), cause))


def _code(word: str) -> str:
    return f"`{word}`"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(_code(word) for word in words) or "none"
