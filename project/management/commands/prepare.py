"""`manage.py prepare`: what has to be done before the programs of an instance start."""

from __future__ import annotations

import json
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.utils import timezone

from calls.models import ApiToken

USERNAME = "admin"


class Command(BaseCommand):
    """Migrates, makes the first user and the configured number. Safe to run at every start."""

    help = "Migrate, make the first user and the configured number."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prints one line of JSON: what was made and must be shown to the user now or never."""
        call_command("migrate", interactive=False, verbosity=0)
        if settings.WHATSAPP_PHONE_NUMBER_ID:
            call_command("ensurenumber", stdout=self.stderr, skip_checks=True)
        self.stdout.write(json.dumps(self._first_user()))

    def _first_user(self) -> dict[str, str]:
        users = get_user_model()._default_manager
        if users.exists():
            return {}
        password = secrets.token_urlsafe(12)
        users.create_superuser(username=USERNAME, password=password)
        _, token = ApiToken.issue(name=USERNAME, now=timezone.now())
        return {"username": USERNAME, "password": password, "api_token": token}
