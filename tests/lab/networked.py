"""A lab in a network of its own: Services and routes lead to pods that answer. kube-proxy (nftables), Contour, Envoy, a server per ready pod.

Needs root. `ask` and the traffic probe send from inside the network, as a pod of the cluster would; nothing else is ever a target.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.lab import building, probing
from tests.lab.cluster import Cluster, die_with_parent
from tests.lab.fixtures import wait_until
from tests.lab.namespaces import POD_CIDR, Namespace

ROOT = Path(__file__).resolve().parents[2]
GATEWAY_PORT = 8081  # Contour opens port 81 of a Gateway as 8081; the pods have 8080 on every address
ASK = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Host": sys.argv[2]} if sys.argv[2] else {})
print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=2).read().decode(), end="")
"""
PROMETHEUS_PORT = 9090
XDS, STATS, HEALTH, DEBUG = 8001, 8002, 8003, 8004
READY = {
    "contour": f"http://127.0.0.1:{HEALTH}/healthz",
    "envoy": f"http://127.0.0.1:{STATS}/ready",
    "prometheus": f"http://{{address}}:{PROMETHEUS_PORT}/-/ready",
}


class Probe:
    """The probing program while it runs; `report` has all of it afterwards. Raises RuntimeError where it broke off or lost a request."""

    def __init__(self, *, line: list[str], side: Callable[[str], str], file: Path) -> None:
        self._line, self._side, self._file, self._words = line, side, file, file.with_suffix(".log")
        self.report = probing.Report((), side)
        self._seen, self._read_bytes = self.report, 0

    def __enter__(self) -> Probe:
        with self._file.open("wb") as file, self._words.open("wb") as words:
            self._process = subprocess.Popen(self._line, cwd=ROOT, stdin=subprocess.PIPE, stdout=file, stderr=words, preexec_fn=die_with_parent)
        wait_until(lambda: self._file.stat().st_size > 0 or self._process.poll() is not None, seconds=10, what="the first request is answered")
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(probing.ANSWER_SECONDS + 10)
        if kind is not None:
            return
        if code:
            raise RuntimeError(f"the probe ended with {code}:\n{self._words.read_text()[-2000:]}")
        self.report = probing.read(self._file.read_text().splitlines(), side=self._side)

    def so_far(self) -> probing.Report:
        """What has become of the requests that are answered by now."""
        if self._process.poll():
            raise RuntimeError(f"the probe ended with {self._process.returncode}:\n{self._words.read_text()[-2000:]}")
        with self._file.open("rb") as file:
            file.seek(self._read_bytes)
            come = file.read()
        whole = come[: come.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        self._seen = self._seen.and_more(probing.read_some(whole.decode().splitlines(), side=self._side))
        return self._seen


class NetworkedCluster(Cluster):
    """Beside Cluster's components: kube-proxy, contour, envoy, pods and prometheus. `down` takes the network away too."""

    def __init__(self, *, state: Path, port: int = 16443, nodes: int = 3, is_older: bool = False) -> None:
        super().__init__(state=state, port=port, nodes=nodes, is_older=is_older)
        self._namespace = Namespace()

    def up(self) -> NetworkedCluster:
        """This will start everything and return when the nodes are ready and Envoy has its configuration."""
        self._gateway = building.build("gateway")
        self._namespace.up()
        self.address = self.node_address = self._namespace.address
        self.enter = self._namespace.enter
        super().up()
        self._define(self._gateway / "crds")
        self._describe_network()
        for name in ("kube-proxy", "contour", "envoy", "pods", "prometheus"):
            self.start(name)
        for name in READY:
            self.wait_answering(name)
        return self

    def wait_answering(self, name: str) -> None:
        """This will wait until one of READY says itself that it is ready. Raises RuntimeError with its last words where it does not."""
        url = READY[name].format(address=self.address)
        self.wait_for(name, lambda: self.ask(url) != "")

    def down(self) -> None:
        super().down()
        self._namespace.down()

    def probe(self, url: str, *, side: Callable[[str], str], rate: float = 200, host: str = "", keep_alive: bool = False) -> Probe:
        """Requests at a fixed rate from inside the network, while the answer's `with` block runs."""
        options = ["--rate", str(rate), *(["--host", host] if host else []), *(["--keep-alive"] if keep_alive else [])]
        line = [*self.enter, sys.executable, "-m", "tests.lab.probing", url, *options]
        return Probe(line=line, side=side, file=self.state / f"probe-{time.monotonic_ns()}.jsonl")

    def ask(self, url: str, *, host: str = "") -> str:
        """The body of one answer, asked for inside the network; empty when there is none within two seconds."""
        line = [*self.enter, sys.executable, "-c", ASK, url, host]
        return subprocess.run(line, capture_output=True, text=True, check=False).stdout

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Prometheus' answer to an instant query: `[{metric, value: [moment, text]}]`."""
        url = f"http://{self.address}:{PROMETHEUS_PORT}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"
        answer = json.loads(self.ask(url) or "{}")
        return list(answer.get("data", {}).get("result", []))

    def _write_files(self) -> None:
        super()._write_files()
        front = [str(self.state / "front.key"), "-out", str(self.state / "front.crt"), "-days", "2", "-subj", "/CN=front"]
        if not (self.state / "front.crt").exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", *front], check=True, capture_output=True)

    def _describe(self) -> None:
        """Beside the usual: kubelets that are reached from the network, and an API server that asks other API servers (for metrics)."""
        super()._describe()
        crt, key, port = str(self.state / "front.crt"), str(self.state / "front.key"), str(self.port + 5)
        usage = str(building.build("usage") / "usage.yaml")
        self.commands["kwok"] += ["--server-address", f"{self.address}:{port}", "--node-port", port, "--config", usage]
        self.commands["kwok"] += ["--tls-cert-file", crt, "--tls-private-key-file", key]
        self.commands["kube-apiserver"] += [
            "--requestheader-client-ca-file", crt, "--proxy-client-cert-file", crt, "--proxy-client-key-file", key, "--enable-aggregator-routing",
            "--requestheader-username-headers", "X-Remote-User", "--requestheader-group-headers", "X-Remote-Group",
        ]  # fmt: skip

    def node_manifests(self) -> list[dict[str, Any]]:
        """The nodes as they are made."""
        nodes = super().node_manifests()
        for node in nodes:
            name = node["metadata"]["name"]
            node["metadata"]["annotations"]["metrics.k8s.io/resource-metrics-path"] = f"/metrics/nodes/{name}/metrics/resource"
        return nodes

    def _describe_network(self) -> None:
        admin, state = str(self.kubeconfig), self.state
        (state / "contour.yaml").write_text(json.dumps({"gateway": {"gatewayRef": {"namespace": "default", "name": "web"}}}))
        (state / "prometheus.yaml").write_text(json.dumps(self._scraped()))
        contour = str(self._gateway / "contour")
        self._run(
            [
                contour, "bootstrap", str(state / "envoy.json"), "--xds-address", "127.0.0.1", "--xds-port", str(XDS),
                "--xds-resource-version", "v3", "--admin-address", str(state / "envoy-admin.sock"), "--resources-dir", str(state / "envoy"),
            ],
            name="contour bootstrap",
        )  # fmt: skip
        envoy = str(Path(sys.executable).with_name("envoy"))
        self.commands |= {
            "kube-proxy": [
                str(self._k8s), "kube-proxy", "--kubeconfig", admin, "--proxy-mode", "nftables", "--cluster-cidr", POD_CIDR,
                "--hostname-override", "node-1", "--bind-address", self.address, "--conntrack-max-per-core", "0",
                "--conntrack-tcp-timeout-established", "0s", "--conntrack-tcp-timeout-close-wait", "0s",
            ],
            "contour": [
                contour, "serve", "--no-incluster", "--kubeconfig", admin, "--insecure", "--disable-leader-election",
                "--xds-address", "127.0.0.1", "--xds-port", str(XDS), "--config-path", str(state / "contour.yaml"),
                "--envoy-service-http-address", "0.0.0.0", "--stats-address", "127.0.0.1", "--stats-port", str(STATS),
                "--health-port", str(HEALTH), "--http-port", str(DEBUG),
            ],
            "envoy": [envoy, "-c", str(state / "envoy.json"), "--service-cluster", "web", "--service-node", "lab", "--concurrency", "1"],
            "prometheus": [
                "prometheus", f"--config.file={state / 'prometheus.yaml'}", f"--storage.tsdb.path={state / 'prometheus'}",
                f"--web.listen-address={self.address}:{PROMETHEUS_PORT}", "--log.level=warn",
            ],
            "pods": [sys.executable, str(ROOT / "tests" / "lab" / "pods.py"), admin, str(state / "targets.json")],
        }  # fmt: skip

    def _run(self, line: list[str], *, name: str) -> None:
        """A step that has to succeed before a component can start; its last words are those of a component."""
        with (self.state / f"{name}.log").open("wb") as log:
            done = subprocess.run(line, stdout=log, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise RuntimeError(f"{name} ended with {done.returncode}:\n{self.last_words(name)}")

    def _scraped(self) -> dict[str, Any]:
        """Envoy, and every pod that serves, each second."""
        pods = [{"files": [str(self.state / "targets.json")], "refresh_interval": "5s"}]
        return {
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
            "scrape_configs": [
                {"job_name": "pods", "file_sd_configs": pods},
                {"job_name": "envoy", "metrics_path": "/stats/prometheus", "static_configs": [{"targets": [f"127.0.0.1:{STATS}"]}]},
            ],
        }
