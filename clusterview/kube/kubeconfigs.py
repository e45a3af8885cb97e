"""Which clusters there are: kubeconfig files merged by kubectl's rules, and the account of the pod that we run in.

This is our own and not the official client's loader, for reasons that were measured: that one takes current-context from the last file
instead of the first, does not split a colon list, writes private keys to files that stay until the process ends, runs exec plugins without a
time-out while loading, and costs 0.6 s and 49 MB to import. Nothing here contacts a cluster, runs a program, or reads a credential's file:
`credentials` does, for the context that is opened and no other. See https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from clusterview.kube.errors import BadKubeconfig

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
CLUSTER_FILES = ("certificate-authority",)
USER_FILES = ("client-certificate", "client-key", "tokenFile")
SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}

Entry = dict[str, Any]


@dataclass(frozen=True)
class ClusterAccess:
    """One context. `id` is a slug for addresses, unique within the kubeconfig; `source` says where it came from, `paths` where to read it again.

    `cluster` and `user` are the kubeconfig's entries with file references made absolute; they are left out of the representation, for
    they hold credentials.
    """

    id: str
    name: str
    server: str
    namespace: str
    source: str
    cluster: Entry = field(default_factory=dict, repr=False, compare=False)
    user: Entry = field(default_factory=dict, repr=False, compare=False)
    paths: tuple[str, ...] = field(default=(), repr=False, compare=False)


@dataclass
class Merged:
    """All files as one: name -> entry for each section."""

    clusters: dict[str, Entry] = field(default_factory=dict)
    users: dict[str, Entry] = field(default_factory=dict)
    contexts: dict[str, Entry] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    current: str = ""


def to_open(paths: Sequence[str], wanted: Sequence[str] = ()) -> list[ClusterAccess]:
    """This will give the clusters that are to be opened: the kubeconfig's, else the one that we run in. Raises BadKubeconfig."""
    found = contexts(paths, wanted)
    here = None if found else in_cluster()
    return found or ([here] if here is not None else [])


def contexts(paths: Sequence[str], wanted: Sequence[str] = ()) -> list[ClusterAccess]:
    """This will resolve the wanted contexts, or the current one where none is named. No files, or files without contexts, give none.

    Each path may itself be a colon list. Missing files of a list are skipped; a single one that is missing is an error.
    Raises BadKubeconfig, for an unknown context with the names of the known ones.
    """
    merged = merge(paths)
    if not merged.contexts:
        if wanted:
            raise BadKubeconfig(f"There is no context {wanted[0]!r}: {_files(paths)} names no contexts at all.")
        return []
    slugs = _slugs(merged.contexts)
    names = list(dict.fromkeys(wanted)) or [merged.current]
    for name in names:
        if name not in merged.contexts:
            raise _unknown(name=name, merged=merged, paths=paths)
    return [dataclasses.replace(_access(name=name, slug=slugs[name], merged=merged), paths=tuple(paths)) for name in names]


def again(access: ClusterAccess) -> ClusterAccess:
    """This will resolve the same context from its files as they are now, under the id that it has. Raises BadKubeconfig."""
    if not access.paths:
        return dataclasses.replace(access)
    return dataclasses.replace(contexts(access.paths, [access.name])[0], id=access.id)


def weakness(access: ClusterAccess) -> str:
    """This will tell what lets others on the way read along or answer in the server's place: `unencrypted`, `unverified`, or empty for nothing."""
    if access.server.startswith("http:"):
        return "" if _is_here(access.server) else "unencrypted"
    return "unverified" if access.cluster.get("insecure-skip-tls-verify") else ""


def _is_here(server: str) -> bool:
    """Whether nothing of the way leaves this machine, as to `kubectl proxy`."""
    host = urlsplit(server).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def files_of(access: ClusterAccess) -> list[Path]:
    """This will name every file that the access is made of."""
    referred = [access.cluster.get(key) for key in CLUSTER_FILES] + [access.user.get(key) for key in USER_FILES]
    return [*_listed(access.paths), *(Path(str(one)) for one in referred if one)]


def in_cluster(*, environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> ClusterAccess | None:
    """This will give the access of the pod that we run in, or None where we do not run in one."""
    folder = folder or SERVICE_ACCOUNT
    host, port = environment.get("KUBERNETES_SERVICE_HOST", ""), environment.get("KUBERNETES_SERVICE_PORT", "443")
    if not host or not (folder / "token").is_file():
        return None
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    try:
        namespace = (folder / "namespace").read_text().strip()
    except OSError:
        namespace = "default"
    return ClusterAccess(
        id="in-cluster",
        name="in-cluster",
        server=server,
        namespace=namespace,
        source=str(folder),
        cluster={"server": server, "certificate-authority": str(folder / "ca.crt")},
        user={"tokenFile": str(folder / "token")},
    )


def merge(paths: Sequence[str]) -> Merged:
    """This will read the files and merge them: the first to name an entry, or the current context, wins."""
    listed = _listed(paths)
    merged = Merged()
    for path in listed:
        if not path.exists() and len(listed) > 1:
            continue
        _add(merged=merged, path=path, document=_read(path))
    return merged


def _listed(paths: Sequence[str]) -> list[Path]:
    return [Path(one).expanduser() for path in paths for one in path.split(os.pathsep) if one]


def _read(path: Path) -> Entry:
    try:
        document = yaml.safe_load(path.read_bytes())
    except FileNotFoundError as error:
        raise BadKubeconfig(f"The kubeconfig {path} does not exist. Give another one with --kubeconfig or $KUBECONFIG.") from error
    except OSError as error:
        raise BadKubeconfig(f"The kubeconfig {path} cannot be read: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or "it is not YAML"
        raise BadKubeconfig(f"The kubeconfig {path}{line} is broken: {problem}. Mend the file or give another one.") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise BadKubeconfig(f"The kubeconfig {path}, line 1 is broken: it is not a mapping. Mend the file or give another one.")
    return document


def _add(*, merged: Merged, path: Path, document: Entry) -> None:
    for section, inner in SECTIONS.items():
        known = getattr(merged, section)
        for item in document.get(section) or []:
            if not isinstance(item, dict) or not isinstance(item.get("name"), str) or not isinstance(item.get(inner) or {}, dict):
                raise BadKubeconfig(f"The kubeconfig {path} is broken: each of `{section}` needs a `name` and a `{inner}`.")
            if item["name"] not in known:
                known[item["name"]] = _absolute(entry=dict(item.get(inner) or {}), folder=path.absolute().parent)
                if section == "contexts":
                    merged.sources[item["name"]] = str(path)
    merged.current = merged.current or str(document.get("current-context") or "")


def _absolute(*, entry: Entry, folder: Path) -> Entry:
    """File references, and a plugin's command that is a path, are relative to the file that says them."""
    for key in (*CLUSTER_FILES, *USER_FILES):
        if isinstance(entry.get(key), str) and entry[key]:
            entry[key] = str(folder / entry[key])
    plugin = entry.get("exec")
    if isinstance(plugin, dict) and "/" in str(plugin.get("command") or ""):
        entry["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return entry


def _access(*, name: str, slug: str, merged: Merged) -> ClusterAccess:
    context = merged.contexts[name]
    cluster = merged.clusters.get(str(context.get("cluster")))
    user = merged.users.get(str(context.get("user")), {})
    source = merged.sources[name]
    if cluster is None:
        raise BadKubeconfig(f"The context {name!r} of {source} refers to the cluster {context.get('cluster')!r}, which no kubeconfig describes.")
    if context.get("user") and str(context["user"]) not in merged.users:
        raise BadKubeconfig(f"The context {name!r} of {source} refers to the user {context['user']!r}, which no kubeconfig describes.")
    server = str(cluster.get("server") or "").rstrip("/")
    if not re.fullmatch(r"https?://[^/\s@?#]+(/[^\s?#]*)?", server):
        raise BadKubeconfig(f"The cluster of context {name!r} in {source} has no usable `server`: it must be an address like https://host:6443.")
    namespace = str(context.get("namespace") or "default")
    return ClusterAccess(id=slug, name=name, server=server, namespace=namespace, source=source, cluster=cluster, user=user)


def _unknown(*, name: str, merged: Merged, paths: Sequence[str]) -> BadKubeconfig:
    known = ", ".join(sorted(merged.contexts))
    if not name:
        return BadKubeconfig(f"{_files(paths)} has no current context. Choose one with --context: {known}.")
    return BadKubeconfig(f"There is no context {name!r} in {_files(paths)}. Known contexts: {known}.")


def _files(paths: Sequence[str]) -> str:
    return os.pathsep.join(paths) or "No kubeconfig"


def _slugs(names: Mapping[str, Entry]) -> dict[str, str]:
    """A slug for every context, wanted or not, so that a cluster keeps its address whichever others are opened beside it."""
    slugs: dict[str, str] = {}
    for name in names:
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:56].strip("-") or "cluster"
        if slug in slugs.values():
            slug = f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
        slugs[name] = slug
    return slugs
