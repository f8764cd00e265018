"""Wiring only: settings, logging, URLs, Celery, health, and the supervisor behind `bin/up`."""

from project.celery import app as celery_app

__all__ = ["celery_app"]
