"""What the environment decides, and what never reaches a log."""

from __future__ import annotations

import fcntl
import json
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

import pytest
from django.conf import settings as configured
from django.core.exceptions import ImproperlyConfigured
from django.test import Client

from dashboard import logs, options, settings
from dashboard.bootstrap import keep_secret_key


def test_kubeconfigs_are_found_as_kubectl_finds_them(tmp_path: Path) -> None:
    usual = tmp_path / ".kube" / "config"
    assert settings.kubeconfig_paths(environment={}, home=tmp_path, state=tmp_path) == []
    usual.parent.mkdir()
    usual.touch()
    assert settings.kubeconfig_paths(environment={}, home=tmp_path, state=tmp_path) == [str(usual)]
    assert settings.kubeconfig_paths(environment={"KUBECONFIG": "/a:/b"}, home=tmp_path, state=tmp_path) == ["/a", "/b"]
    both = {"KUBECONFIG": "/a", "CLUSTERVIEW_KUBECONFIG": "/c"}
    assert settings.kubeconfig_paths(environment=both, home=tmp_path, state=tmp_path) == ["/c"]


@pytest.fixture
def held(tmp_path: Path) -> Iterator[IO[str]]:
    """The state folder, held as a running `up` holds it."""
    with options.lock_file(state=tmp_path) as file:
        assert options.taken(file=file)
        yield file


def test_commands_find_the_clusters_of_the_up_on_their_state_folder(tmp_path: Path, held: object) -> None:
    (tmp_path / "up.json").write_text(json.dumps({"kubeconfig": "/p:/q", "contexts": ["lab", "other"]}))
    own = {"KUBECONFIG": "/a"}
    assert settings.kubeconfig_paths(environment=own, home=tmp_path, state=tmp_path) == ["/p", "/q"]
    assert settings.kube_contexts(environment=own, state=tmp_path) == ["lab", "other"]
    told = own | {"CLUSTERVIEW_CONTEXTS": "[]"}
    assert settings.kubeconfig_paths(environment=told, home=tmp_path, state=tmp_path) == ["/a"]
    assert settings.kube_contexts(environment=told, state=tmp_path) == []


def test_commands_believe_nothing_that_a_killed_up_has_left_behind(tmp_path: Path, held: IO[str]) -> None:
    (tmp_path / "up.json").write_text(json.dumps({"kubeconfig": "/old", "contexts": ["old"], "redis_url": "redis://old", "practice": "/old"}))
    held.close()
    with options.lock_file(state=tmp_path) as other:
        fcntl.flock(other, fcntl.LOCK_SH)  # another command, which looks at this moment
        assert settings.kubeconfig_paths(environment={"KUBECONFIG": "/new"}, home=tmp_path, state=tmp_path) == ["/new"]
        assert settings.kube_contexts(environment={}, state=tmp_path) == []
        assert settings.practice_kubeconfig(state=tmp_path, environment={}) == ""
        assert settings.redis_url(state=tmp_path, environment={}).startswith("unix://")


def test_commands_find_the_practice_cluster_of_the_up_on_their_state_folder(tmp_path: Path, held: object) -> None:
    assert settings.practice_kubeconfig(state=tmp_path, environment={}) == ""
    (tmp_path / "up.json").write_text(json.dumps({"practice": "/p/kubeconfig"}))
    assert settings.practice_kubeconfig(state=tmp_path, environment={}) == "/p/kubeconfig"
    assert settings.practice_kubeconfig(state=tmp_path, environment={"CLUSTERVIEW_PRACTICE": "", "CLUSTERVIEW_KUBECONFIG": "/k"}) == ""
    assert settings.practice_kubeconfig(state=tmp_path, environment={"CLUSTERVIEW_PRACTICE": "1", "CLUSTERVIEW_KUBECONFIG": "/k"}) == "/k"


def test_commands_find_the_redis_of_the_up_on_their_state_folder_and_never_a_strangers(tmp_path: Path, held: object) -> None:
    assert settings.redis_url(state=tmp_path, environment={}).startswith(f"unix://{tmp_path}")
    (tmp_path / "up.json").write_text(json.dumps({"redis_url": "redis://:word@127.0.0.1:20001/0"}))
    assert settings.redis_url(state=tmp_path, environment={}) == "redis://:word@127.0.0.1:20001/0"
    assert settings.redis_url(state=tmp_path, environment={"REDIS_URL": "redis://named/1"}) == "redis://named/1"


def test_a_log_level_may_be_written_small() -> None:
    said = [settings.log_level(environment={"CLUSTERVIEW_LOG_LEVEL": word} if word else {}) for word in ("debug", "Info", "")]
    assert said == ["DEBUG", "INFO", "WARNING"]


def test_sqlite_survives_a_power_cut_and_concurrent_writers() -> None:
    said = settings.databases(environment={})["default"]["OPTIONS"]
    assert isinstance(said, dict)
    assert said["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in said["init_command"]
    assert "synchronous=FULL" in said["init_command"]


def test_a_thread_keeps_a_quarter_of_a_mebibyte_of_the_database_in_memory(tmp_path: Path) -> None:
    said = settings.databases(environment={})["default"]["OPTIONS"]
    assert isinstance(said, dict)
    with closing(sqlite3.connect(tmp_path / "database")) as connection:
        connection.executescript(said["init_command"])
        assert connection.execute("PRAGMA cache_size").fetchone() == (-256,)


def test_a_database_url_is_read_with_its_escapes() -> None:
    found = settings.postgres(name="DATABASE_URL", url="postgres://me:p%40ss@db.example:5433/views?sslmode=require&options=-c%20geqo%3Doff")
    assert [found[key] for key in ("NAME", "USER", "PASSWORD", "HOST", "PORT")] == ["views", "me", "p@ss", "db.example", 5433]
    said = found["OPTIONS"]
    assert isinstance(said, dict)
    assert said["sslmode"] == "require"
    assert said["options"].endswith(" -c geqo=off")
    with pytest.raises(ImproperlyConfigured, match="DATABASE_OWNER_URL begins with 'mysql'; only postgres:// is known"):
        settings.postgres(name="DATABASE_OWNER_URL", url="mysql://me@db/views")


def test_owner_and_role_are_two_names_of_one_database() -> None:
    both = {"DATABASE_URL": "postgres://role@db/views", "DATABASE_OWNER_URL": "postgres://owner@db/views"}
    assert [one["USER"] for one in settings.databases(environment=both).values()] == ["role", "owner"]
    with pytest.raises(ImproperlyConfigured, match="two databases"):
        settings.databases(environment=both | {"DATABASE_OWNER_URL": "postgres://owner@db/other"})
    with pytest.raises(ImproperlyConfigured, match="Set both"):
        settings.databases(environment={"DATABASE_OWNER_URL": "postgres://owner@db/views"})


@pytest.mark.parametrize("key", ["", "changeme\n", "x" * 31, "0123456" * 9, " " * 64])
def test_a_key_that_could_be_guessed_is_refused_t63(tmp_path: Path, key: str) -> None:
    (tmp_path / "key").write_text(key)
    with pytest.raises(ImproperlyConfigured, match="could be guessed"):
        settings.secret_key(path=tmp_path / "key")


def test_the_key_that_we_make_ourselves_and_one_of_openssl_are_good(tmp_path: Path) -> None:
    keep_secret_key(state=tmp_path)
    assert settings.secret_key(path=tmp_path / "secret-key")
    (tmp_path / "hex").write_text("0123456789abcdef" * 2 + "\n")
    assert settings.secret_key(path=tmp_path / "hex")
    with pytest.raises(ImproperlyConfigured, match="is missing"):
        settings.secret_key(path=tmp_path / "none")


def test_hosts_are_exact_names() -> None:
    assert configured.DEBUG is False
    for public, name in ((None, ""), ("https://view.example.com:8443", "view.example.com"), ("http://[2001:db8::1]:81", "[2001:db8::1]")):
        hosts = settings.allowed_hosts(public_url=public)
        assert hosts == [*filter(None, [name]), "127.0.0.1", "localhost", "[::1]"]


def test_a_public_address_that_is_none_is_refused_with_the_remedy() -> None:
    assert settings.public_url(environment={}) is None
    assert settings.public_url(environment={"PUBLIC_URL": "HTTPS://View.Example.com:443/"}) == "https://view.example.com"
    with pytest.raises(ImproperlyConfigured, match=r"PUBLIC_URL is 'view.example.com'; it has to begin with https://.*leave it unset"):
        settings.public_url(environment={"PUBLIC_URL": "view.example.com"})


@pytest.mark.django_db
def test_every_answer_carries_the_strict_policy_and_headers() -> None:
    headers = Client().get("/livez").headers
    policy = {part.split()[0]: part.split()[1:] for part in headers["Content-Security-Policy"].split(";") if part.strip()}
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Referrer-Policy"]) == ("nosniff", "same-origin")


@pytest.mark.parametrize(
    "line",
    ["Gone: /login/s3cret-word_1", "GET /login/s3cret-word_1?x", "Authorization: Bearer s3cret-word_1", "redis://:s3cret-word_1@127.0.0.1:1/0"],
)
def test_no_line_of_a_log_holds_a_login_link_a_token_or_a_password(line: str) -> None:
    record = logging.LogRecord("django.request", logging.WARNING, __file__, 1, "%s", (line,), None)
    (formatter,) = [handler.formatter for handler in logging.getLogger().handlers if isinstance(handler.formatter, logs.Formatter)]
    formatted = formatter.format(record)
    assert "s3cret" not in formatted
    assert "(hidden)" in formatted


@pytest.mark.parametrize("said", ["-1", "a day", "nan", "inf", "1e999"])
def test_a_number_that_is_none_is_refused_by_name(said: str) -> None:
    assert settings.number(name="CLUSTERVIEW_REWIND_HOURS", usual=24.0, environment={}) == 24
    assert settings.number(name="CLUSTERVIEW_REWIND_HOURS", usual=24.0, environment={"CLUSTERVIEW_REWIND_HOURS": "0"}) == 0
    with pytest.raises(ImproperlyConfigured, match="CLUSTERVIEW_REWIND_HOURS is"):
        settings.number(name="CLUSTERVIEW_REWIND_HOURS", usual=24.0, environment={"CLUSTERVIEW_REWIND_HOURS": said})
