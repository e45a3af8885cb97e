"""What REST tells of a cluster is the page's own picture, and only an administrator arms it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from django.test import Client
from django.utils import timezone

from clusterview import api
from clusterview.access import auditing, clusters, people
from clusterview.api import seeing
from clusterview.kube.kubeconfigs import ClusterAccess
from clusterview.models import ApiToken, AuditEntry, Cluster, Grant
from clusterview.traffic import looking, moving_on, requesting
from tests.api.seen import LIVE, NODE, OTHER, POD, Hub
from tests.postgres.shops import Shops

pytestmark = pytest.mark.django_db
Bearer = Callable[[str], Client]


def test_a_cluster_whose_certificate_is_not_checked_says_so_t33(lab: None, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    skips = {"insecure-skip-tls-verify": True}
    access = ClusterAccess(id="lab", name="lab", server="https://10.0.0.1", namespace="", source="t", cluster=skips)
    monkeypatch.setattr(looking, "cluster", lambda _: looking.Cluster(access=access))
    assert bearer("viewer").get("/api/v1/clusters/lab").json()["connection"] == "unverified"


def test_each_open_cluster_is_told_with_its_freshness_and_counts(lab: None, bearer: Bearer) -> None:
    [told] = bearer("viewer").get("/api/v1/clusters").json()
    assert told == {
        "id": "lab",
        "name": "the lab",
        "version": "v1.37.2",
        "state": "live",
        "reason": "",
        "detail": "",
        "contact_age_seconds": 0.4,
        "verified_age_seconds": 12.0,
        "divergences": 3,
        "epoch": 7,
        "sequence": 40,
        "counts": {"Node": 1, "Pod": 2},
        "not_permitted": ["Ingress"],
        "missing": [{"kind": "Ingress", "why": "not_permitted", "detail": ""}],
        "armed": False,
        "armed_at": None,
        "frozen_at": None,
        "lost_marks": {},
        "armed_by": None,
        "identity_is_weak": False,
        "connection": "",
        "read_only": False,
    }


def test_one_cluster_is_told_without_looking_at_its_picture(lab: None, seen: Hub, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    client = bearer("viewer")
    [told] = client.get("/api/v1/clusters").json()
    monkeypatch.delattr(Hub, "picture_now")
    alone = client.get("/api/v1/clusters/lab").json()
    assert alone == {name: value for name, value in told.items() if name not in ("epoch", "sequence", "counts")}
    assert client.get("/api/v1/clusters/nowhere").status_code == 404


def test_a_cluster_of_which_nothing_was_seen_is_lost_and_counts_nothing(lab: None, seen: Hub, bearer: Bearer) -> None:
    seen.picture, seen.said = None, msgspec.structs.replace(LIVE, state="lost", contact_age_seconds=None, reason="no_observer")
    client = bearer("viewer")
    [told] = client.get("/api/v1/clusters").json()
    assert (told["state"], told["contact_age_seconds"], told["counts"], told["sequence"]) == ("lost", None, {}, 0)
    answer = client.get("/api/v1/clusters/lab/topology")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_seen_yet")


def test_the_topology_says_how_fresh_it_is_and_what_it_does_not_show(lab: None, seen: Hub, bearer: Bearer) -> None:
    seen.said = msgspec.structs.replace(seen.said, state="stale", contact_age_seconds=7.5)
    told = bearer("viewer").get("/api/v1/clusters/lab/topology").json()
    assert (told["state"], told["contact_age_seconds"]) == ("stale", 7.5)
    assert told["missing"] == [{"kind": "Ingress", "why": "not_permitted", "detail": ""}]


def test_the_topology_is_the_whole_picture_at_one_place(lab: None, bearer: Bearer) -> None:
    told = bearer("viewer").get("/api/v1/clusters/lab/topology").json()
    assert (told["epoch"], told["sequence"]) == (7, 40)
    assert {(one["kind"], one["namespace"], one["name"], one["uid"]) for one in told["objects"]} == {
        ("Node", "", "node-1", "n1"), ("Pod", "store", "shop-1", "p1"), ("Pod", "mail", "mail-1", "p2"),
    }  # fmt: skip
    assert {"kind": "runs_on", "source": "p1", "target": "n1"} in told["links"]


def test_the_links_of_a_large_cluster_are_made_for_a_few_at_once(lab: None, bearer: Bearer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Here two others have them made at this moment. What is asked for without links, or of little, is none the worse for it."""
    monkeypatch.setattr(seeing, "MANY_OBJECTS", 2)
    monkeypatch.setattr(seeing, "WAITING_SECONDS", 0.01)
    monkeypatch.setattr(seeing, "_linking", threading.Semaphore(0))
    viewer = bearer("viewer")
    answer = viewer.get("/api/v1/clusters/lab/topology")
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "too_many_links", "1")
    for query in ("links=false", "kind=Pod"):
        assert viewer.get(f"/api/v1/clusters/lab/topology?{query}").status_code == 200
    monkeypatch.setattr(seeing, "_linking", threading.Semaphore(1))
    for _ in range(2):
        assert viewer.get("/api/v1/clusters/lab/topology").status_code == 200


@pytest.mark.parametrize(
    ("query", "uids"),
    [("kind=Pod", {POD.uid, OTHER.uid}), ("namespace=store", {POD.uid}), ("kind=Pod&namespace=mail", {OTHER.uid}), ("kind=Nothing", set())],
)
def test_a_filtered_topology_names_nothing_else(lab: None, bearer: Bearer, query: str, uids: set[str]) -> None:
    told = bearer("viewer").get(f"/api/v1/clusters/lab/topology?{query}").json()
    assert {one["uid"] for one in told["objects"]} == uids
    assert told["links"] == []
    assert NODE.uid not in json.dumps(told)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("cluster", ["other", "closed", "0", "null", ":cluster"])
@pytest.mark.parametrize("rest", ["topology", "changes", "recorded", "differences?since=2026-11-26T12:00:00Z"])
def test_a_cluster_that_is_not_open_is_as_absent_as_one_that_never_was(lab: None, bearer: Bearer, cluster: str, rest: str) -> None:
    Cluster.objects.create(pk="closed", name="closed", active=False)
    answer = bearer("admin").get(f"/api/v1/clusters/{cluster}/{rest}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_only_an_administrator_arms_and_it_is_written_down(lab: None, bearer: Bearer) -> None:
    for role in ("viewer", "operator"):
        answer = bearer(role).post("/api/v1/clusters/lab/arm")
        assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert not Cluster.objects.get().armed
    client = bearer("admin")
    assert client.post("/api/v1/clusters/lab/arm", {}, content_type="application/json").json() == {"armed": True}
    assert client.get("/api/v1/clusters").json()[0]["armed"] is True
    assert client.post("/api/v1/clusters/lab/disarm").json() == {"armed": False}
    assert [(entry.action, entry.actor) for entry in AuditEntry.objects.all()] == [("ARMED", "admin-token"), ("DISARMED", "admin-token")]
    assert auditing.verify() == []


@pytest.mark.parametrize("act", ["arm", "disarm"])
def test_an_administrator_who_lost_the_right_since_they_were_let_in_arms_and_disarms_nothing(
    lab: None, bearer: Bearer, client: Client, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    if act == "disarm":
        clusters.arm(cluster="lab", actor="command line")
    ada = people.add(name="ada", role="admin", actor="command line")
    client.force_login(ada)
    look = api.clusters.opened

    def take_away(identifier: str) -> Cluster:
        ApiToken.objects.update(revoked_at=timezone.now())
        Grant.objects.update(role="operator")
        return look(identifier)

    for who in (bearer("admin"), client):
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(api.clusters, "opened", take_away)
            answer = who.post(f"/api/v1/clusters/lab/{act}")
        assert (answer.status_code, answer.json()) == (403, {"code": "not_allowed", "sentence": "Your role does not allow this."})
        ApiToken.objects.update(revoked_at=None)
        Grant.objects.update(role="admin")
    assert Cluster.objects.get().armed == (act == "disarm")
    assert not AuditEntry.objects.exclude(actor="command line").exists()


def test_open_pages_are_told_when_it_is_armed_and_disarmed(
    lab: None, bearer: Bearer, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    rung = list[tuple[str, str, str]]()
    monkeypatch.setattr(moving_on, "_ring", lambda *, id, cluster, namespace, service, state: rung.append((id, cluster, state)))
    client = bearer("admin")
    for act in ("arm", "disarm"):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(f"/api/v1/clusters/lab/{act}")
    assert rung == [("", "lab", "armed"), ("", "lab", "disarmed")]


def test_a_person_who_arms_is_named(lab: None, client: Client) -> None:
    client.force_login(people.add(name="ada", role="admin", actor="ada"))
    client.post("/api/v1/clusters/lab/arm")
    [told] = client.get("/api/v1/clusters").json()
    assert (told["armed"], told["armed_by"]) == (True, "ada")
    clusters.disarm(cluster="lab", actor="ada")
    assert client.get("/api/v1/clusters").json()[0]["armed_by"] is None


@pytest.mark.parametrize(
    ("identity", "is_weak", "told"), [("u-1", False, False), ("sha", True, True), ("", True, False)], ids=["uid", "address", "not yet known"]
)
def test_an_armed_cluster_that_is_known_by_its_address_alone_says_so(
    lab: None, bearer: Bearer, identity: str, is_weak: bool, told: bool
) -> None:
    clusters.arm(cluster="lab", actor="ada", identity=identity, identity_is_weak=is_weak)
    assert bearer("viewer").get("/api/v1/clusters").json()[0]["identity_is_weak"] is told


def test_a_cluster_that_is_armed_under_another_name_is_refused_with_that_name_and_what_to_do(
    lab: None, bearer: Bearer, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cluster.objects.create(pk="inside", name="the lab from inside")
    monkeypatch.setattr(requesting, "arm", partial(requesting.arm, opened=Shops()))
    client = bearer("admin")
    assert client.post("/api/v1/clusters/inside/arm").json() == {"armed": True}
    answer = client.post("/api/v1/clusters/lab/arm")
    assert (answer.status_code, answer.json()["code"], answer.json()["context"]) == (409, "armed-elsewhere", "the lab from inside")
    assert "Disarm the lab from inside first." in answer.json()["sentence"]
    assert client.post("/api/v1/clusters/inside/disarm").json() == {"armed": False}
    assert client.post("/api/v1/clusters/lab/arm").json() == {"armed": True}


def test_a_frozen_cluster_is_armed_only_by_a_request_that_names_what_was_looked_at(lab: None, bearer: Bearer) -> None:
    clusters.freeze(cluster="lab", marks={"018f:1": "Service store/shop", "018f:2": "Service store/cart"})
    client = bearer("admin")
    for bare in ("", "?looked=018f:2", "?looked=018f:2&looked=018f:3"):
        answer = client.post(f"/api/v1/clusters/lab/arm{bare}")
        assert (answer.status_code, answer.json()["code"]) == (409, "frozen")
        assert "`looked`" in answer.json()["sentence"]
    assert not Cluster.objects.get().armed
    looked = urlencode({"looked": list(client.get("/api/v1/clusters/lab").json()["lost_marks"])}, doseq=True)
    assert client.post(f"/api/v1/clusters/lab/arm?{looked}").json() == {"armed": True}
    assert Cluster.objects.get().armed and not Cluster.objects.get().frozen_at


def test_an_installation_that_only_looks_is_never_armed(lab: None, bearer: Bearer, settings: Any) -> None:
    settings.READ_ONLY = True
    answer = bearer("admin").post("/api/v1/clusters/lab/arm")
    assert (answer.status_code, answer.json()["code"]) == (403, "read_only")
    assert not Cluster.objects.get().armed
