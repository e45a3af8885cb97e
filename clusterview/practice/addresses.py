"""Addresses that the cluster gives away: cluster IPs and node ports of Services, addresses of load balancers. Nothing listens on them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from clusterview.practice import problems, validating
from clusterview.practice.objects import Object, name_of, uid_of
from clusterview.practice.resources import SERVICES
from clusterview.practice.store import Store

KUBERNETES_SERVICE = "10.96.0.1"


def assigned(store: Store, item: Object, *, before: Object | None) -> Object:
    """This will give a Service what it needs; other objects stay as they are. Raises Problem 422 where a port or an address is taken."""
    if item["kind"] != "Service":
        return item
    spec = dict(item["spec"])
    others = [one["spec"] for one in store.all(SERVICES) if before is None or uid_of(one) != uid_of(before)]
    if spec["type"] == "ExternalName":
        for key in ("clusterIP", "clusterIPs"):
            spec.pop(key, None)
    else:
        was = before["spec"].get("clusterIP") if before is not None else None
        if not spec.get("clusterIP"):
            spec["clusterIP"] = was or next(_free_addresses({one.get("clusterIP") for one in others}))
        elif spec["clusterIP"] != "None" and any(one.get("clusterIP") == spec["clusterIP"] for one in others):
            raise problems.invalid(
                SERVICES, name_of(item), [validating.wrong("spec.clusterIPs", [spec["clusterIP"]], "provided IP is already allocated")]
            )
        spec["clusterIPs"] = [spec["clusterIP"]]
    if spec.get("ports"):
        spec["ports"] = list(_with_node_ports(item, spec, before=before, taken=_node_ports(others)))
    return {**item, "spec": spec}


def _free_addresses(taken: set[str | None]) -> Iterator[str]:
    for number in count(10):
        address = f"10.96.{number // 250}.{number % 250 + 1}"
        if address not in taken and address != KUBERNETES_SERVICE:
            yield address


def _node_ports(specs: list[Object]) -> set[int]:
    return {port["nodePort"] for spec in specs for port in spec.get("ports") or () if port.get("nodePort")}


def _with_node_ports(item: Object, spec: Object, *, before: Object | None, taken: set[int]) -> Iterator[Object]:
    wants = spec["type"] == "NodePort" or (spec["type"] == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)
    kept = {(one.get("name"), one["port"]): one.get("nodePort") for one in (before or {}).get("spec", {}).get("ports") or ()}
    for number, port in enumerate(spec["ports"]):
        asked = port.get("nodePort")
        if not wants:
            yield {key: value for key, value in port.items() if key != "nodePort"}
            continue
        if asked in taken:
            where = f"spec.ports[{number}].nodePort"
            raise problems.invalid(SERVICES, name_of(item), [validating.wrong(where, asked, "provided port is already allocated")])
        given = asked or kept.get((port.get("name"), port["port"])) or next(one for one in validating.NODE_PORTS if one not in taken)
        taken.add(given)
        yield {**port, "nodePort": given}
