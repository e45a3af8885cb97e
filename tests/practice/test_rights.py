"""Each of the practice cluster's people sees what they may, and is refused the rest in the API server's own words."""

from __future__ import annotations

import pytest
import yaml

from clusterview.kube import rights
from clusterview.kube.kinds import KINDS
from clusterview.practice import accounts, permissions
from clusterview.practice.accounts import AUTHENTICATED, Account
from clusterview.practice.permissions import Act
from tests.practice.world import World

VIEWER, LIMITED, NOBODY = (Account(name, (AUTHENTICATED,)) for name in ("viewer", "limited", "nobody"))


def test_the_viewer_sees_nodes_and_pods_and_changes_nothing() -> None:
    world = World()
    assert world.ask("GET", "/api/v1/nodes", account=VIEWER)["items"]
    refused = world.refusal("PATCH", "/api/v1/namespaces/store/services/shop", {}, kind="merge", account=VIEWER)
    assert refused.message == (
        'services "shop" is forbidden: User "viewer" cannot patch resource "services" in API group "" in the namespace "store"'
    )


def test_the_limited_one_sees_one_namespace_and_no_node() -> None:
    world = World()
    assert world.ask("GET", "/api/v1/namespaces/store/pods", account=LIMITED)["kind"] == "PodList"
    for path in ("/api/v1/nodes", "/api/v1/pods", "/api/v1/namespaces/default/pods", "/api/v1/namespaces"):
        assert world.refusal("GET", path, account=LIMITED).code == 403


def test_nobody_reads_secrets_but_the_administrator() -> None:
    world = World()
    for account in (VIEWER, LIMITED, NOBODY):
        assert world.refusal("GET", "/api/v1/namespaces/store/secrets", account=account).code == 403
    assert world.get("/api/v1/namespaces/store/secrets")["items"] == []


def test_the_printed_least_rights_are_enough_to_read_every_kind() -> None:
    world = World()
    for item in yaml.safe_load_all(rights.viewer_manifest(user="nobody")):
        world.apply(yaml.safe_dump(item))
    for spec in KINDS:
        for verb in ("list", "watch"):
            act = Act(verb=verb, group=spec.group, resource=spec.resource, namespace=spec.namespace)
            assert permissions.may(world.store, NOBODY, act), spec.key
    assert not permissions.may(world.store, NOBODY, Act(verb="list", resource="secrets"))


@pytest.mark.parametrize(
    ("header", "name"),
    [("Bearer s3cret", "admin"), ("bearer s3cret", "admin"), ("", "system:anonymous"), ("Bearer no", None), ("Basic s3cret", None)],
)
def test_only_a_known_token_is_somebody(header: str, name: str | None) -> None:
    found = accounts.of_token(tokens={"admin": "s3cret"}, authorization=header)
    assert (found.name if found is not None else None) == name
