"""The web server's entry: `project.wsgi:application`."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

application = get_wsgi_application()

from project.checks import refuse_to_start_misconfigured  # noqa: E402 - needs the app registry

refuse_to_start_misconfigured()

from calls import queue  # noqa: E402 - needs the app registry

queue.warm_up()
