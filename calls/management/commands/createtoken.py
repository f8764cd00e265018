"""`manage.py createtoken NAME`: a token for the REST API, printed once."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from calls.models import ApiToken


class Command(BaseCommand):
    """Only a digest is stored; whoever loses the text makes a new token and revokes the old."""

    help = "Create a token for the REST API and print it; it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help="who will use it; the timeline says api:NAME")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not 0 < len(name) <= 100:
            raise CommandError("The name needs 1 to 100 letters.")
        _, text = ApiToken.issue(name=name, now=timezone.now())  # noqa: TID251 - the edge
        self.stdout.write(text)
