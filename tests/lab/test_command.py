"""`manage.py lab up` by hand: a cluster as large as asked for, its kubeconfig on standard output, and nothing left after SIGTERM."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.lab import building
from tests.lab.fixtures import free_ports, need, wait_until

pytestmark = pytest.mark.lab

ROOT = Path(__file__).resolve().parents[2]


def test_lab_up_prints_the_kubeconfig_of_a_cluster_and_leaves_nothing_behind(tmp_path: Path) -> None:
    need("controlplane", "definitions")
    port = free_ports()
    line = [sys.executable, str(ROOT / "manage.py"), "lab", "up", "--nodes", "2", "--port", str(port), "--state", str(tmp_path / "lab")]
    with (tmp_path / "words").open("w") as words, subprocess.Popen(line, stdout=subprocess.PIPE, stderr=words, text=True) as process:
        try:
            assert process.stdout is not None
            said = process.stdout.readline().strip()
            assert said == f"KUBECONFIG={tmp_path / 'lab' / 'admin.kubeconfig'}", (tmp_path / "words").read_text()
            kubectl = [str(building.build("controlplane") / "k8s"), "kubectl", "--kubeconfig", said.removeprefix("KUBECONFIG=")]
            listed = subprocess.run([*kubectl, "get", "nodes,deployments", "-A", "-o", "name"], capture_output=True, text=True, check=True).stdout
            assert set(listed.split()) == {"node/node-1", "node/node-2", "deployment.apps/shop-blue", "deployment.apps/shop-green"}
            running = json.loads((tmp_path / "lab" / "running.json").read_text())["pids"]
            assert {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"} == running.keys()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
    wait_until(lambda: not any(map(psutil.pid_exists, running.values())), seconds=10, what="no component is left")
