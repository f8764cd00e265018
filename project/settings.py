"""Django settings: one file, everything variable comes from `project.env`."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

from project import database, env, places
from project.logging import configuration

try:
    environment = env.read(os.environ)
except env.BadEnvironment as bad:
    sys.exit(f"Switchhook cannot start; the environment needs correcting:\n{bad}")

ENVIRONMENT = environment

# -- the process
DATA_DIR = environment.data_dir
HOST = environment.host
PORT = environment.port
PUBLIC_URL = environment.public_url
DEBUG = environment.debug
LOGGING = configuration(environment.log_level)
LOGGING_CONFIG = "logging.config.dictConfig"

SECRET_KEY = environment.secret_key
INSTALLED_APPS = [
    "project",
    "calls",
    "webhooks",
    "rest_framework",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "project.headers.restrict_browsers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "project.urls"
WSGI_APPLICATION = "project.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -- language and time
LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = environment.time_zone

# -- database
DATABASES = {
    "default": database.configuration(
        environment.database_url, DATA_DIR, environment.database_statement_timeout
    )
}

# -- requests
WEBHOOK_MAX_BODY = 4 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = WEBHOOK_MAX_BODY
_public = urlsplit(PUBLIC_URL)
_public_host = _public.hostname or ""
ALLOWED_HOSTS = list(environment.allowed_hosts) or [
    host
    for host in ("localhost", "127.0.0.1", "[::1]", HOST, _public_host)
    if host and host not in {"0.0.0.0", "::"}  # noqa: S104 - not an address to be called by
]
CSRF_TRUSTED_ORIGINS = list(environment.csrf_trusted_origins) or [
    f"{_public.scheme}://{_public.netloc}"
]

# -- transport security: with an https PUBLIC_URL there is a proxy in front that ends TLS
_SECURE = _public.scheme == "https"
SESSION_COOKIE_SECURE = _SECURE
CSRF_COOKIE_SECURE = _SECURE
SECURE_SSL_REDIRECT = _SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked from inside, past the proxy
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _SECURE
SECURE_HSTS_PRELOAD = _SECURE
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Two instances on one host share its cookies, whatever their ports.
SESSION_COOKIE_NAME = f"switchhook_{PORT}_session"
CSRF_COOKIE_NAME = f"switchhook_{PORT}_csrf"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_HTTPONLY = True

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# -- static files of the admin, served from where the packages keep them
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
}

# -- broker and workers: rows are the queue, Celery is the bell
CELERY_BROKER_URL = environment.celery_broker_url or (
    f"redis+socket://{places.broker_socket(DATA_DIR)}"
)
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_SERIALIZER = "json"
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    pattern: {"queue": "calls"} for pattern in ("calls.*", "webhooks.*", "project.canary")
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 20
CELERY_TASK_SOFT_TIME_LIMIT = 15
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# One quick second try and no more: a row is stored, and the sweeper looks as well.
# (`retry=False` would be worse: the first publish after a broker restart then always fails.)
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": "switchhook:",
    "visibility_timeout": 60,
    # kombu looks every 10 x 10 s otherwise: a killed worker's task would come back after 96 s
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "socket_timeout": 0.5,
    "socket_connect_timeout": 0.3,
    "health_check_interval": 2,
    **CELERY_TASK_PUBLISH_RETRY_POLICY,
}

# -- WhatsApp
SIMULATED = environment.simulated
SIMULATOR_PORT = environment.simulator_port
GRAPH_API_URL = environment.graph_api_url
GRAPH_API_VERSION = environment.graph_api_version
WHATSAPP_APP_SECRETS = environment.whatsapp_app_secret
WHATSAPP_VERIFY_TOKEN = environment.whatsapp_verify_token
WHATSAPP_ACCESS_TOKEN = environment.whatsapp_access_token
WHATSAPP_PHONE_NUMBER_ID = environment.whatsapp_phone_number_id

# -- calls
DEFAULT_ANSWER_POLICY = environment.default_answer_policy
DEFAULT_RING_SECONDS = environment.default_ring_seconds
RECORD_CALLS = environment.record_calls
ANSWER_WINDOW_SECONDS = environment.answer_window_seconds
MEDIA_WAIT_SECONDS = environment.media_wait_seconds
MAX_CALL_SECONDS = environment.max_call_seconds
DIAL_LISTS_MAX_CALLS = environment.dial_lists_max_calls
ENCRYPTION_KEYS = environment.encryption_keys

# -- media
MEDIA_WORKER_URLS = environment.media_worker_urls or (f"unix:{places.media_socket(DATA_DIR)}",)
MEDIA_SECRET = environment.media_secret
