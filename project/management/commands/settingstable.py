"""`manage.py settingstable`: docs/reference/settings.md from the table in `project.env`."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from project.env import table

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "settings.md"
_HEAD = """\
# Settings

<!-- Made by `manage.py settingstable` from project/env.py. Do not edit. -->

Everything is configured by environment variables, read and checked at start: a process with a bad
value names every bad variable and does not start. An empty value is the same as none.

A **secret** may also be given as `<NAME>_FILE`, the path of a file that holds it. `bin/up` makes
`SECRET_KEY`, `ENCRYPTION_KEYS` and `MEDIA_SECRET` by itself when they are not given, keeps them in
`DATA_DIR/secrets` and finds them there at the next start; so does every other command with the same
`DATA_DIR`. While no `WHATSAPP_*` variable is set, it also starts a simulated WhatsApp and makes the
credentials for that.

| Variable | Default | Meaning |
|---|---|---|
"""


class Command(BaseCommand):
    """Writes the page, or says whether it is fresh."""

    help = "Write docs/reference/settings.md; with --check, fail when it is not fresh."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """One switch."""
        parser.add_argument("--check", action="store_true", help="write nothing; fail when stale")

    def handle(self, *args: Any, **options: Any) -> None:
        """:raises CommandError: with --check, when the page is not what would be written."""
        if not options["check"]:
            PAGE.parent.mkdir(parents=True, exist_ok=True)
            PAGE.write_text(page(), encoding="utf-8")
        elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page():
            raise CommandError(
                f"{PAGE.name} is stale; run: .venv/bin/python manage.py settingstable"
            )


def page() -> str:
    """The whole page."""
    return _HEAD + "".join(_row(field) for field in table())


def _row(field: dataclasses.Field[Any]) -> str:
    metadata = field.metadata
    shown = metadata["shown"]
    if shown and shown == metadata["default"]:
        shown = f"`{shown}`"
    meaning = metadata["about"] + (" **Secret.**" if metadata["secret"] else "")
    return f"| `{field.name.upper()}` | {shown} | {meaning} |\n"
