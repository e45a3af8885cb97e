"""The doctor tells everything that is wrong in one run, each with its remedy."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import timezone

from clusterview.access import people
from clusterview.kube import errors, kubeconfigs, reading
from clusterview.kube.connections import Connection
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.management.commands import doctor
from clusterview.models import Cluster
from clusterview.models.people import Role
from clusterview.stream import keys, publishing
from clusterview.traffic import reconciling
from tests.redis_servers import RedisServer

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
    reconciling.beat()
    monkeypatch.setattr(doctor, "redis_seen", lambda: iter([doctor.Finding("Redis", "answers")]))
    monkeypatch.setattr(kubeconfigs, "to_open", lambda *_: [CLUSTER])
    monkeypatch.setattr(reading, "version", lambda _: "v1.37.0")
    monkeypatch.setattr(reading, "may", lambda *_, **__: True)
    monkeypatch.setattr(reading, "username", lambda _: "kube:ada")
    return settings


def test_a_healthy_installation_needs_no_look(healthy: Any) -> None:
    text, looks = diagnose()
    assert looks == 0, text
    assert "cluster lab: https://127.0.0.1:1 answers, v1.37.0" in text


def test_everything_that_is_wrong_is_told_in_one_run(settings: Any, tmp_path: Path) -> None:
    settings.STATE_DIR.chmod(0o755)
    settings.DIST, settings.PUBLIC_URL, settings.KUBECONFIG_PATHS = tmp_path, "http://example", []
    text, looks = diagnose()
    assert looks == 7
    assert "-> Start `python3 manage.py up`, or look at what it prints of `traffic`" in text
    for remedy in ("chmod 700", "which builds it", "https://", "user add NAME --role admin", "check REDIS_URL", "--kubeconfig"):
        assert remedy in text


def test_another_secret_key_that_redis_is_used_with_is_told(redis_server: RedisServer, settings: Any) -> None:
    settings.REDIS_URL = redis_server.url
    client = publishing.connect(url=redis_server.url)
    client.set(keys.contact("lab"), "of ours")
    assert [one.subject for one in doctor.redis_seen()] == ["Redis"]
    with override_settings(SECRET_KEY="that of another installation"):
        for name in (keys.contact("lab"), keys.topology("lab")):
            client.set(name, "of theirs")
    for name in ("somebody", "cv:topology:lab", "cv:claim:lab", "cv:notices"):
        client.set(name, "else's, or of before names carried a digest")
    *_, shared = doctor.redis_seen()
    assert (shared.seen.startswith("also used with 1 other secret key"), shared.remedy) == (True, "")


def test_a_secret_key_that_everybody_may_read_is_named_t63(healthy: Any, tmp_path: Path) -> None:
    healthy.SECRET_KEY_FILE = tmp_path / "key"
    healthy.SECRET_KEY_FILE.touch()
    for file, folder, looks in ((0o644, 0o700, 0), (0o600, 0o755, 0), (0o644, 0o755, 1)):
        healthy.SECRET_KEY_FILE.chmod(file)
        tmp_path.chmod(folder)
        assert diagnose()[1] == looks
    assert "is readable by everybody on this machine\n      -> chmod 600, or `defaultMode: 0400`" in diagnose()[0], "of a volume"


def test_a_missing_right_is_named_with_the_command_that_gives_it(healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "may", lambda _, verb, _group, resource, *__: (verb, resource) != ("watch", "nodes"))
    text, looks = diagnose()
    assert looks == 1
    assert "missing for Node\n" in text
    assert "-> An administrator of the cluster gives the rights: `python3 manage.py rbac --user kube:ada | kubectl apply" in text


def test_an_account_that_sees_the_named_namespaces_only_needs_no_look(healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    healthy.KUBE_NAMESPACES = ["store", "bank"]
    monkeypatch.setattr(reading, "may", lambda _, verb, _group, _resource, namespace=None: verb != "patch" and namespace in ("store", "bank"))
    text, looks = diagnose()
    assert looks == 0, text
    assert "rights to read: complete but for Namespace, Node, PersistentVolume, StorageClass, Lease/kube-system, Lease/kube-node-lease\n" in text
    monkeypatch.setattr(reading, "may", lambda _, verb, _group, _resource, namespace=None: verb != "patch" and namespace == "store")
    assert "rights to read: missing for Pod, Service, EndpointSlice," in diagnose()[0]


def test_where_services_may_be_patched_is_told_and_asked_for_where_switching_is_armed(healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = Cluster.objects.create(id="lab", name="lab")
    monkeypatch.setattr(reading, "get", lambda *_, **__: {"items": [{"metadata": {"name": name}} for name in ("bank", "store")]})
    monkeypatch.setattr(reading, "may", lambda _, verb, _group, _resource, namespace=None: verb != "patch" or namespace == "store")
    assert "rights to switch: store\n" in diagnose()[0]
    monkeypatch.setattr(reading, "may", lambda _, verb, *__: verb != "patch")
    text, looks = diagnose()
    assert looks == 0 and "rights to switch: in no namespace\n" in text and "lab, switching: off\n" in text
    cluster.armed_at = timezone.now()
    cluster.save()
    text, looks = diagnose()
    assert looks == 1 and "rbac --user kube:ada --switch NAMESPACE | kubectl" in text and "switching: armed since" in text


def test_a_frozen_cluster_needs_a_look(healthy: Any) -> None:
    Cluster.objects.create(id="lab", name="lab", frozen_at=timezone.now())
    text, looks = diagnose()
    assert looks == 1 and "lab, switching: frozen since" in text and "`python3 manage.py arm lab --looked` says that somebody" in text


def test_a_disk_that_is_nearly_full_needs_a_look(healthy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "ROOM_BYTES", float("inf"))
    text, looks = diagnose()
    assert looks == 1 and "-> Make room" in text


def test_the_account_is_called_as_the_cluster_calls_it(monkeypatch: pytest.MonkeyPatch) -> None:
    body = b'{"status": {"userInfo": {"username": "system:serviceaccount:ops:viewer"}}}'
    asked = SimpleNamespace(request=lambda *_, **__: SimpleNamespace(body=body), access=CLUSTER)
    command = "python3 manage.py rbac --user system:serviceaccount:ops:viewer | kubectl apply -f -"
    assert doctor.rbac(connection=cast(Connection, asked)) == command


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
