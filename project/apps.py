"""The project as an app: it brings commands, system checks and the Celery application."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "project"

    def ready(self) -> None:
        # Imported here and not in the package: the supervisor and the demo need no Celery.
        from project import canary, celery, checks  # noqa: F401 - make and register

        canary.install()
