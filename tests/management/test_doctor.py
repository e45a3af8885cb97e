"""The doctor tells everything that is wrong in one run, each with its remedy."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from clusterview.access import people
from clusterview.kube import errors, kubeconfigs, reading
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.management.commands import doctor
from clusterview.models.people import Role

pytestmark = pytest.mark.django_db
CLUSTER = ClusterAccess(id="lab", name="lab", server="https://127.0.0.1:1", namespace="default", source="test")


def diagnose() -> tuple[str, int]:
    """What the doctor wrote, and how many findings need a look."""
    written = io.StringIO()
    try:
        call_command("doctor", stdout=written)
    except CommandError as summary:
        return written.getvalue(), int(str(summary).split()[0])
    return written.getvalue(), 0


@pytest.fixture
def healthy(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A state folder, a front end, an administrator, and a cluster that answers; Redis is taken as well."""
    settings.STATE_DIR.chmod(0o700)
    settings.DIST = tmp_path
    (tmp_path / ".vite").mkdir()
    (tmp_path / ".vite" / "manifest.json").write_text("{}")
    people.add(name="ada", role=Role.ADMIN, actor="ada")
    monkeypatch.setattr(doctor, "redis_seen", lambda: iter([doctor.Finding("Redis", "answers")]))
    monkeypatch.setattr(kubeconfigs, "to_open", lambda *_: [CLUSTER])
    monkeypatch.setattr(reading, "version", lambda _: "v1.37.0")
    monkeypatch.setattr(reading, "may", lambda *_, **__: True)
    return settings


def test_a_healthy_installation_needs_no_look(healthy: Any) -> None:
    text, looks = diagnose()
    assert looks == 0, text
    assert "cluster lab: https://127.0.0.1:1 answers, v1.37.0" in text


def test_everything_that_is_wrong_is_told_in_one_run(settings: Any, tmp_path: Path) -> None:
    settings.STATE_DIR.chmod(0o755)
    settings.DIST, settings.PUBLIC_URL, settings.KUBECONFIG_PATHS = tmp_path, "http://example", []
    text, looks = diagnose()
    assert looks == 6
    for remedy in ("chmod 700", "which builds it", "https://", "user add NAME --role admin", "check REDIS_URL", "--kubeconfig"):
        assert remedy in text


def test_a_secret_key_that_everybody_may_read_is_named_t63(healthy: Any, tmp_path: Path) -> None:
    healthy.SECRET_KEY_FILE = tmp_path / "key"
    healthy.SECRET_KEY_FILE.touch()
    for file, folder, looks in ((0o644, 0o700, 0), (0o600, 0o755, 0), (0o644, 0o755, 1)):
        healthy.SECRET_KEY_FILE.chmod(file)
        tmp_path.chmod(folder)
        assert diagnose()[1] == looks
    assert "is readable by everybody on this machine\n      -> chmod 600" in diagnose()[0]


def test_a_missing_right_is_named_with_the_command_that_gives_it(healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "may", lambda _, verb, _group, resource, *__: (verb, resource) != ("watch", "nodes"))
    text, looks = diagnose()
    assert looks == 1
    assert "missing for Node\n      -> An administrator of the cluster gives the rights: `python3 manage.py rbac" in text


def test_a_way_to_the_cluster_that_others_may_stand_on_is_named_t33(healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeconfigs, "to_open", lambda *_: [replace(CLUSTER, cluster={"insecure-skip-tls-verify": True})])
    text, looks = diagnose()
    assert looks == 1
    assert "cluster lab, the way to it: unverified" in text


def test_an_unreachable_cluster_has_the_reason_and_the_remedy(healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: object) -> str:
        raise errors.Unreachable("The server cannot be reached. Check the address.")

    monkeypatch.setattr(reading, "version", refuse)
    assert "-> The server cannot be reached. Check the address." in diagnose()[0]
