"""The webhooks app."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Webhooks"

    def ready(self) -> None:
        from calls import sweeper
        from webhooks import checks, inbound  # noqa: F401 - registers the system checks

        sweeper.add_pass("deliveries", inbound.sweep, is_slow=True)
