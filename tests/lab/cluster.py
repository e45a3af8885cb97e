"""A real Kubernetes cluster of processes on 127.0.0.1: etcd, kube-apiserver, controller-manager, scheduler, kwok's kubelets. It has the kinds of
the Gateway API, and nobody who carries them out.

Each component can be frozen, stopped, crashed and started alone. Like a kubelet would, a guard starts controller-manager and scheduler again
when they end (they do, when a frozen API server cost them their leases), but not what was stopped on purpose, and not for ever. Everything ends
with the Python process that started it.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lab import building
from tests.lab.asking import ApiServer
from tests.lab.namespaces import POD_CIDR

ADMIN = "admin"
USERS = {ADMIN: '"system:masters"', "system:kube-controller-manager": "", "system:kube-scheduler": "", "clusterview": "", "viewer": "", "limited": ""}
KEPT_ALIVE = ("kube-controller-manager", "kube-scheduler")
SERVICE_CIDR, NODE_IP = "10.96.0.0/16", "198.18.0.2"
WRITTEN_DOWN = ("apps", "argoproj.io", "autoscaling", "gateway.networking.k8s.io", "policy")  # with bodies; never Secrets and ConfigMaps
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io"}, {"group": "", "resources": ["events"]}]},
        {"level": "RequestResponse", "resources": [{"group": "", "resources": ["services"]}]},
        {"level": "Metadata", "userGroups": ["system:serviceaccounts"]},
        {"level": "RequestResponse", "resources": [{"group": "", "resources": ["pods/eviction"]}, *({"group": group} for group in WRITTEN_DOWN)]},
        {"level": "Metadata"},
    ],
}
KUBELET = "lab.clusterview/kubelet"  # a label: the nodes that a kubelet of kwok's speaks for
QUICK_SECONDS, QUICK_RESTARTS = 5.0, 5
IMPATIENT_LEADERS = ["--leader-elect-lease-duration", "7s", "--leader-elect-renew-deadline", "6s", "--leader-elect-retry-period", "1s"]
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Linux ends the component when the thread that started it is gone, kill -9 included."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Cluster(ApiServer):
    """One lab. `port` is the API server's; the five ports above it are used too. `is_older` takes building.OLDER_KUBERNETES. In an impatient
    one the leases of leaders and nodes run out after seconds, which a busy machine may not keep up with for long.
    """

    def __init__(self, *, state: Path, port: int, nodes: int = 5, is_older: bool = False, context: str = "lab", is_impatient: bool = False) -> None:
        self.state, self.port, self.nodes, self.is_older, self.is_impatient = state, port, nodes, is_older, is_impatient
        self.address, self.node_address, self.enter = "127.0.0.1", NODE_IP, list[str]()
        self.context = context
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.commands: dict[str, list[str]] = {}
        self.keep_alive, self.meant_down, self.given_up = set(KEPT_ALIVE), set[str](), set[str]()
        self._started_at: dict[str, float] = {}
        self._quick_ends: Counter[str] = Counter()
        self._lock = threading.RLock()
        self._ending = threading.Event()
        self._bin = self._k8s = Path()
        self._written, self._written_bytes = list[dict[str, Any]](), 0

    @property
    def server(self) -> str:
        return f"https://{self.address}:{self.port}"

    @property
    def authority(self) -> Path:
        return self.state / "certs" / "apiserver.crt"

    @property
    def token(self) -> str:
        return f"{ADMIN}-token"

    @property
    def version(self) -> str:
        """Of Kubernetes."""
        return building.OLDER_KUBERNETES if self.is_older else building.KUBERNETES

    # Life

    def up(self) -> Cluster:
        """This will build what is missing, start every component and return when the nodes are ready."""
        self._bin = building.build("controlplane")
        self._k8s = building.build("older" if self.is_older else "controlplane") / "k8s"
        self.state.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.state / "etcd", ignore_errors=True)
        self._write_files()
        self._describe()
        for name in ("etcd", "kube-apiserver"):
            self.start(name)
        self.wait_ready()
        self._write_kubeconfigs()
        self._define(building.build("definitions"))
        for name in ("kube-controller-manager", "kube-scheduler", "kwok"):
            self.start(name)
        threading.Thread(target=self._guard, daemon=True).start()
        self.kubectl("apply", "--server-side", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": self.node_manifests()}))
        self.wait_for("kwok", lambda: list(self.node_states().values()) == ["True"] * self.nodes)
        return self

    def down(self) -> None:
        """This will end every component."""
        self._ending.set()
        with self._lock:
            for process in reversed(self.processes.values()):
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
            for process in self.processes.values():
                process.wait(10)

    def start(self, name: str) -> int:
        """This will start a component that does not run; returns its pid."""
        with self._lock:
            self.meant_down.discard(name)
            self.given_up.discard(name)
            self._quick_ends[name] = 0
            return self._launch(name)

    def stop(self, name: str, number: int = signal.SIGKILL) -> None:
        """This will send the component a signal. After SIGKILL and SIGTERM it waits for the end, and nobody but `start` brings it back."""
        if number not in (signal.SIGKILL, signal.SIGTERM):
            self.processes[name].send_signal(number)
            return
        with self._lock:
            self.meant_down.add(name)
            self.processes[name].send_signal(number)
            self.processes[name].wait(20)

    def crash(self, name: str) -> None:
        """This will kill a component as its own mistake would: where it has a guard, that starts it again."""
        self.processes[name].kill()

    def restart(self, name: str) -> None:
        """This will kill a component and start it again."""
        self.stop(name)
        self.start(name)
        if name == "kube-apiserver":
            self.wait_ready()

    def pid(self, name: str) -> int:
        return self.processes[name].pid

    def check(self) -> None:
        """This will raise RuntimeError with its last words where a component has ended by itself and nobody will start it again."""
        for name in self._dead():
            if name not in self.keep_alive or name in self.given_up:
                raise RuntimeError(self._obituary(name))

    def wait_for(self, name: str, look: Callable[[], bool], *, seconds: float = 60) -> None:
        """This will wait until a component does what `look` sees. Raises RuntimeError with its last words where it does not in time, and with
        those of any component that ends meanwhile.
        """
        deadline = time.monotonic() + seconds
        while True:
            self.check()
            with contextlib.suppress(OSError):
                if look():
                    return
            if time.monotonic() > deadline:
                raise RuntimeError(f"{name} is not ready after {seconds:.0f} s:\n{self.last_words(name)}")
            time.sleep(0.1)

    def wait_ready(self, *, seconds: float = 60) -> None:
        """This will wait until the API server says that it is ready."""
        self.wait_for("kube-apiserver", lambda: self._ask(path="/readyz", timeout=2) == b"ok", seconds=seconds)

    def _define(self, folder: Path) -> None:
        """The kinds that the folder defines are served when this returns."""
        self.kubectl("apply", "--server-side", "-f", str(folder))
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(folder))

    def _launch(self, name: str) -> int:
        with (self.state / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*self.enter, *self.commands[name]], stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.state,
                preexec_fn=die_with_parent,
            )  # fmt: skip
        self._started_at[name] = time.monotonic()
        self._note()
        return self.processes[name].pid

    def _dead(self) -> list[str]:
        """The components that ended although nobody stopped them."""
        with self._lock:
            return [name for name, process in self.processes.items() if name not in self.meant_down and process.poll() is not None]

    def _guard(self) -> None:
        while not self._ending.wait(0.5):
            with self._lock:
                for name in self._dead():
                    self._look_after(name)

    def _look_after(self, name: str) -> None:
        """Starts it again, unless that was of no use several times in a row; what nobody will start again is said once."""
        if self._ending.is_set() or name in self.given_up:
            return
        is_quick = time.monotonic() - self._started_at[name] < QUICK_SECONDS
        self._quick_ends[name] = self._quick_ends[name] + 1 if is_quick else 0
        if name in self.keep_alive and self._quick_ends[name] <= QUICK_RESTARTS:
            self._launch(name)
        else:
            self.given_up.add(name)
            print(f"lab: {self._obituary(name)}", file=sys.stderr, flush=True)

    def _obituary(self, name: str) -> str:
        return f"{name} ended with {self.processes[name].returncode}:\n{self.last_words(name)}"

    def last_words(self, name: str) -> str:
        path = self.state / f"{name}.log"
        return "\n".join(path.read_text(errors="replace").splitlines()[-12:]) if path.exists() else "(no log)"

    # Asking

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.state / "admin.kubeconfig"

    def token_kubeconfig(self, user: str) -> Path:
        """The kubeconfig of one of USERS; all but the administrator begin without any right."""
        return self.state / f"{user.replace(':', '-')}.kubeconfig"

    def kubectl(self, *arguments: str, input: str | None = None) -> str:
        """This will run kubectl as the administrator; raises RuntimeError with its words when it fails.

        What it remembers of an API server's kinds is this lab's own: another lab may have had the same address.
        """
        line = [str(self._k8s), "kubectl", "--kubeconfig", str(self.kubeconfig), "--cache-dir", str(self.state / "kubectl"), *arguments]
        done = subprocess.run(line, input=input, capture_output=True, text=True, timeout=90, check=False)
        if done.returncode:
            raise RuntimeError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def node_states(self) -> dict[str, str]:
        """What each node's Ready condition says: True, False or Unknown."""
        nodes = self.get("/api/v1/nodes")["items"]
        ready = [(node, one) for node in nodes for one in node["status"].get("conditions", []) if one["type"] == "Ready"]
        return {node["metadata"]["name"]: one["status"] for node, one in ready}

    def writes(self) -> list[dict[str, Any]]:
        """Every write that the API server was asked for, from its own audit log, in order. Each line is read once."""
        path = self.state / "audit.log"
        with self._lock:
            if path.exists():
                with path.open("rb") as file:
                    file.seek(self._written_bytes)
                    come = file.read()
                whole = come[: come.rfind(b"\n") + 1]
                self._written_bytes += len(whole)
                self._written += [json.loads(line) for line in whole.splitlines() if line.endswith(b"}")]
            return list(self._written)

    # Files and command lines

    def _note(self) -> None:
        """Leaves word for another process that wants to use this lab too."""
        facts = {"port": self.port, "is_older": self.is_older, "pids": {name: process.pid for name, process in self.processes.items()}}
        draft = self.state / "running.json.new"
        draft.write_text(json.dumps(facts))
        draft.replace(self.state / "running.json")

    def _write_files(self) -> None:
        if not (self.state / "sa.key").exists():
            subprocess.run(["openssl", "genrsa", "-out", str(self.state / "sa.key"), "2048"], check=True, capture_output=True)
        lines = [f"{user}-token,{user},{number}{',' + groups if groups else ''}" for number, (user, groups) in enumerate(USERS.items(), start=1)]
        (self.state / "tokens.csv").write_text("\n".join(lines) + "\n")
        (self.state / "audit-policy.json").write_text(json.dumps(AUDIT_POLICY))
        (self.state / "audit.log").unlink(missing_ok=True)
        self._written, self._written_bytes = [], 0

    def _write_kubeconfigs(self) -> None:
        authority = base64.b64encode(self.authority.read_bytes()).decode()
        for user in USERS:
            self.token_kubeconfig(user).write_text(
                json.dumps(
                    {
                        "apiVersion": "v1",
                        "kind": "Config",
                        "current-context": self.context,
                        "clusters": [{"name": self.context, "cluster": {"server": self.server, "certificate-authority-data": authority}}],
                        "users": [{"name": user, "user": {"token": f"{user}-token"}}],
                        "contexts": [{"name": self.context, "context": {"cluster": self.context, "user": user}}],
                    }
                )
            )
            self.token_kubeconfig(user).chmod(0o600)

    def _describe(self) -> None:
        k8s, client, peer = str(self._k8s), f"http://127.0.0.1:{self.port + 1}", f"http://127.0.0.1:{self.port + 2}"
        state, key = self.state, str(self.state / "sa.key")
        lone = ["--bind-address", "127.0.0.1", "--authentication-skip-lookup", "--kube-api-qps", "500", "--kube-api-burst", "1000"]
        leaders = IMPATIENT_LEADERS if self.is_impatient else []
        silent = ["--node-monitor-grace-period", "10s", "--node-monitor-period", "1s"] if self.is_impatient else []
        controller, scheduler = (str(self.token_kubeconfig(f"system:{name}")) for name in KEPT_ALIVE)
        self.commands = {
            "etcd": [
                k8s, "etcd", "--name", "lab", "--data-dir", str(state / "etcd"), "--unsafe-no-fsync", "--log-level", "warn",
                "--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", f"lab={peer}",
            ],
            "kube-apiserver": [
                k8s, "kube-apiserver", "--etcd-servers", client, "--secure-port", str(self.port), "--bind-address", self.address,
                "--advertise-address", self.node_address, "--cert-dir", str(state / "certs"), "--token-auth-file", str(state / "tokens.csv"),
                "--authorization-mode", "Node,RBAC", "--service-account-key-file", key, "--service-account-signing-key-file", key,
                "--service-account-issuer", "https://kubernetes.default.svc", "--service-cluster-ip-range", SERVICE_CIDR,
                "--disable-admission-plugins", "ServiceAccount", "--allow-privileged",
                "--audit-policy-file", str(state / "audit-policy.json"), "--audit-log-path", str(state / "audit.log"),
            ],
            "kube-controller-manager": [
                k8s, "kube-controller-manager", "--kubeconfig", controller, "--secure-port", str(self.port + 3), *lone,
                "--service-account-private-key-file", key, "--use-service-account-credentials", *leaders, *silent,
            ],
            "kube-scheduler": [k8s, "kube-scheduler", "--kubeconfig", scheduler, "--secure-port", str(self.port + 4), *lone, *leaders],
            "kwok": [
                str(self._bin / "kwok"), "--kubeconfig", str(self.kubeconfig), "--manage-all-nodes=false",
                f"--manage-nodes-with-label-selector={KUBELET}=yes", "--config", str(self._bin / "stages.yaml"), "--cidr", POD_CIDR,
                "--node-ip", self.node_address, "--node-lease-duration-seconds", "10" if self.is_impatient else "40",
                "--server-address", f"127.0.0.1:{self.port + 5}",
            ],
        }  # fmt: skip

    def node_manifests(self) -> list[dict[str, Any]]:
        """The nodes as they are made."""
        room = {"cpu": "32", "memory": "256Gi", "pods": "110"}
        return [
            {
                "apiVersion": "v1",
                "kind": "Node",
                "metadata": {
                    "name": f"node-{number}",
                    "annotations": {"kwok.x-k8s.io/node": "fake"},
                    "labels": {
                        "kubernetes.io/hostname": f"node-{number}",
                        "topology.kubernetes.io/zone": f"zone-{'abc'[number % 3]}",
                        KUBELET: "yes",
                    },
                },
                "status": {"allocatable": room, "capacity": room},
            }
            for number in range(1, self.nodes + 1)
        ]


class Running(Cluster):
    """A lab that another process started and will end; from here it is asked, and its components are sent signals."""

    def __init__(self, *, state: Path) -> None:
        self._facts = state / "running.json"
        facts = json.loads(self._facts.read_text())
        super().__init__(state=state, port=facts["port"], is_older=facts["is_older"])
        self._k8s = building.build("older" if self.is_older else "controlplane") / "k8s"

    def stop(self, name: str, number: int = signal.SIGSTOP) -> None:
        """This will send the component a signal."""
        os.kill(self.pid(name), number)

    def crash(self, name: str) -> None:
        """This will kill the component."""
        os.kill(self.pid(name), signal.SIGKILL)

    def pid(self, name: str) -> int:
        return int(json.loads(self._facts.read_text())["pids"][name])


def shop_manifests() -> list[Path]:
    return sorted((Path(__file__).parent / "shop").glob("*.yaml"))


def default_state() -> Path:
    return Path(os.environ.get("CLUSTERVIEW_STATE", ".state")).absolute() / "lab"
