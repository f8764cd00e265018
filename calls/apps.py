"""The calls app."""

from django.apps import AppConfig


class CallsConfig(AppConfig):
    name = "calls"
    default_auto_field = "django.db.models.BigAutoField"
    verbose_name = "Calls"

    def ready(self) -> None:
        from calls import checks  # noqa: F401 - registers the system checks
