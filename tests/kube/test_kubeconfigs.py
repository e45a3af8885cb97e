"""kubectl's rules for finding and merging kubeconfigs, and what is not done: no program runs, nothing is contacted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clusterview.kube import kubeconfigs
from clusterview.kube.errors import BadKubeconfig


def config(*names: str, current: str = "", host: str = "h", user: dict[str, Any] | None = None) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": current,
        "clusters": [{"name": name, "cluster": {"server": f"https://{host}-{name}:6443"}} for name in names],
        "users": [{"name": name, "user": user or {"token": f"token-of-{name}"}} for name in names],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
    }
    return json.dumps(document)


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    (tmp_path / "one").write_text(config("a", "b", host="one"))
    (tmp_path / "two").write_text(config("b", "c", host="two", current="b"))
    return [str(tmp_path / "one"), str(tmp_path / "two")]


@pytest.mark.parametrize(
    ("server", "skips", "weakness"),
    [
        ("https://10.0.0.1:6443", False, ""),
        ("https://10.0.0.1:6443", True, "unverified"),
        ("http://10.0.0.1:8080", True, "unencrypted"),
        ("http://api.example", False, "unencrypted"),
        ("http://127.0.0.1:8001", False, ""),
        ("http://[::1]:8001", False, ""),
        ("http://localhost:8001", False, ""),
        ("http://localhost.example", False, "unencrypted"),
    ],
)
def test_a_way_that_others_may_stand_on_is_named_t33(server: str, skips: bool, weakness: str) -> None:
    cluster = {"server": server, "insecure-skip-tls-verify": skips}
    access = kubeconfigs.ClusterAccess(id="t", name="t", server=server, namespace="", source="t", cluster=cluster)
    assert kubeconfigs.weakness(access) == weakness


def test_the_first_file_that_names_an_entry_wins(two: list[str]) -> None:
    found = kubeconfigs.contexts(two, ["a", "b", "c"])
    assert [one.server for one in found] == ["https://one-a:6443", "https://one-b:6443", "https://two-c:6443"]
    assert found[1].user["token"] == "token-of-b" and found[1].source == two[0] and found[2].source == two[1]


def test_the_current_context_comes_from_the_first_file_that_has_one(two: list[str], tmp_path: Path) -> None:
    (tmp_path / "three").write_text(config("c", current="c"))
    assert [one.name for one in kubeconfigs.contexts([*two, str(tmp_path / "three")])] == ["b"]


def test_a_colon_list_is_split_and_its_missing_files_are_skipped(two: list[str]) -> None:
    assert kubeconfigs.contexts([f"{two[0]}:/nowhere:{two[1]}"])[0].name == "b"


def test_a_single_missing_file_is_an_error() -> None:
    with pytest.raises(BadKubeconfig, match="/nowhere does not exist"):
        kubeconfigs.contexts(["/nowhere"])


def test_no_files_and_empty_files_give_no_cluster(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    assert kubeconfigs.contexts([]) == [] and kubeconfigs.contexts([str(tmp_path / "empty")]) == []


def test_an_unknown_context_is_answered_with_the_known_ones(two: list[str]) -> None:
    with pytest.raises(BadKubeconfig, match=r"no context 'z'.* Known contexts: a, b, c"):
        kubeconfigs.contexts(two, ["z"])


def test_without_a_current_context_one_must_be_chosen(two: list[str]) -> None:
    with pytest.raises(BadKubeconfig, match="Choose one with --context: a, b"):
        kubeconfigs.contexts(two[:1])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clusters:\n  - name: [\n", r"line 3 is broken"),
        ("a: b: c\n", r"line 1 is broken"),
        ("- a\n", r"line 1 is broken: it is not a mapping"),
        ("\x00", "is broken"),
        ("clusters: [{name: 3}]", "each of `clusters` needs a `name`"),
    ],
)
def test_a_broken_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad").write_text(text)
    with pytest.raises(BadKubeconfig, match=said) as caught:
        kubeconfigs.contexts([str(tmp_path / "bad")])
    assert str(tmp_path / "bad") in caught.value.sentence


@pytest.mark.parametrize(
    "server", ["https://user:secret@host:6443", "https://user@host", "https://host?x=secret", "https://host:6443/#secret", "https://host /x"]
)
def test_a_server_with_a_password_a_query_or_a_fragment_is_refused_and_not_repeated_t33(tmp_path: Path, server: str) -> None:
    (tmp_path / "bad").write_text(json.dumps(json.loads(config("a", current="a")) | {"clusters": [{"name": "a", "cluster": {"server": server}}]}))
    with pytest.raises(BadKubeconfig, match="no usable `server`") as caught:
        kubeconfigs.contexts([str(tmp_path / "bad")])
    assert "secret" not in caught.value.sentence


@pytest.mark.parametrize("server", ["https://host", "https://[::1]:6443", "http://127.0.0.1:8001", "https://rancher.example.com/k8s/clusters/c-m-1/"])
def test_a_server_is_an_address_with_or_without_a_port_and_a_path(tmp_path: Path, server: str) -> None:
    (tmp_path / "good").write_text(json.dumps(json.loads(config("a", current="a")) | {"clusters": [{"name": "a", "cluster": {"server": server}}]}))
    assert kubeconfigs.contexts([str(tmp_path / "good")])[0].server == server.rstrip("/")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clusters": []}, "refers to the cluster 'a'"),
        ({"users": []}, "refers to the user 'a'"),
        ({"clusters": [{"name": "a", "cluster": {"server": "ftp://x"}}]}, "no usable `server`"),
        ({"clusters": [{"name": "a", "cluster": {}}]}, "no usable `server`"),
    ],
)
def test_a_context_that_leads_nowhere_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    (tmp_path / "bad").write_text(json.dumps(json.loads(config("a", current="a")) | change))
    with pytest.raises(BadKubeconfig, match=said):
        kubeconfigs.contexts([str(tmp_path / "bad")])


def test_files_are_relative_to_the_kubeconfig_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    document = json.loads(
        config("a", current="a", user={"tokenFile": "t", "client-key": "/abs/k", "exec": {"command": "./login", "apiVersion": "v1"}})
    )
    document["clusters"][0]["cluster"]["certificate-authority"] = "../ca.crt"
    (tmp_path / "deep" / "config").write_text(json.dumps(document))
    found = kubeconfigs.contexts([str(tmp_path / "deep" / "config")])[0]
    assert found.cluster["certificate-authority"] == str(tmp_path / "deep" / "../ca.crt")
    assert found.user["tokenFile"] == str(tmp_path / "deep" / "t") and found.user["client-key"] == "/abs/k"
    assert found.user["exec"]["command"] == str(tmp_path / "deep" / "login")


def test_resolving_runs_no_plugin_of_any_context(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    user = {"exec": {"command": "touch", "args": [str(trace)], "apiVersion": "client.authentication.k8s.io/v1"}}
    (tmp_path / "config").write_text(config("a", "b", current="a", user=user))
    kubeconfigs.contexts([str(tmp_path / "config")], ["a", "b"])
    assert not trace.exists()


def test_credentials_are_not_in_a_representation(two: list[str]) -> None:
    assert "token-of" not in repr(kubeconfigs.contexts(two, ["a", "b", "c"]))


def test_ids_are_slugs_that_do_not_depend_on_what_is_opened(tmp_path: Path) -> None:
    names = ("arn:aws:eks:eu/Prod", "arn-aws-eks-eu-prod", "한국", "中国")
    document = {
        "clusters": [{"name": "c", "cluster": {"server": "https://c"}}],
        "contexts": [{"name": name, "context": {"cluster": "c"}} for name in names],
    }
    (tmp_path / "config").write_text(json.dumps(document))
    together = {one.name: one.id for one in kubeconfigs.contexts([str(tmp_path / "config")], names)}
    alone = {name: kubeconfigs.contexts([str(tmp_path / "config")], [name])[0].id for name in names}
    assert together == alone and len(set(together.values())) == 4
    assert together[names[0]] == "arn-aws-eks-eu-prod" and together[names[2]] == "cluster"


def test_a_context_that_is_read_again_keeps_its_id_whatever_came_before_it(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(config("a.b"))
    found = kubeconfigs.contexts([str(file)], ["a.b"])[0]
    file.write_text(config("a-b", "a.b"))
    assert kubeconfigs.contexts([str(file)], ["a.b"])[0].id != found.id
    assert kubeconfigs.again(found).id == found.id


def test_a_context_asked_for_twice_is_one(two: list[str]) -> None:
    assert len(kubeconfigs.contexts(two, ["a", "a"])) == 1


def test_a_pods_own_account(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    assert kubeconfigs.in_cluster(environment={}, folder=tmp_path) is None
    assert kubeconfigs.in_cluster(environment=environment, folder=tmp_path) is None
    (tmp_path / "token").write_text("t")
    (tmp_path / "namespace").write_text("tools\n")
    found = kubeconfigs.in_cluster(environment=environment, folder=tmp_path)
    assert found is not None and (found.server, found.namespace) == ("https://[fd00::1]:443", "tools")
    assert found.user == {"tokenFile": str(tmp_path / "token")}


def test_inside_a_pod_its_own_account_is_opened_unless_a_kubeconfig_says_otherwise(
    two: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubeconfigs, "SERVICE_ACCOUNT", tmp_path)
    assert kubeconfigs.to_open([]) == []
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    (tmp_path / "token").write_text("t")
    assert [one.id for one in kubeconfigs.to_open([])] == ["in-cluster"]
    assert [one.name for one in kubeconfigs.to_open(two, ["b"])] == ["b"]
