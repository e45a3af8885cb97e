"""The lab's own network: a Linux network namespace in which every pod and Service address is real, and nothing else is.

Every pod address is local to the namespace, so a plain socket can listen on each of them, and kube-proxy's rules decide there which one a
Service's address leads to. A pair of interfaces joins it with the machine, for the API server, NodePorts and Envoy. Needs root.
"""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path

POD_CIDR = "10.64.0.0/16"
PREFIX = "cvlab-"
NETWORKS = 64
_numbers = itertools.count(1)


class Namespace:
    """One namespace, named after the process that made it and how many that has made, so that whoever comes later can clear what a killed
    process left behind.
    """

    def __init__(self) -> None:
        self._number = next(_numbers)
        self.name = f"{PREFIX}{os.getpid()}-{self._number}"
        self.host_address = self.address = ""
        self.enter = ["ip", "netns", "exec", self.name]

    def up(self) -> Namespace:
        """This will make it and join it with the machine."""
        clear_left_behind()
        outside, inside = (f"cv{os.getpid()}{end}{self._number}" for end in "ab")
        ip("netns", "add", self.name)
        ip("link", "add", outside, "type", "veth", "peer", "name", inside)
        ip("link", "set", inside, "netns", self.name)
        self.host_address, self.address = self._join(outside)
        ip("link", "set", outside, "up")
        for line in (
            f"addr add {self.address}/30 dev {inside}",
            "link set lo up",
            f"link set {inside} up",
            f"route add default via {self.host_address}",
            f"route add local {POD_CIDR} dev lo",
        ):
            ip("-n", self.name, *line.split())
        return self

    def down(self) -> None:
        """This will take it away, and the pair of interfaces with it; one that was never made is no mistake."""
        if self.name in names():
            ip("netns", "del", self.name)

    def _join(self, outside: str) -> tuple[str, str]:
        """The first network of four addresses that nobody on this machine has, from those that are set apart for such tests (RFC 2544)."""
        taken = ip("-o", "-4", "addr")
        for number in range(NETWORKS):
            host, lab = f"198.18.0.{4 * number + 1}", f"198.18.0.{4 * number + 2}"
            if f" {host}/" not in taken:
                ip("addr", "add", f"{host}/30", "dev", outside)
                return host, lab
        raise RuntimeError("every network from 198.18.0.0 on is taken")


def missing() -> str | None:
    """What this machine lacks for a namespace of its own, in words, or None."""
    if os.geteuid() != 0:
        return "a network of the lab's own needs root"
    for program in ("ip", "nft", "prometheus"):
        if not shutil.which(program):
            return f"`{program}` is not installed; install iproute2, nftables and prometheus"
    return None


def clear_left_behind() -> None:
    """This will remove the namespaces of labs whose process is gone."""
    for name in names():
        pid = name.removeprefix(PREFIX).split("-")[0]
        if name.startswith(PREFIX) and pid.isdigit() and not Path(f"/proc/{pid}").exists():
            ip("netns", "del", name)


def names() -> set[str]:
    """Of every network namespace that has one."""
    return {line.split()[0] for line in ip("netns", "list").splitlines() if line}


def ip(*words: str) -> str:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(words)}: {done.stderr.strip()}")
    return done.stdout
