"""The buttons of a practice cluster over REST: a real cluster has none, a viewer may not press one, and each press is in the audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from clusterview.access import clusters
from clusterview.kube import errors, kubeconfigs
from clusterview.models import AuditEntry
from clusterview.practice.cluster import Cluster
from clusterview.practice.resources import NODES
from clusterview.traffic import looking, practising
from tests.contract import subjects

ACTS = "/api/v1/clusters/practice/acts"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with subjects.practice(folder=tmp_path_factory.mktemp("practice")) as made:
        yield made


@pytest.fixture
def practice(db: None, running: Cluster, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Cluster:
    """A practice cluster that is open here."""
    settings.PRACTICE = True
    access = kubeconfigs.contexts([str(running.options.kubeconfig)])[0]
    clusters.register(opened=[(access.id, access.name)])
    one = looking.Cluster(access=access)
    for name in ("acts", "play"):
        monkeypatch.setitem(getattr(practising, name).__kwdefaults__, "opened", lambda _: one)
    return running


def test_the_buttons_are_the_storys(practice: Cluster, bearer: Callable[[str], Client]) -> None:
    told = bearer("viewer").get(ACTS).json()
    assert [act["name"] for act in told][-3:] == ["slow-api", "quick-api", "reset"] and "break-green" in {act["name"] for act in told}
    assert set(told[0]) == {"name", "title", "does"} and set(told[0]["title"]) == {"en", "ko"}


def test_an_operator_presses_one_and_is_told_what_changed(practice: Cluster, bearer: Callable[[str], Client]) -> None:
    answer = bearer("operator").post(f"{ACTS}/kill-node", {}, content_type="application/json")
    assert answer.status_code == 200 and answer.json()["changed"] == [{"kind": "Node", "namespace": "", "name": "node-2"}]
    entry = AuditEntry.objects.get(action="ACT")
    assert (entry.cluster, entry.told, entry.actor) == ("practice", {"act": "kill-node"}, "operator-token")
    assert bearer("admin").post(f"{ACTS}/reset", {}, content_type="application/json").json()["changed"][0]["name"] == "node-2"


def test_a_viewer_may_not_and_nothing_is_written(practice: Cluster, bearer: Callable[[str], Client], settings: Any) -> None:
    before = practice.store.get(NODES, "", "node-2")
    assert bearer("viewer").post(f"{ACTS}/kill-node", {}, content_type="application/json").status_code == 403
    assert bearer("operator").post(f"{ACTS}/elsewhere", {}, content_type="application/json").json()["code"] == "no-act"
    settings.READ_ONLY = True
    assert bearer("admin").post(f"{ACTS}/kill-node", {}, content_type="application/json").json()["code"] == "read_only"
    assert not AuditEntry.objects.filter(action="ACT").exists()
    assert practice.store.get(NODES, "", "node-2") == before


@pytest.mark.parametrize("refusal", [errors.NotFound("no such path"), errors.Forbidden("not yours")])
def test_a_real_cluster_has_no_buttons(
    db: None, bearer: Callable[[str], Client], monkeypatch: pytest.MonkeyPatch, settings: Any, refusal: errors.KubeError
) -> None:
    settings.PRACTICE = True

    class Real:
        """A cluster that knows no such resource."""

        def request(self, *_: object, **__: object) -> None:
            raise refusal

        reading = writing = property(lambda self: self)

    clusters.register(opened=[("practice", "a real one of that name")])
    for name in ("acts", "play"):
        monkeypatch.setitem(getattr(practising, name).__kwdefaults__, "opened", lambda _: Real())
    admin = bearer("admin")
    assert admin.get(ACTS).json() == []
    assert admin.post(f"{ACTS}/reset", {}, content_type="application/json").status_code == 404
    assert not AuditEntry.objects.filter(action="ACT").exists()


def test_where_a_real_cluster_is_open_nothing_is_asked_of_what_calls_itself_practice(
    practice: Cluster, bearer: Callable[[str], Client], settings: Any
) -> None:
    settings.PRACTICE = False
    before = practice.store.get(NODES, "", "node-2")
    assert bearer("viewer").get(ACTS).json() == []
    assert bearer("admin").post(f"{ACTS}/kill-node", {}, content_type="application/json").json()["code"] == "no-act"
    assert not AuditEntry.objects.filter(action="ACT").exists()
    assert practice.store.get(NODES, "", "node-2") == before
