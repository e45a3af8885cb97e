"""The same promises against a real API server: what we hold equals what it holds, also after it was frozen, killed and compacted."""

from __future__ import annotations

import dataclasses
import json
import signal
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from clusterview.kube import errors, kinds, kubeconfigs, listing, patching, reading, rights, watching
from clusterview.kube.connections import Connection
from clusterview.kube.kinds import KINDS, KindSpec
from clusterview.kube.watching import Observation, Reflector
from tests.lab.cluster import Cluster
from tests.lab.fixtures import wait_until

pytestmark = pytest.mark.lab

SHOP = "/api/v1/namespaces/store/services/shop"
MARKS = ("clusterview-marked-environment", "clusterview-marked-secret", "clusterview-marked-configmap")
RENEWED = {"Lease/kube-system", "Lease/kube-node-lease", "Node"}  # written every few seconds, so two readings differ


def connect(lab: Cluster, **user: Any) -> Connection:
    access = kubeconfigs.contexts([str(lab.kubeconfig)])[0]
    if user:  # which no file has, so there is nothing to read again
        access = dataclasses.replace(access, user=access.user | user, paths=())
    return Connection(access, version="test")


def truth(lab: Cluster, spec: KindSpec) -> dict[str, str]:
    """uid -> resourceVersion, by a way that has nothing of ours in it. Events are narrowed as we narrow them."""
    query = "?fieldSelector=type%3DWarning" if spec.kind == "Event" else ""
    return {one["metadata"]["uid"]: one["metadata"]["resourceVersion"] for one in lab.get(spec.path + query)["items"]}


class Mirror:
    """What somebody would believe who only hears the observations."""

    def __init__(self) -> None:
        self.objects: dict[str, dict[str, str]] = {spec.key: {} for spec in KINDS}
        self.told: list[Observation] = []
        self.needless: list[Observation] = []

    def deliver(self, one: Observation) -> None:
        self.told.append(one)
        known = self.objects[one.spec.key]
        if isinstance(one, watching.Seen) and int(known.get(one.item.metadata.uid, 0)) >= int(one.item.metadata.resource_version):
            self.needless.append(one)
        if isinstance(one, watching.Listed):
            self.objects[one.spec.key] = {item.metadata.uid: item.metadata.resource_version for item in one.items}
        elif isinstance(one, watching.Seen):
            known[one.item.metadata.uid] = one.item.metadata.resource_version
        elif isinstance(one, watching.Gone):
            known.pop(one.uid, None)

    def agrees(self, lab: Cluster, specs: tuple[KindSpec, ...] = KINDS) -> bool:
        return all(self.objects[spec.key] == truth(lab, spec) for spec in specs)

    def opened(self) -> set[str]:
        return {one.spec.key for one in self.told if isinstance(one, watching.WatchOpened)}


@contextmanager
def watching_all(connection: Connection, mirror: Mirror, specs: tuple[KindSpec, ...] = KINDS) -> Iterator[list[Reflector]]:
    reflectors = [Reflector(connection, spec, mirror.deliver, silence_seconds=3) for spec in specs]
    threads = [threading.Thread(target=one.run) for one in reflectors]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: mirror.opened() == {spec.key for spec in specs}, seconds=20, what="every watch is open")
        yield reflectors
    finally:
        for one in reflectors:
            one.stop()
        for thread in threads:
            thread.join(5)
        assert not any(thread.is_alive() for thread in threads)


@pytest.mark.parametrize("spec", KINDS, ids=lambda spec: spec.key)
def test_a_list_in_small_pages_is_what_the_api_server_holds(lab_shop: Cluster, spec: KindSpec) -> None:
    connection = connect(lab_shop)

    def equal() -> bool:
        found = listing.list_kind(connection, spec, limit=2)
        assert found.quarantined == ()
        return {one.metadata.uid: one.metadata.resource_version for one in found.items} == truth(lab_shop, spec)

    wait_until(equal, seconds=20, what=f"{spec.key} is equal")
    connection.close()


def test_watches_of_every_kind_follow_a_scale_and_a_delete(lab_shop: Cluster) -> None:
    mirror = Mirror()
    with watching_all(connect(lab_shop), mirror):
        lab_shop.kubectl("scale", "deployment", "shop-blue", "-n", "store", "--replicas", "5")
        wait_until(lambda: ready_of(lab_shop, "shop-blue") == 5, seconds=30, what="five pods are ready")
        lab_shop.kubectl("delete", "pod", "-n", "store", "-l", "slot=green", "--wait=false")
        wait_until(lambda: mirror.agrees(lab_shop), seconds=30, what="every kind is equal by uid and resourceVersion")
    assert {type(one) for one in mirror.told} >= {watching.Listed, watching.Seen, watching.Gone, watching.WatchOpened}
    assert not [one for one in mirror.told if isinstance(one, watching.SetAside | watching.NotPermitted | watching.NotInstalled)]
    assert not any(mark in repr(mirror.told) for mark in MARKS)


def test_a_killed_api_server_leads_to_no_false_changes(lab_shop: Cluster) -> None:
    mirror = Mirror()
    still = tuple(spec for spec in KINDS if spec.key not in RENEWED | {"Event"})
    with watching_all(connect(lab_shop), mirror, still) as reflectors:
        wait_until(lambda: mirror.agrees(lab_shop, still), seconds=20, what="all is equal before")
        heard = len(mirror.told)
        lab_shop.restart("kube-apiserver")
        for one in reflectors:
            one.nudge()
        wait_until(lambda: reopened(mirror.told[heard:]) == {spec.key for spec in still}, seconds=60, what="every watch is open again")
        wait_until(lambda: mirror.agrees(lab_shop, still), seconds=20, what="all is equal after")
        after = mirror.told[heard:]
    assert mirror.needless == [] and not [one for one in after if isinstance(one, watching.Gone)]
    listed = {one.spec.key: one for one in after if isinstance(one, watching.Listed)}
    assert all({item.metadata.uid for item in one.items} == set(mirror.objects[key]) for key, one in listed.items())


def test_a_frozen_api_server_is_followed_again_without_a_list(lab_shop: Cluster) -> None:
    mirror, specs = Mirror(), (kinds.named("Service"), kinds.named("Pod"))
    with watching_all(connect(lab_shop), mirror, specs) as reflectors:
        lab_shop.stop("kube-apiserver", signal.SIGSTOP)
        try:
            wait_until(lambda: lost(mirror.told) == {"Service", "Pod"}, seconds=20, what="both watches are lost")
        finally:
            lab_shop.stop("kube-apiserver", signal.SIGCONT)
        lab_shop.wait_ready()
        lab_shop.kubectl("annotate", "service", "shop", "-n", "store", "clusterview.io/blue-green=slot", "--overwrite")
        for one in reflectors:
            one.nudge()
        wait_until(lambda: mirror.agrees(lab_shop, specs), seconds=40, what="all is equal again")
    assert sum(1 for one in mirror.told if isinstance(one, watching.Listed)) == 2
    lab_shop.kubectl("annotate", "service", "shop", "-n", "store", "clusterview.io/blue-green-")


def test_a_compacted_history_means_a_list_with_the_true_difference(lab_shop: Cluster) -> None:
    mirror, spec = Mirror(), kinds.named("Service")
    reflector = Reflector(connect(lab_shop), spec, mirror.deliver, silence_seconds=0.5)
    assert reflector.run_round() == 0.0
    lab_shop.kubectl("create", "service", "clusterip", "late", "-n", "store", "--tcp=80")
    lab_shop.kubectl("delete", "service", "late", "-n", "store")
    lab_shop.kubectl("annotate", "service", "shop", "-n", "store", "clusterview.io/op=after", "--overwrite")
    compact(lab_shop)
    lab_shop.restart("kube-apiserver")
    assert reflector.run_round() >= 0.8
    lost_ = mirror.told[-1]
    assert isinstance(lost_, watching.WatchLost) and isinstance(lost_.error, errors.Gone) and lost_.must_list
    reflector.run_round()
    assert mirror.agrees(lab_shop, (spec,))
    reflector.stop()
    lab_shop.kubectl("annotate", "service", "shop", "-n", "store", "clusterview.io/op-")


def test_contact_health_version_and_identity(lab: Cluster) -> None:
    connection = connect(lab)
    assert reading.contact(connection.sibling()) < 2
    assert reading.version(connection).startswith("v1.")
    checks = reading.readiness(connection)
    assert checks is not None and {"etcd", "ping"} <= {one.name for one in checks} and all(one.ok for one in checks)
    assert reading.identity(connection).value == lab.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
    with pytest.raises(errors.NotFound):
        reading.get(connection, "/apis/nobody.example/v1/things")


def test_another_ca_is_refused_before_anything_is_sent_f28(lab: Cluster) -> None:
    access = kubeconfigs.contexts([str(lab.kubeconfig)])[0]
    access.cluster.pop("certificate-authority-data")
    with pytest.raises(errors.Untrusted, match="certificate-authority"):
        patching.json_patch(Connection(access), SHOP, [])


def test_a_ca_that_was_replaced_in_the_kubeconfig_is_used_without_a_restart_f14(lab: Cluster, tmp_path: Path) -> None:
    known, file = json.loads(lab.kubeconfig.read_text()), tmp_path / "config"
    authority = known["clusters"][0]["cluster"].pop("certificate-authority-data")
    file.write_text(json.dumps(known))
    connection = Connection(kubeconfigs.contexts([str(file)])[0])
    for _ in range(2):
        with pytest.raises(errors.Untrusted):
            reading.contact(connection)
    known["clusters"][0]["cluster"]["certificate-authority-data"] = authority
    file.write_text(json.dumps(known))
    with pytest.raises(errors.Untrusted):
        reading.contact(connection)  # it is read for that
    assert reading.contact(connection) < 2


def test_an_unknown_token_is_unauthorized(lab: Cluster) -> None:
    with pytest.raises(errors.Unauthorized):
        reading.get(connect(lab, token="nobody"), SHOP)


def test_the_viewers_manifest_is_enough_to_watch_every_kind_and_no_more(lab_shop: Cluster) -> None:
    viewer = connect(lab_shop, **{"as": "rights-test", "as-groups": ["nobody"]})
    assert not reading_allowed(viewer, kinds.named("Pod"))
    apply(lab_shop, rights.viewer_manifest(user="rights-test"))
    mirror = Mirror()
    with watching_all(viewer, mirror):
        wait_until(lambda: mirror.agrees(lab_shop), seconds=30, what="the viewer sees every kind")
    assert reading.contact(viewer) < 2 and reading.readiness(viewer) is not None and reading.version(viewer)
    assert reading.may(viewer, "list", "", "pods") and not reading.may(viewer, "patch", "", "services", "store")
    for path in ("/api/v1/secrets", "/api/v1/configmaps", "/apis/rbac.authorization.k8s.io/v1/clusterroles"):
        with pytest.raises(errors.Forbidden) as refused:
            reading.get(viewer, path)
        assert refused.value.verb == "list"
    with pytest.raises(errors.Forbidden):
        patching.json_patch(viewer, SHOP, [])


def test_a_restarted_api_server_is_not_taken_for_missing_rights(lab_shop: Cluster) -> None:
    apply(lab_shop, rights.viewer_manifest(user="rights-test"))
    mirror, specs = Mirror(), (kinds.named("Service"), kinds.named("Pod"), kinds.named("Deployment"))
    with watching_all(connect(lab_shop, **{"as": "rights-test", "as-groups": ["nobody"]}), mirror, specs) as reflectors:
        heard = len(mirror.told)
        lab_shop.restart("kube-apiserver")
        for one in reflectors:
            one.nudge()
        wait_until(lambda: reopened(mirror.told[heard:]) == {spec.key for spec in specs}, seconds=60, what="every watch is open again")
    assert not [one for one in mirror.told if isinstance(one, watching.NotPermitted | watching.NotInstalled)]


def test_the_switchers_manifest_allows_a_patch_in_its_namespace_only(lab_shop: Cluster) -> None:
    switcher = connect(lab_shop, **{"as": "rights-test", "as-groups": ["nobody"]})
    apply(lab_shop, rights.switcher_manifest("store", user="rights-test"))
    version = reading.service(switcher, namespace="store", name="shop").metadata.resource_version
    operations = [{"op": "test", "path": "/metadata/resourceVersion", "value": version}]
    assert patching.json_patch(switcher, SHOP, operations, dry_run=True)["metadata"]["name"] == "shop"
    with pytest.raises(errors.Forbidden) as refused:
        patching.json_patch(switcher, "/api/v1/namespaces/default/services/kubernetes", [])
    assert (refused.value.verb, refused.value.resource) == ("patch", "services")


def test_a_patch_lands_once_in_our_name_and_a_late_one_is_refused(lab_shop: Cluster) -> None:
    connection = connect(lab_shop).sibling()
    seen = reading.service(connection, namespace="store", name="shop")
    operations = [
        {"op": "test", "path": patching.pointer("metadata", "uid"), "value": seen.metadata.uid},
        {"op": "test", "path": patching.pointer("metadata", "resourceVersion"), "value": seen.metadata.resource_version},
        {"op": "test", "path": patching.pointer("spec", "selector"), "value": seen.spec.selector},
        {"op": "replace", "path": patching.pointer("spec", "selector"), "value": {"app": "shop", "slot": "green"}},
    ]
    dry = patching.json_patch(connection, SHOP, operations, dry_run=True)
    assert dry["spec"]["selector"]["slot"] == "green" and seen == reading.service(connection, namespace="store", name="shop")
    answered = patching.json_patch(connection, SHOP, operations)
    now = reading.service(connection, namespace="store", name="shop")
    assert now.spec.selector == {"app": "shop", "slot": "green"} and now.metadata.resource_version == answered["metadata"]["resourceVersion"]
    assert [one.manager for one in now.metadata.managed_fields if one.owns_selector] == ["clusterview"]
    with pytest.raises((errors.Conflict, errors.Invalid)):
        patching.json_patch(connection, SHOP, operations)
    gone = SHOP.replace("shop", "nobody")
    with pytest.raises(errors.NotFound):
        patching.json_patch(connection, gone, operations)
    with pytest.raises(errors.Invalid) as refused:
        patching.json_patch(connection, SHOP, [{"op": "replace", "path": "/spec/ports", "value": []}])
    assert refused.value.details


def ready_of(lab: Cluster, deployment: str) -> int:
    return int(lab.get(f"/apis/apps/v1/namespaces/store/deployments/{deployment}")["status"].get("readyReplicas", 0))


def reading_allowed(connection: Connection, spec: KindSpec) -> bool:
    try:
        listing.list_kind(connection, spec)
    except errors.Forbidden:
        return False
    return True


def apply(lab: Cluster, manifest: str) -> None:
    """Under names of this test's own, so that nobody else's binding is replaced."""
    documents = list(yaml.safe_load_all(manifest.replace("clusterview-viewer", "rights-test").replace("clusterview-switcher", "rights-test")))
    lab.kubectl("apply", "-f", "-", input=yaml.safe_dump_all(documents))


def reopened(told: list[Observation]) -> set[str]:
    """The rows whose last word about their watch, after one of loss, is that it is open."""
    lost_rows: set[str] = set()
    open_rows: set[str] = set()
    for one in told:
        if isinstance(one, watching.WatchLost):
            lost_rows.add(one.spec.key)
            open_rows.discard(one.spec.key)
        elif isinstance(one, watching.WatchOpened) and one.spec.key in lost_rows:
            open_rows.add(one.spec.key)
    return open_rows


def lost(told: list[Observation]) -> set[str]:
    return {one.spec.key for one in told if isinstance(one, watching.WatchLost)}


def compact(lab: Cluster) -> None:
    """Asks etcd itself to forget everything before now."""
    revision = int(lab.get("/api/v1/namespaces/store/services?limit=1")["metadata"]["resourceVersion"])
    body = json.dumps({"revision": str(revision), "physical": True}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{lab.port + 1}/v3/kv/compaction", data=body, headers={"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200
