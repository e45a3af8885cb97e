"""Django's settings: the environment is read here, once, and nowhere else."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from dashboard import addresses, logs, options
from dashboard.refusals import Refused

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
ROOT = Path(__file__).resolve().parent.parent
STATE_DIR = Path(os.environ.get("CLUSTERVIEW_STATE", ROOT / ".state"))


def of_up(*, state: Path, name: str) -> Any:
    """What the `up` on this state folder says of itself under this name; None where none runs any more, whatever a killed one has left behind."""
    try:
        said = json.loads((state / "up.json").read_text())[name]
        return said if options.is_held(state=state) else None
    except (OSError, ValueError, KeyError):
        return None


def redis_url(*, state: Path, environment: Mapping[str, str]) -> str:
    """The Redis that was named, else the one that `up` runs on this state folder, else an address where nothing can be."""
    named = environment.get("CLUSTERVIEW_REDIS_URL") or environment.get("REDIS_URL")
    return str(named or of_up(state=state, name="redis_url") or f"unix://{state}/no-redis-runs-here")


def practice_kubeconfig(*, state: Path, environment: Mapping[str, str]) -> str:
    """The kubeconfig of the practice cluster, where `up` runs one on this state folder, else empty."""
    if (said := environment.get("CLUSTERVIEW_PRACTICE")) is not None:
        return environment.get("CLUSTERVIEW_KUBECONFIG", "") if said == "1" else ""
    return str(of_up(state=state, name="practice") or "")


def practice_contexts(*, kubeconfig: str) -> list[str]:
    """Every context of the practice cluster's kubeconfig, for a story may have several clusters; none while it is not written."""
    try:
        return [str(context["name"]) for context in json.loads(Path(kubeconfig).read_text())["contexts"]]
    except (OSError, ValueError, KeyError):
        return []


def kubeconfig_paths(*, environment: Mapping[str, str], home: Path, state: Path) -> list[str]:
    """The kubeconfig files in kubectl's order: those of `--kubeconfig`, else $KUBECONFIG, else ~/.kube/config; none inside a pod. A command goes by
    those of the `up` that runs on its state folder.
    """
    is_told = "CLUSTERVIEW_CONTEXTS" in environment  # as `up` tells its children
    of_ups = "" if is_told else of_up(state=state, name="kubeconfig")
    if named := environment.get("CLUSTERVIEW_KUBECONFIG") or of_ups or environment.get("KUBECONFIG"):
        return [path for path in named.split(os.pathsep) if path]
    usual = home / ".kube" / "config"
    return [str(usual)] if usual.exists() else []


def kube_contexts(*, environment: Mapping[str, str], state: Path) -> list[str]:
    """The contexts that `up` was told to open; none where it opens the current one."""
    if (said := environment.get("CLUSTERVIEW_CONTEXTS")) is not None:
        return list(json.loads(said or "[]"))
    return list(of_up(state=state, name="contexts") or [])


def number(*, name: str, usual: float, environment: Mapping[str, str]) -> float:
    """A setting that is a number, zero or more."""
    said = environment.get(name) or str(usual)
    try:
        found = float(said)
    except ValueError:
        found = -1.0
    if not 0 <= found < float("inf"):
        raise ImproperlyConfigured(f"{name} is {said!r}; it has to be a number, zero or more. Unset, it is {usual:g}.")
    return found


def log_level(*, environment: Mapping[str, str]) -> str:
    """What libraries have to reach to be logged; ours say more."""
    said = environment.get("CLUSTERVIEW_LOG_LEVEL") or "WARNING"
    if said.upper() not in LEVELS:
        raise ImproperlyConfigured(f"CLUSTERVIEW_LOG_LEVEL is {said!r}; it has to be one of {', '.join(LEVELS)}. Unset, it is WARNING.")
    return said.upper()


REDIS_URL = redis_url(state=STATE_DIR, environment=os.environ)
PRACTICE_KUBECONFIG = practice_kubeconfig(state=STATE_DIR, environment=os.environ)
PRACTICE = bool(PRACTICE_KUBECONFIG)
KUBECONFIG_PATHS = [PRACTICE_KUBECONFIG] if PRACTICE else kubeconfig_paths(environment=os.environ, home=Path.home(), state=STATE_DIR)
KUBE_CONTEXTS = practice_contexts(kubeconfig=PRACTICE_KUBECONFIG) if PRACTICE else kube_contexts(environment=os.environ, state=STATE_DIR)
KUBE_NAMESPACES = [one.strip() for one in os.environ.get("CLUSTERVIEW_NAMESPACES", "").split(",") if one.strip()]
KUBE_STREAMS = os.environ.get("CLUSTERVIEW_STREAM_LISTS", "") == "1"
READ_ONLY = os.environ.get("CLUSTERVIEW_READ_ONLY", "") == "1"
FOLLOW_SECONDS = number(name="CLUSTERVIEW_FOLLOW_SECONDS", usual=1.5, environment=os.environ)
REWIND_HOURS = number(name="CLUSTERVIEW_REWIND_HOURS", usual=24.0, environment=os.environ)
REWIND_BYTES = number(name="CLUSTERVIEW_REWIND_BYTES", usual=1e9, environment=os.environ)
SOCKETS_PER_PERSON = number(name="CLUSTERVIEW_SOCKETS_PER_PERSON", usual=20, environment=os.environ)


def public_url(*, environment: Mapping[str, str]) -> str | None:
    """Where people reach the page, as browsers say it; None where it is for this machine."""
    try:
        return addresses.public_url(said=environment.get("PUBLIC_URL", ""))
    except Refused as problem:
        raise ImproperlyConfigured(str(problem)) from problem


PUBLIC_URL = public_url(environment=os.environ)


def secret_key(*, path: Path) -> str:
    """The key of the state folder; `manage.py` makes it, so a missing one means that Django was started around it. Sessions, what a preflight
    confirms and the seals of pictures hang on it, so one that can be guessed is refused.
    """
    if not path.exists():
        raise ImproperlyConfigured(f"{path} is missing. Start with `python3 manage.py up`, which makes it.")
    key = path.read_text()
    if len(key.strip()) < SECRET_CHARACTERS or len(set(key)) < SECRET_DIFFERENT:
        wanted = f"it needs {SECRET_CHARACTERS} random characters or more, as `openssl rand -base64 48` prints"
        raise ImproperlyConfigured(f"{path} holds a key that could be guessed: {wanted}. Another key signs everybody out.")
    return key


def databases(*, environment: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """SQLite in the state folder, or the PostgreSQL of `DATABASE_URL`; with `DATABASE_OWNER_URL` also as the role that migrations use."""
    url, owner = environment.get("DATABASE_URL", ""), environment.get("DATABASE_OWNER_URL", "")
    if not url:
        if owner:
            raise ImproperlyConfigured("DATABASE_OWNER_URL is for migrations alone; DATABASE_URL says what everything else uses. Set both.")
        return {"default": sqlite()}
    found = {"default": postgres(name="DATABASE_URL", url=url)}
    if owner:
        found["owner"] = postgres(name="DATABASE_OWNER_URL", url=owner)
        if found["owner"]["NAME"] != found["default"]["NAME"]:
            raise ImproperlyConfigured("DATABASE_OWNER_URL and DATABASE_URL name two databases. They are two roles of the same one.")
    return found


def sqlite() -> dict[str, object]:
    """The file in the state folder: it survives a power cut, and its writers wait for each other.

    Each thread has its own connection and that its own cache, of 2 MiB without a word; the system keeps the file's pages for all of them.
    """
    pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-256;"
    said = {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": pragmas}
    return {"ENGINE": "django.db.backends.sqlite3", "NAME": STATE_DIR / "clusterview.sqlite3", "OPTIONS": said}


def postgres(*, name: str, url: str) -> dict[str, object]:
    """The PostgreSQL of `postgres://user:password@host:port/name?sslmode=require`; what follows `?` goes to libpq as it is."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured(f"{name} begins with {parts.scheme!r}; only postgres:// is known. Leave it unset for SQLite.")
    asked = dict(parse_qsl(parts.query))
    server = " ".join([f"-c {setting}={value}" for setting, value in POSTGRES_SETTINGS.items()] + [asked.pop("options", "")]).strip()
    return {
        "ENGINE": "dashboard.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": parts.port or "",
        "OPTIONS": {**POSTGRES_CONNECTION, **asked, "options": server},
    }


# Each wait has an end, ours and the server's: whoever died or froze in the middle of a transaction holds what others need for ten seconds.
POSTGRES_SETTINGS = {
    "lock_timeout": "20s",
    "idle_in_transaction_session_timeout": "10s",
    "default_transaction_isolation": r"read\ committed",
}
POSTGRES_CONNECTION: dict[str, object] = {
    "connect_timeout": 3, "tcp_user_timeout": 10_000, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3,
}  # fmt: skip


def allowed_hosts(*, public_url: str | None) -> list[str]:
    """Exact names only: a wildcard would let Channels accept any origin."""
    public = [re.sub(r":[0-9]+$", "", urlsplit(public_url).netloc)] if public_url else []
    return [*public, "127.0.0.1", "localhost", "[::1]"]


SECRET_CHARACTERS, SECRET_DIFFERENT = 32, 8
SECRET_KEY_FILE = Path(os.environ.get("CLUSTERVIEW_SECRET_KEY_FILE") or STATE_DIR / "secret-key")
SECRET_KEY = secret_key(path=SECRET_KEY_FILE)
DEBUG = False
ALLOWED_HOSTS = allowed_hosts(public_url=PUBLIC_URL)
ROOT_URLCONF = "dashboard.urls"
ASGI_APPLICATION = "dashboard.asgi.application"
DATABASES = databases(environment=os.environ)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "csp",
    "clusterview.apps.ClusterviewConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "dashboard.headers.ForOnePerson",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "clusterview.views.failing.WithoutDatabase",
    "clusterview.api.refusing.OfMethods",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "OPTIONS": {"context_processors": ["django.template.context_processors.request", "django.template.context_processors.i18n"]},
    }
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ko", "한국어")]
LOCALE_PATHS = [ROOT / "clusterview" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
DIST = ROOT / "static" / "dist"
STATIC_ROOT = DIST if DIST.is_dir() else None
WHITENOISE_ALLOW_ALL_ORIGINS = False
WHITENOISE_IMMUTABLE_FILE_TEST = r"/assets/.+-[\w-]{8}\.\w+$"

SECURE = (PUBLIC_URL or "").startswith("https://")
SESSION_ENGINE = "clusterview.access.sessions"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_NAME = "__Host-clusterview" if SECURE else "clusterview"
SESSION_COOKIE_AGE = 12 * 3600
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE, LANGUAGE_COOKIE_SAMESITE = SECURE, "Lax"
CSRF_FAILURE_VIEW = "clusterview.views.failing.csrf_failure"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if PUBLIC_URL else []
SECURE_HSTS_SECONDS = 31_536_000 if SECURE else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
# With "no-referrer" browsers send `Origin: null` with a form, and no form could be sent at all.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "worker-src": [SELF],
        "connect-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "report-uri": ["/csp-report"],
    }
}
LOGIN_URL = "/"

LOGGING_CONFIG = None
logs.configure(level=log_level(environment=os.environ))
