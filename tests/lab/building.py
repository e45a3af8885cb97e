"""Builds the lab's programs from their public Go modules, each part once for each version of its sources, outside the clone.

That takes minutes the first time (docs/lab.md says how many); afterwards a finished folder is found by the hash of what it was made from.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
KUBERNETES, OLDER_KUBERNETES = "v1.37.2", "v1.34.4"
GO_WANTED = (1, 26)
TOLD_EACH_SECONDS = 30.0
STAGES = (
    "node/fast/node-initialize",
    "node/heartbeat-with-lease/node-heartbeat-with-lease",
    "pod/fast/pod-ready",
    "pod/fast/pod-complete",
    "pod/fast/pod-delete",
)


class CannotBuild(Exception):
    """The lab cannot be built on this machine; the text says what is missing."""


@dataclass(frozen=True)
class Part:
    """Programs that are built together. `words` and the files that `patterns` find decide when they are built again."""

    make: Callable[[Path], None]
    patterns: tuple[str, ...]
    words: tuple[str, ...] = ()

    def folder(self) -> Path:
        """Where the programs for these very sources are, or will be."""
        total = hashlib.sha256("\n".join(self.words).encode())
        for path in [path for pattern in self.patterns for path in sorted(SOURCES.glob(pattern))]:
            total.update(path.read_bytes())
        cache = Path(os.environ.get("CLUSTERVIEW_LAB_CACHE") or Path.home() / ".cache" / "clusterview" / "lab")
        return cache / total.hexdigest()[:16]


def missing() -> str | None:
    """What this machine lacks for a build, in words, or None."""
    if not shutil.which("go"):
        return f"Go is not installed; the lab needs Go {GO_WANTED[0]}.{GO_WANTED[1]} or newer"
    text = subprocess.run(["go", "version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"go(\d+)\.(\d+)", text)
    if not found or (int(found[1]), int(found[2])) < GO_WANTED:
        return f"{text.strip()} is too old; the lab needs Go {GO_WANTED[0]}.{GO_WANTED[1]} or newer"
    return None


def build(name: str) -> Path:
    """This will return the folder of a part, one of PARTS, building it where it is not there yet. Raises CannotBuild."""
    part = PARTS[name]
    made = part.folder()
    if made.is_dir():
        return made
    if reason := missing():
        raise CannotBuild(reason)
    made.parent.mkdir(parents=True, exist_ok=True)
    with locked(path=made.parent / "building.lock"):
        if not made.is_dir():
            draft = made.with_suffix(f".{os.getpid()}")
            draft.mkdir()
            try:
                part.make(draft)
                draft.rename(made)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return made


def make_controlplane(target: Path) -> None:
    """`k8s` (etcd, the control plane, kube-proxy and kubectl in one program), `kwok`, and what kwok's kubelets do in `stages.yaml`."""
    go_build(module=SOURCES, package="./controlplane", output=target / "k8s", flags=stamped(KUBERNETES))
    go_build(module=SOURCES, package="./kwok", output=target / "kwok")
    stages = source_of(module=SOURCES, name="sigs.k8s.io/kwok") / "kustomize" / "stage"
    (target / "stages.yaml").write_text("\n---\n".join((stages / f"{stage}.yaml").read_text() for stage in STAGES))


def make_usage(target: Path) -> None:
    """How kwok's kubelets tell what pods use: `usage.yaml`, from the pods' annotations."""
    metrics = source_of(module=SOURCES, name="sigs.k8s.io/kwok") / "kustomize" / "metrics"
    files = [metrics / "resource" / "metrics-resource.yaml", metrics / "usage" / "usage-from-annotation.yaml"]
    (target / "usage.yaml").write_text("\n---\n".join(file.read_text() for file in files))


def make_older(target: Path) -> None:
    """`k8s` of an older Kubernetes, from the same few lines."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("go.mod", "go.sum"):
            shutil.copy(SOURCES / "older" / name, folder)
        shutil.copytree(SOURCES / "controlplane", Path(folder) / "controlplane")
        go_build(module=Path(folder), package="./controlplane", output=target / "k8s", flags=stamped(OLDER_KUBERNETES))


def stamped(version: str) -> str:
    """Flags of the linker that put in the version; kubectl refuses the placeholder."""
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return "-s -w " + " ".join(f"-X {package}.gitVersion={version}" for package in packages)


def make_definitions(target: Path) -> None:
    """Those kinds of the Gateway API that the product watches, and their class; of the channel that `make_gateway` takes."""
    for kind in ("gatewayclasses", "gateways", "httproutes"):
        name = f"gateway.networking.k8s.io_{kind}.yaml"
        (target / name).write_text((gateway_api() / name).read_text())


def gateway_api() -> Path:
    return source_of(module=SOURCES / "gateway", name="sigs.k8s.io/gateway-api") / "config" / "crd" / "experimental"


def make_gateway(target: Path) -> None:
    """`contour`, and the definitions of the Gateway API and of its own kinds in `crds`. It wants the experimental channel."""
    module = SOURCES / "gateway"
    go_build(module=module, package="github.com/projectcontour/contour/cmd/contour", output=target / "contour")
    (target / "crds").mkdir()
    contour = source_of(module=module, name="github.com/projectcontour/contour") / "examples" / "contour"
    for file in [*gateway_api().glob("gateway.networking.*.yaml"), contour / "01-crds.yaml"]:
        (target / "crds" / file.name).write_text(file.read_text())


@dataclass(frozen=True)
class Foreign:
    """Somebody else's controller, built from its module's own source and its own pins. `checksum` is the module's, as go.sum has it."""

    module: str
    version: str
    checksum: str
    package: str
    definitions: tuple[str, ...] = ()

    def part(self) -> Part:
        """Its program under the package's name, and its custom resource definitions in `crds`."""
        return Part(self.make, (), (self.module, self.version, self.package, *self.definitions))

    def make(self, target: Path) -> None:
        with progress(what=f"downloading {self.module} {self.version}", is_worth_telling=False):
            facts = json.loads(go("mod", "download", "-json", f"{self.module}@{self.version}", module=SOURCES))
        if facts["Sum"] != self.checksum:
            raise CannotBuild(f"{self.module} {self.version} is not what it was: {facts['Sum']} instead of {self.checksum}")
        with tempfile.TemporaryDirectory() as folder:
            source = Path(shutil.copytree(facts["Dir"], Path(folder) / "source", copy_function=shutil.copyfile))
            subprocess.run(["chmod", "-R", "u+w", folder], check=True)
            go_build(module=source, package=self.package, output=target / Path(self.package).name)
            (target / "crds").mkdir()
            for file in [file for pattern in self.definitions for file in source.glob(pattern)]:
                (target / "crds" / file.name).write_text(file.read_text())


FOREIGN = {
    "rollouts": Foreign(
        "github.com/argoproj/argo-rollouts", "v1.10.1", "h1:6oyVPGiHHxu3ixkT6mngemh88HLPDoTX1IwO6KNR1Y4=",
        "./cmd/rollouts-controller", ("manifests/crds/*-crd.yaml",),
    ),
    "flagger": Foreign(
        "github.com/fluxcd/flagger", "v1.36.1", "h1:X2PumtNwZz9YSGaOtZLFm2zAKLgHhFkbNv8beg7ifyc=",
        "./cmd/flagger", ("artifacts/flagger/crd.yaml",),
    ),
    "metrics-server": Foreign(
        "sigs.k8s.io/metrics-server", "v0.9.0", "h1:nlqqZ2H0Xfko8eJC/1qaNVVT17hu4rxndkOi22KTZ4w=", "./cmd/metrics-server",
    ),
}  # fmt: skip
PARTS = {
    "controlplane": Part(make_controlplane, ("controlplane/*.go", "go.mod", "go.sum", "kwok/*.go"), (KUBERNETES, *STAGES)),
    "definitions": Part(make_definitions, ("gateway/go.mod", "gateway/go.sum"), ("definitions",)),
    "usage": Part(make_usage, ("go.mod",), ("usage",)),
    "older": Part(make_older, ("controlplane/*.go", "older/go.*"), (OLDER_KUBERNETES,)),
    "gateway": Part(make_gateway, ("gateway/go.mod", "gateway/go.sum", "gateway/*.go")),
} | {name: foreign.part() for name, foreign in FOREIGN.items()}


NETWORK_ONLY = ("usage", "gateway", "metrics-server")  # the parts that only a lab with a network needs


def minor(version: str) -> str:
    """`1.34` of `v1.34.4`."""
    return ".".join(version.removeprefix("v").split(".")[:2])


def source_of(*, module: Path, name: str) -> Path:
    """The folder of a module's source, which Go downloads where it is not there yet."""
    with progress(what=f"downloading {name}", is_worth_telling=False):
        return Path(json.loads(go("mod", "download", "-json", name, module=module))["Dir"])


def go_build(*, module: Path, package: str, output: Path, flags: str = "-s -w") -> None:
    with progress(what=f"building {output.name}"):
        go("build", "-trimpath", "-ldflags", flags, "-o", str(output), package, module=module)


def go(*arguments: str, module: Path) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    done = subprocess.run(["go", *arguments], cwd=module, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotBuild(f"go {arguments[0]} failed:\n" + "\n".join(done.stderr.strip().splitlines()[-15:]))
    return done.stdout


@contextlib.contextmanager
def locked(*, path: Path) -> Iterator[None]:
    with path.open("w") as file:
        with progress(what="waiting for another build", is_worth_telling=False):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def progress(*, what: str, is_worth_telling: bool = True) -> Iterator[None]:
    """A line each half minute while something long runs, and one at the end, unless it was short and not worth one."""
    begun, done = time.monotonic(), threading.Event()

    def tell() -> None:
        while not done.wait(TOLD_EACH_SECONDS):
            print(f"lab: {what}, {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        done.set()
        teller.join()
        seconds = time.monotonic() - begun
        if is_worth_telling or seconds > TOLD_EACH_SECONDS:
            print(f"lab: {what} took {seconds:.0f} s", file=sys.stderr, flush=True)
