"""The project's settings as tests want them: nothing of the developer's own environment.

pytest-django reads this module (pyproject.toml); the settings themselves stay in one file.
"""

import atexit
import os
import shutil
import tempfile

from project import env

_OURS = {field.name.upper() for field in env.table()}
for name in _OURS | {f"{name}_FILE" for name in _OURS}:
    os.environ.pop(name, None)

_folder = tempfile.mkdtemp(prefix="switchhook-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

os.environ.update(
    # children of the tests read the project's settings, not these
    DJANGO_SETTINGS_MODULE="project.settings",
    DATA_DIR=_folder,
    SECRET_KEY="only-for-tests-and-long-enough-for-the-checks-of-django",
    ENCRYPTION_KEYS="dGhpcy1rZXktaXMtb25seS1mb3ItdGVzdHMtISEhISE=",
    MEDIA_SECRET="media-secret-only-for-tests",
    WHATSAPP_APP_SECRET="app-secret-only-for-tests",
    WHATSAPP_VERIFY_TOKEN="verify-token-only-for-tests",
    WHATSAPP_ACCESS_TOKEN="EAAaccesstokenonlyfortests",
    WHATSAPP_PHONE_NUMBER_ID="106540352242922",
    # a port nobody listens on: a test that forgets its fake fails at once
    GRAPH_API_URL="http://127.0.0.1:9",
    CELERY_BROKER_URL="redis://127.0.0.1:9/0",
    MEDIA_WORKER_URLS="http://127.0.0.1:9",
)

from project.settings import *  # noqa: E402, F403

# The real one takes half a second per user, on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
