"""`manage.py replaydelivery ID ...`: interpret stored deliveries again, with the present code."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q
from django.utils import timezone

from webhooks import inbound
from webhooks.models import Delivery, DeliveryStatus, EventStatus


class Command(BaseCommand):
    help = "Interpret stored deliveries again. What was applied already stays as it is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ids", nargs="*", type=int, metavar="ID")
        parser.add_argument("--dead", action="store_true", help="all that were given up")
        parser.add_argument(
            "--unmatched",
            action="store_true",
            help="all with events for a number that was not known then",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        ids: list[int] = options["ids"]
        if not (ids or options["dead"] or options["unmatched"]):
            raise CommandError("name deliveries by their id, or use --dead or --unmatched")
        missing = set(ids) - set(Delivery.objects.filter(pk__in=ids).values_list("pk", flat=True))
        if missing:
            raise CommandError(f"no such delivery: {', '.join(map(str, sorted(missing)))}")
        for delivery_id in _chosen(ids, dead=options["dead"], unmatched=options["unmatched"]):
            self._replay(Delivery.objects.get(pk=delivery_id))

    def _replay(self, delivery: Delivery) -> None:
        inbound.replay(delivery, timezone.now())  # noqa: TID251 - a command is an edge
        delivery.refresh_from_db()
        self.stdout.write(f"delivery {delivery.pk}: {delivery.status}")
        for row in delivery.events.order_by("position"):
            about = " ".join(
                part for part in (f"call {row.call_id}" * bool(row.call_id), row.error) if part
            )
            self.stdout.write(f"  {row.position}. {row.kind}: {row.status} {about}".rstrip())


def _chosen(ids: list[int], *, dead: bool, unmatched: bool) -> list[int]:
    wanted = Q(pk__in=ids)
    if dead:
        wanted |= Q(status=DeliveryStatus.DEAD)
    if unmatched:
        wanted |= Q(events__status=EventStatus.UNMATCHED)
    return list(
        Delivery.objects.filter(wanted).order_by("pk").values_list("pk", flat=True).distinct()
    )
