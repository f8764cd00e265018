"""The Celery application. Its settings are the `CELERY_*` names of `project.settings`."""

from __future__ import annotations

import os
import warnings
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

app = Celery("switchhook")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_WORKER_SOCKET_TIMEOUT = 5.0


@celeryd_init.connect
def prepare_worker(conf: Any, **kwargs: Any) -> None:
    """Refuse a bad configuration, and give a worker's sockets more time than a web request's."""
    from project.checks import refuse_to_start_misconfigured

    refuse_to_start_misconfigured()
    # whether to run as root is the operator's decision; Celery warns of it in eight lines
    warnings.filterwarnings("ignore", message="You're running the worker with superuser")
    # a worker waits on its socket for a second at a time; the web's 0.5 s would cut that short
    conf.broker_transport_options = {
        **conf.broker_transport_options,
        "socket_timeout": _WORKER_SOCKET_TIMEOUT,
    }


@setup_logging.connect
def keep_logging(**kwargs: Any) -> None:
    """Django has set the logs up with redaction; a receiver here keeps Celery from adding its own.

    See https://docs.celeryq.dev/en/stable/userguide/signals.html#setup-logging
    """
