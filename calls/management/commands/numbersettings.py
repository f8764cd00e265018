"""`manage.py numbersettings`: a number's calling settings at Meta, shown, changed and compared."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from calls import number_settings
from calls.models import NumberSettings, PhoneNumber


class Command(BaseCommand):
    """Needs no broker: what is to be told to Meta is told before the command ends."""

    help = "Show a number's calling settings at Meta, or change them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", help="Meta's id of the phone number")
        parser.add_argument(
            "--set", metavar="FILE", help="JSON with the wished settings; - is standard input"
        )
        parser.add_argument(
            "--refresh", action="store_true", help="ask Meta, instead of what is known"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        number = PhoneNumber.objects.filter(wa_phone_number_id=options["number"]).first()
        if number is None:
            raise CommandError(f"There is no number {options['number']}.")
        now = timezone.now()  # noqa: TID251 - the edge
        if options["set"]:
            self._wish(number, _read(options["set"]), now)
        elif options["refresh"]:
            number_settings.want_reading(number, now)
        if options["set"] or options["refresh"]:
            number_settings.carry_out(number.pk, now)
        self._show(NumberSettings.objects.filter(phone_number=number).first())

    def _wish(self, number: PhoneNumber, wanted: Any, now: datetime) -> None:
        try:
            number_settings.wish(number, wanted, by="command", now=now)
        except number_settings.InvalidSettings as invalid:
            lines = [f"  {one.field or 'calling'}: {one.message}" for one in invalid.faults]
            raise CommandError("Meta would refuse this:\n" + "\n".join(lines)) from None

    def _show(self, row: NumberSettings | None) -> None:
        if row is None:
            self.stdout.write("nothing is known; ask Meta with --refresh")
            return
        shown = {
            "wish": row.wish,
            "push_status": row.push_status,
            "error": row.error or row.read_error,
            "actual": row.actual,
            "read_at": str(row.read_at or ""),
            "drift": {
                one.field: {"wished": one.wished, "actual": one.actual}
                for one in number_settings.drift(row)
            },
        }
        self.stdout.write(json.dumps(shown, indent=2))


def _read(name: str) -> Any:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        return json.loads(text)
    except (OSError, ValueError) as problem:
        raise CommandError(f"The settings cannot be read: {problem}") from None
