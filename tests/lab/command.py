"""`manage.py lab build` and `manage.py lab up`: the lab by hand."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
import time
from pathlib import Path

from tests.lab import building, namespaces, others
from tests.lab.cluster import Cluster, default_state, shop_manifests
from tests.lab.networked import NetworkedCluster


def main(arguments: list[str]) -> int:
    """This will build the lab, or run it until Ctrl-C or SIGTERM; returns the exit code."""
    parser = argparse.ArgumentParser(prog="manage.py lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="build the programs (about seven minutes the first time)")
    build.add_argument("parts", nargs="*", default=["controlplane", "definitions", "gateway"], metavar="PART", help=", ".join(building.PARTS))
    run = commands.add_parser("up", help="start a cluster with the shop and print its kubeconfig")
    run.add_argument("--nodes", type=int, default=5)
    run.add_argument("--state", type=Path, default=default_state())
    run.add_argument("--port", type=int, default=16443)
    run.add_argument("--network", action="store_true", help="Services and routes lead to pods that answer; needs root, iproute2 and nftables")
    run.add_argument("--older", action="store_true", help=f"Kubernetes {building.OLDER_KUBERNETES} instead of {building.KUBERNETES}")
    for name in ("rollouts", "flagger", "metrics-server"):
        run.add_argument(f"--{name}", action="append_const", const=name, dest="others", help=f"with {building.FOREIGN[name].module}")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "build":
            for name in chosen.parts:
                if name not in building.PARTS:
                    raise RuntimeError(f"There is no part called {name}; there are {', '.join(building.PARTS)}.")
                print(building.build(name))
            return 0
        if chosen.network and (reason := namespaces.missing()):
            raise RuntimeError(f"{reason[0].upper()}{reason[1:]}.")
        if "metrics-server" in (chosen.others or []) and not chosen.network:
            raise RuntimeError("--metrics-server asks the kubelets over the network, so it needs --network beside it.")
        made = NetworkedCluster if chosen.network else Cluster
        cluster = made(state=chosen.state.absolute(), port=chosen.port, nodes=chosen.nodes, is_older=chosen.older)
        return up(cluster=cluster, foreign=chosen.others or [])
    except (building.CannotBuild, RuntimeError) as problem:
        print(problem, file=sys.stderr)
        return 1


def up(*, cluster: Cluster, foreign: list[str]) -> int:
    begun = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        cluster.up()
        for manifest in shop_manifests():
            cluster.kubectl("apply", "-f", str(manifest))
        for name in foreign:
            if isinstance(cluster, NetworkedCluster) and name == "metrics-server":
                others.start_metrics_server(cluster)
            else:
                others.start(cluster, name=name)
        print(f"ready after {time.monotonic() - begun:.1f} s", file=sys.stderr)
        print(f"KUBECONFIG={cluster.kubeconfig}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
        return 0
    finally:
        cluster.down()
