"""`manage.py ensurenumber`: the number of the environment exists, without a click."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils import timezone

from calls import lines
from calls.models import PhoneNumber


class Command(BaseCommand):
    help = "Create the phone number of WHATSAPP_PHONE_NUMBER_ID, or renew its access token."

    def handle(self, *args: Any, **options: Any) -> None:
        number_id = settings.WHATSAPP_PHONE_NUMBER_ID
        if not number_id:
            self.stdout.write("WHATSAPP_PHONE_NUMBER_ID is not set: no number to create")
            return
        number, is_new = PhoneNumber.objects.get_or_create(
            wa_phone_number_id=number_id,
            defaults={
                "access_token": settings.WHATSAPP_ACCESS_TOKEN,
                "answer_policy": settings.DEFAULT_ANSWER_POLICY,
                "ring_seconds": settings.DEFAULT_RING_SECONDS,
                "record_calls": settings.RECORD_CALLS,
                "created_at": timezone.now(),
            },
        )
        # The environment owns the token; everything else belongs to the administrators.
        token = settings.WHATSAPP_ACCESS_TOKEN
        if not is_new and token and number.access_token != token:
            number.access_token = token
            number.save(update_fields=["access_token"])
            lines.close(number, timezone.now())
        self.stdout.write(f"number {number_id} {'created' if is_new else 'is there'}")
