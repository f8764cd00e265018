"""Wiring only: settings, logging, URLs, Celery, health, and the supervisor behind `bin/up`."""
