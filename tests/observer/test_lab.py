"""A real cluster is shown as it is, and nothing that happens to the API server or to Redis makes a false history."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from clusterview.kube.kinds import KINDS
from clusterview.observer import asking
from clusterview.observer.keeping import Keeper
from clusterview.stream import freshness, keys
from clusterview.topology.changes import Change, Drop, Put
from clusterview.topology.joining import Joined
from clusterview.topology.objects import AnyRecord, ControlPlanePart, Event, Kind, Lease, Namespace, RouteBackend, RouteParent, kind_of
from tests.kube.making import event, page, pod
from tests.kube.scripted import Handler, playing, say
from tests.lab import building
from tests.lab.cluster import Cluster
from tests.lab.fixtures import free_ports, wait_until
from tests.observer import truth as truths
from tests.observer.reading import Kept, Page, access_of
from tests.redis_servers import RedisServer

pytestmark = pytest.mark.lab

HUNG_SECONDS = 7.0


@contextmanager
def observed(*, kubeconfig: Path, redis_server: RedisServer, state: str = "live") -> Iterator[Page]:
    access = access_of(kubeconfig)
    keeper = Keeper(access=access, redis_url=redis_server.url)
    page = Page(url=redis_server.url, cluster=access.id)
    keeper.start()
    try:
        wait_until(lambda: page.state() == state, seconds=15, what=f"the page is {state}")
        yield page
    finally:
        keeper.stop()


@pytest.fixture
def seen(lab_shop: Cluster, redis_server: RedisServer) -> Iterator[Page]:
    with observed(kubeconfig=lab_shop.kubeconfig, redis_server=redis_server) as found:
        yield found


def shown(seen: Page) -> dict[Kind, set[str]]:
    found: dict[Kind, set[str]] = {Kind(spec.kind): set() for spec in KINDS}
    for uid, record in seen.picture().objects.items():
        if not isinstance(record, ControlPlanePart):
            found[kind_of(record)].add(uid)
    return found


def expect_truth(seen: Page, lab: Cluster) -> None:
    access = access_of(lab.kubeconfig)

    def otherwise() -> list[AnyRecord | None]:
        shown, true = seen.picture().objects, truths.truth(access=access)
        return [one for uid in truths.differing(shown=shown, true=true) for one in (shown.get(uid), true.get(uid))]

    try:
        wait_until(lambda: not otherwise(), seconds=10, what="the page shows what the cluster holds, object by object as it is")
    except AssertionError as error:
        raise AssertionError(f"{error}; {otherwise()}") from None


def settled(seen: Page) -> None:
    """Nothing has been said for two seconds, so what is said from now on is said because of the test."""
    last = [seen.position()]

    def quiet() -> bool:
        before, last[0] = last[0], seen.position()
        return before == last[0]

    for _ in range(20):
        wait_until(quiet, seconds=20, what="the cluster is quiet")


def kinds(changes: list[Change]) -> set[Kind]:
    return {kind_of(change.record) for change in changes if isinstance(change, Put)}


def test_the_picture_holds_every_object_of_every_kind(seen: Page, lab_shop: Cluster) -> None:
    expect_truth(seen, lab_shop)
    assert all(shown(seen)[kind] for kind in (Kind.NODE, Kind.POD, Kind.SERVICE, Kind.ENDPOINT_SLICE, Kind.DEPLOYMENT, Kind.REPLICA_SET, Kind.LEASE))


def test_the_control_plane_is_shown_as_it_is(seen: Page) -> None:
    def states() -> dict[str, str]:
        return {record.name: record.state for record in seen.picture().objects.values() if isinstance(record, ControlPlanePart)}

    well = dict.fromkeys(["kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager"], "ok")
    wait_until(lambda: states() == well, seconds=10, what="all parts are ok")


def test_a_scaled_deployment_is_shown(seen: Page, lab_shop: Cluster) -> None:
    lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "7")
    pods = "/api/v1/namespaces/store/pods?labelSelector=slot%3Dgreen"
    wait_until(lambda: len(lab_shop.get(pods)["items"]) == 7, seconds=20, what="there are seven pods")
    expect_truth(seen, lab_shop)


RUN_ONCE = {"spec": {"restartPolicy": "Never", "containers": [{"name": "report", "image": "registry.example/report:1"}]}}
YEARLY = {"schedule": "0 0 1 1 *", "jobTemplate": {"spec": {"template": RUN_ONCE}}}
FRONT = {"gatewayClassName": "nobody", "listeners": [{"name": "http", "protocol": "HTTP", "port": 80}]}
WEB = {"parentRefs": [{"name": "front"}], "rules": [{"backendRefs": [{"name": "web", "port": 80, "weight": 90}]}]}
GATEWAYS = "gateway.networking.k8s.io/v1"


@pytest.fixture
def night(lab_shop: Cluster) -> Iterator[Cluster]:
    """With a namespace in which a CronJob has run once, and a Gateway leads to a Service."""
    made = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "night"}},
        *(
            {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": "night"}, "spec": spec}
            for version, kind, name, spec in (
                ("batch/v1", "CronJob", "report", YEARLY), (GATEWAYS, "Gateway", "front", FRONT), (GATEWAYS, "HTTPRoute", "web", WEB),
                ("v1", "Service", "web", {"ports": [{"port": 80}]}),
            )
        ),
    ]  # fmt: skip
    lab_shop.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": made}))
    lab_shop.kubectl("create", "job", "-n", "night", "--from=cronjob/report", "report-1")
    yield lab_shop
    lab_shop.kubectl("delete", "namespace", "night")


def joined(seen: Page) -> set[tuple[str, str, str]]:
    """What is joined in that namespace, by kinds."""
    records = seen.picture().objects
    inside = Joined(objects=[record for record in records.values() if record.namespace == "night"])
    return {(str(kind_of(records[link.source])), str(link.kind), str(kind_of(records[link.target]))) for link in inside.links()}


def test_a_job_of_a_cron_job_and_a_route_through_a_gateway_are_shown_with_what_joins_them(seen: Page, night: Cluster) -> None:
    def told() -> dict[str, Any]:
        return {str(kind_of(one)): one for one in seen.picture().objects.values() if one.namespace == "night"}

    wait_until(lambda: "Job" in told() and told()["Job"].status == "Complete", seconds=30, what="the Job is complete")
    expect_truth(seen, night)
    assert joined(seen) >= {
        ("Job", "owner", "CronJob"), ("Pod", "owner", "Job"), ("HTTPRoute", "attached_to", "Gateway"), ("HTTPRoute", "routes_to", "Service"),
    }  # fmt: skip
    assert (told()["Job"].succeeded, told()["Job"].completions, told()["CronJob"].schedule) == (1, 1, "0 0 1 1 *")
    assert (told()["Gateway"].class_name, told()["Gateway"].accepted, told()["Gateway"].reason) == ("nobody", "Unknown", "Pending")
    (rule,), (parent,) = told()["HTTPRoute"].rules, told()["HTTPRoute"].parents
    assert (rule.paths, rule.backends) == (("/",), (RouteBackend("Service", Namespace("night"), "web", 80, 90),))
    assert parent == RouteParent("Gateway", Namespace("night"), "front")
    said = [{"type": type, "status": status, "reason": "Tried", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"}
            for type, status in (("Accepted", "True"), ("ResolvedRefs", "False"))]  # fmt: skip
    parents = [{"parentRef": {"name": "front"}, "controllerName": "example.com/nobody", "conditions": said}]
    night.patch(f"/apis/{GATEWAYS}/namespaces/night/httproutes/web/status", {"status": {"parents": parents}})
    refused = msgspec.structs.replace(parent, accepted="True", resolved="False", reason="Tried")
    wait_until(lambda: told()["HTTPRoute"].parents == (refused,), seconds=10, what="what the controller says is shown")


def test_a_kind_that_is_taken_away_is_named_and_comes_back_with_its_definition(seen: Page, night: Cluster) -> None:
    def missing() -> dict[str, str]:
        contact = seen.contact()
        return {one.kind: one.why for one in contact.missing} if contact is not None else {}

    wait_until(lambda: shown(seen)[Kind.HTTP_ROUTE] != set(), seconds=10, what="the route is shown")
    definitions = building.build("definitions")
    try:
        night.kubectl("delete", "-f", str(definitions / "gateway.networking.k8s.io_httproutes.yaml"))
        wait_until(lambda: missing() == {"HTTPRoute": "not_installed"}, seconds=40, what="it is named")
        assert shown(seen)[Kind.HTTP_ROUTE] == set() and shown(seen)[Kind.GATEWAY] != set() and seen.state() == "live"
    finally:
        night._define(definitions)
    night.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": GATEWAYS, "kind": "HTTPRoute", "spec": WEB,
                                                        "metadata": {"name": "web", "namespace": "night"}}))  # fmt: skip
    wait_until(lambda: missing() == {} and shown(seen)[Kind.HTTP_ROUTE] != set(), seconds=70, what="it is shown again")


def test_a_node_without_heartbeat_is_late_and_no_renewal_is_told(seen: Page, lab: Cluster) -> None:
    settled(seen)
    kept = seen.keep()
    renewed = {item["metadata"]["name"]: item["spec"]["renewTime"] for item in leases(lab)}
    wait_until(
        lambda: all(item["spec"]["renewTime"] != renewed[item["metadata"]["name"]] for item in leases(lab)), seconds=30, what="each node renewed"
    )
    assert Kind.LEASE not in kinds(seen.since(kept=kept))
    assert not any(record.late for record in seen.picture().objects.values() if isinstance(record, Lease) and record.namespace == "kube-node-lease")


def leases(lab: Cluster) -> list[dict[str, dict[str, str]]]:
    found: list[dict[str, dict[str, str]]] = lab.get("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases")["items"]
    return found


def test_a_frozen_api_server_makes_the_page_stale_and_no_history(seen: Page, lab: Cluster) -> None:
    settled(seen)
    kept = seen.keep()
    lab.stop("kube-apiserver", signal.SIGSTOP)
    try:
        wait_until(lambda: seen.state() == "stale", seconds=5, what="the page is stale")
        contact = seen.contact()
        assert contact is not None
        assert contact.reason == "unreachable"
        assert contact.contact_age_seconds is not None
        assert contact.contact_age_seconds <= 5
    finally:
        lab.stop("kube-apiserver", signal.SIGCONT)
    wait_until(lambda: seen.state() == "live", seconds=10, what="the page is live again")
    assert false_history(kept, seen) == []


def false_history(kept: Kept, seen: Page) -> list[object]:
    """What was told since, less what an outage of an API server truly changes: its own checks, the Leases of those who lead through it and its
    own, and warnings.
    """
    before = dict(kept.reader.picture.objects)
    told = [
        before[change.uid] if isinstance(change, Drop) else change.record if isinstance(change, Put) else change for change in seen.since(kept=kept)
    ]
    return [thing for thing in told if not isinstance(thing, ControlPlanePart | Lease | Event)]


def test_a_killed_api_server_makes_no_false_history(seen: Page, lab: Cluster) -> None:
    settled(seen)
    kept = seen.keep()
    lab.stop("kube-apiserver")
    try:
        wait_until(lambda: seen.state() == "stale", seconds=8, what="the page is stale")
    finally:
        lab.start("kube-apiserver")
        lab.wait_ready()
    wait_until(lambda: seen.state() == "live", seconds=15, what="the page is live again")
    expect_truth(seen, lab)
    assert false_history(kept, seen) == []


def test_what_happens_in_an_outage_is_shown_after_it_and_once_f31(seen: Page, lab_shop: Cluster, redis_server: RedisServer) -> None:
    settled(seen)
    epoch = seen.position().epoch
    redis_server.kill()
    lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "5")
    redis_server.start()
    wait_until(lambda: seen.state() == "live", seconds=5, what="the page is live 5 s after Redis is back, and empty")
    expect_truth(seen, lab_shop)
    assert seen.position().epoch > epoch


def test_a_redis_that_hangs_is_survived_f33(seen: Page, lab_shop: Cluster, redis_server: RedisServer) -> None:
    """For longer than any time-out, and than the lease."""
    before = seen.position()
    redis_server.send(signal.SIGSTOP)
    try:
        lab_shop.kubectl("scale", "deployment", "shop-green", "-n", "store", "--replicas", "4")
        threading.Event().wait(HUNG_SECONDS)
    finally:
        redis_server.send(signal.SIGCONT)
    wait_until(lambda: seen.state() == "live", seconds=5, what="the page is live 5 s after Redis answers")
    silences = [later - earlier for earlier, later in itertools.pairwise(seen.said_at())]
    assert max(silences) > freshness.LIVE_SECONDS, "nobody could think that it was live meanwhile"
    expect_truth(seen, lab_shop)
    assert seen.position().epoch == before.epoch, "whoever reads along gets no other picture"


def test_an_emptied_redis_gets_a_new_epoch_and_the_same_picture_f37(seen: Page, lab: Cluster, redis_server: RedisServer) -> None:
    before = seen.position().epoch
    seen.client.flushall()
    wait_until(lambda: seen.position().epoch > before and seen.state() == "live", seconds=5, what="a new epoch")
    expect_truth(seen, lab)


def test_kinds_that_are_not_permitted_are_named_and_the_others_live_f15(lab: Cluster, redis_server: RedisServer) -> None:
    rules = [{"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get", "list", "watch"]}]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "pods-only"}, "rules": rules}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "pods-only"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "pods-only"},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "limited"}],
    }
    lab.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": [role, binding]}))
    with observed(kubeconfig=lab.token_kubeconfig("limited"), redis_server=redis_server) as page:
        contact = page.contact()
        assert contact is not None
        assert {missing.kind for missing in contact.missing} == {spec.kind for spec in KINDS} - {"Pod", "Service"}
        assert {missing.why for missing in contact.missing} == {"not_permitted"}
        pods = {item["metadata"]["uid"] for item in lab.get("/api/v1/pods")["items"]}
        wait_until(lambda: shown(page)[Kind.POD] == pods, seconds=10, what="the pods are shown")
        assert shown(page)[Kind.NODE] == set()


def test_of_two_observers_one_publishes_and_the_other_takes_over_f47(lab: Cluster, redis_server: RedisServer) -> None:
    line = [sys.executable, "-m", "tests.observer.alone", str(lab.kubeconfig), redis_server.url]
    first = subprocess.Popen(line, stdin=subprocess.PIPE)
    try:
        page = Page(url=redis_server.url, cluster=access_of(lab.kubeconfig).id)
        wait_until(lambda: page.state() == "live", seconds=15, what="the first one publishes")
        epoch = page.position().epoch
        before = connections(os.getpid(), lab)
        with observed(kubeconfig=lab.kubeconfig, redis_server=redis_server) as page:
            settled(page)
            assert page.position().epoch == epoch
            assert connections(first.pid, lab) >= len(KINDS)
            assert connections(os.getpid(), lab) <= before, "the one that waits asks nothing"
            first.kill()
            first.wait(10)
            wait_until(lambda: page.position().epoch > epoch, seconds=10, what="the second one has taken over")
            expect_truth(page, lab)
            epochs = [position.epoch for position in page.positions()]
            assert epochs == sorted(epochs)
            assert len(set(epochs)) == 2
    finally:
        first.kill()
        first.wait(10)
        assert first.stdin is not None
        first.stdin.close()


def test_an_observer_that_was_frozen_past_its_lease_does_no_harm_f47(lab_shop: Cluster, redis_server: RedisServer) -> None:
    lab = lab_shop
    line = [sys.executable, "-m", "tests.observer.alone", str(lab.kubeconfig), redis_server.url]
    first = subprocess.Popen(line, stdin=subprocess.PIPE)
    try:
        page = Page(url=redis_server.url, cluster=access_of(lab.kubeconfig).id)
        wait_until(lambda: page.state() == "live", seconds=15, what="the first one publishes")
        epoch = page.position().epoch
        assert connections(first.pid, lab) >= len(KINDS)
        first.send_signal(signal.SIGSTOP)
        with observed(kubeconfig=lab.kubeconfig, redis_server=redis_server) as page:
            wait_until(lambda: page.position().epoch > epoch, seconds=10, what="the second one has taken over")
            taken = page.position().epoch
            first.send_signal(signal.SIGCONT)
            wait_until(lambda: connections(first.pid, lab) == 0, seconds=10, what="the first one has stopped watching")
            expect_truth(page, lab)
            assert {position.epoch for position in page.positions()} == {epoch, taken}
            assert page.position().epoch == taken
    finally:
        first.kill()
        first.wait(10)
        assert first.stdin is not None
        first.stdin.close()


def test_a_worker_observes_before_and_while_the_broker_is_away(lab: Cluster, redis_server: RedisServer, tmp_path: Path) -> None:
    redis_server.kill()
    settings = {"CLUSTERVIEW_STATE": str(tmp_path), "CLUSTERVIEW_REDIS_URL": redis_server.url, "CLUSTERVIEW_KUBECONFIG": str(lab.kubeconfig)}
    (tmp_path / "secret-key").write_text("a key for tests only, as long as a real one")
    line = [sys.executable, "-m", "celery", "-A", "dashboard", "worker", "-Q", "observe", "-P", "threads", "-c", "1", "--loglevel", "INFO"]
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen(line, env={**os.environ, **settings}, stdout=log, stderr=subprocess.STDOUT)
    try:
        words = tmp_path / "worker.log"
        wait_until(lambda: "Redis is away" in words.read_text() or worker.poll() is not None, seconds=20, what="the observer has begun")
        redis_server.start()
        page = Page(url=redis_server.url, cluster=access_of(lab.kubeconfig).id)
        wait_until(lambda: page.state() == "live", seconds=10, what="the page is live")
        expect_truth(page, lab)
        worker.terminate()
        assert worker.wait(60) == 0
        assert page.client.get(keys.claim(access_of(lab.kubeconfig).id)) is None
    finally:
        worker.kill()
        worker.wait(10)


def connections(pid: int, lab: Cluster) -> int:
    """How many connections a process holds to the API server: each watch is one, and a process that observes holds one per kind."""
    port = lab.port
    held = psutil.Process(pid).net_connections(kind="tcp")
    return sum(1 for one in held if one.status == psutil.CONN_ESTABLISHED and one.raddr and one.raddr.port == port)


def test_a_cluster_that_cannot_be_reached_is_said_to_be_lost(lab: Cluster, redis_server: RedisServer, tmp_path: Path) -> None:
    config = json.loads(lab.kubeconfig.read_text())
    config["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    broken = tmp_path / "config"
    broken.write_text(json.dumps(config))
    with observed(kubeconfig=broken, redis_server=redis_server, state="lost") as page:
        wait_until(lambda: "cannot be reached" in (page.contact() or pytest.fail("no word")).detail, seconds=10, what="it says why")
        assert page.positions() == []


def test_a_credential_that_is_refused_is_said_to_be(lab: Cluster, redis_server: RedisServer, tmp_path: Path) -> None:
    config = json.loads(lab.kubeconfig.read_text())
    config["users"][0]["user"]["token"] = "nobody"
    broken = tmp_path / "config"
    broken.write_text(json.dumps(config))
    with observed(kubeconfig=broken, redis_server=redis_server, state="lost") as page:
        wait_until(lambda: (page.contact() or pytest.fail("no word")).reason == "unauthorized", seconds=10, what="it says why")


def test_two_clusters_beside_each_other_are_kept_apart(lab: Cluster, redis_server: RedisServer, tmp_path: Path) -> None:
    other = Cluster(state=tmp_path / "other", port=free_ports(), nodes=2, context="other")
    try:
        other.up()
        with (
            observed(kubeconfig=lab.kubeconfig, redis_server=redis_server) as page,
            observed(kubeconfig=other.kubeconfig, redis_server=redis_server) as beside,
        ):
            expect_truth(page, lab)
            expect_truth(beside, other)
            assert shown(page)[Kind.NODE].isdisjoint(shown(beside)[Kind.NODE])
            other.kubectl("delete", "node", "node-2")
            wait_until(lambda: len(shown(beside)[Kind.NODE]) == 1, seconds=10, what="the other cluster has lost a node")
            assert len(shown(page)[Kind.NODE]) == lab.nodes
            other.stop("kube-apiserver")
            wait_until(lambda: beside.state() == "stale", seconds=10, what="the other cluster is stale")
            assert page.state() == "live"
    finally:
        other.down()


def test_a_cluster_that_was_restored_from_a_backup_is_shown_as_it_is_within_ten_seconds_f25(
    redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after its first half minute, when it has been asked how far its history is since something was seen of it."""
    monkeypatch.setattr(asking, "STANDING_SECONDS", 1.0)
    monkeypatch.setattr(asking, "HEALTH_SECONDS", 0.5)
    other = Cluster(state=tmp_path / "other", port=free_ports(), nodes=2, context="other")
    data, backup = other.state / "etcd", tmp_path / "backup"
    try:
        other.up()
        with observed(kubeconfig=other.kubeconfig, redis_server=redis_server) as page:
            expect_truth(page, other)
            with etcd_away(other):
                shutil.copytree(data, backup)
            wait_until(lambda: page.state() == "live", seconds=20, what="the page is live again")
            epoch = page.position().epoch
            names = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"some-{number}"}} for number in range(300)]
            other.kubectl("apply", "--server-side", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": names}))
            other.kubectl("delete", "node", "node-2")
            other.kubectl("create", "namespace", "made-after-the-backup")
            expect_truth(page, other)
            with etcd_away(other):
                shutil.rmtree(data)
                shutil.copytree(backup, data)
                wait_until(lambda: page.state() != "live", seconds=10, what="nobody takes it for live meanwhile")
            wait_until(lambda: page.state() == "live", seconds=30, what="the page is live again")
            expect_truth(page, other)
            assert page.position().epoch > epoch, "it was looked at from the beginning"
            assert len(shown(page)[Kind.NODE]) == 2
    finally:
        other.down()


@contextmanager
def etcd_away(lab: Cluster) -> Iterator[None]:
    """While nothing runs that keeps the cluster's data."""
    for name in ("kube-apiserver", "etcd"):
        lab.stop(name)
    yield
    for name in ("etcd", "kube-apiserver"):
        lab.start(name)
    lab.wait_ready()


def test_who_may_read_two_namespaces_sees_those_and_then_all_when_that_is_granted(lab_shop: Cluster, redis_server: RedisServer) -> None:
    def bind(scope: str, name: str, **metadata: str) -> None:
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "narrow"}
        subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "narrow"}]
        one = {"kind": scope, "metadata": {"name": name, **metadata}, "roleRef": role, "subjects": subjects}
        lab_shop.kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "rbac.authorization.k8s.io/v1", **one}))

    rules = [{"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["list", "watch"]}]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "narrow"}, "rules": rules}
    lab_shop.kubectl("apply", "-f", "-", input=json.dumps(role))
    for namespace in ("store", "default"):
        bind("RoleBinding", "narrow", namespace=namespace)
    access = access_of(lab_shop.kubeconfig)
    access = dataclasses.replace(access, user={**access.user, "as": "narrow", "as-groups": ["nobody"]})
    keeper = Keeper(access=access, redis_url=redis_server.url, namespaces=["store", "default", "kube-public"])
    page = Page(url=redis_server.url, cluster=access.id)

    def missing() -> dict[str, str]:
        contact = page.contact()
        return {one.kind: one.why for one in contact.missing} if contact is not None else {}

    def there(*, only: set[str]) -> set[str]:
        items = [one for path in ("/api/v1/pods", "/api/v1/services") for one in lab_shop.get(path)["items"]]
        return {one["metadata"]["uid"] for one in items if not only or one["metadata"]["namespace"] in only}

    keeper.start()
    try:
        wait_until(lambda: page.state() == "live", seconds=15, what="the page is live")
        assert (missing()["Pod"], missing()["Service"], missing()["Node"]) == ("partly", "partly", "not_permitted")
        assert shown(page)[Kind.POD] | shown(page)[Kind.SERVICE] == there(only={"store", "default"})
        lab_shop.kubectl("delete", "pod", "-n", "store", "-l", "slot=green", "--wait=false")
        wait_until(lambda: shown(page)[Kind.POD] == there(only={"store"}) & shown(page)[Kind.POD], seconds=10, what="what changes is followed")
        bind("ClusterRoleBinding", "narrow")
        wait_until(lambda: "Pod" not in missing() and "Service" not in missing(), seconds=40, what="both may be read everywhere")
        wait_until(lambda: shown(page)[Kind.POD] | shown(page)[Kind.SERVICE] == there(only=set()), seconds=10, what="all is shown")
    finally:
        keeper.stop()
        lab_shop.kubectl("delete", "clusterrolebinding", "narrow", "--ignore-not-found")
        lab_shop.kubectl("delete", "clusterrole", "narrow")


def test_a_cluster_that_floods_does_not_hold_another_back_t36(lab_shop: Cluster, redis_server: RedisServer) -> None:
    def flood(handler: Handler) -> None:
        if "watch" not in handler.path:
            return say(200, page(version=1))(handler)
        lines = b"".join(json.dumps(event("MODIFIED", pod("flood", version=number))).encode() + b"\n" for number in range(2, 500))
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.end_headers()
        handler.close_connection = True
        while not handler.script.released.is_set():
            handler.wfile.write(lines)
            flooded.set()
        return None

    flooded = threading.Event()
    with playing(last=flood) as script:
        hostile = Keeper(access=script.access(), redis_url=redis_server.url)
        hostile.start()
        try:
            assert flooded.wait(10)
            with observed(kubeconfig=lab_shop.kubeconfig, redis_server=redis_server) as seen:
                lab_shop.patch("/apis/apps/v1/namespaces/store/deployments/shop-green", {"spec": {"replicas": 5}})
                expect_truth(seen, lab_shop)
        finally:
            script.released.set()
            hostile.stop()
