"""Who we are at one cluster: token, token file, basic, client certificate or credential plugin, fetched when first needed and kept while it
is valid.

One `Credentials` is shared by all connections to a cluster, so a plugin runs once for twenty-two watches, and its failure is remembered for a
few seconds instead of being repeated by each of them. A plugin may take seconds, so it runs before its credential ends, while everybody goes on with
that. The values are never part of a representation or an error.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from clusterview.kube import kubeconfigs, plugins
from clusterview.kube.errors import BadKubeconfig, PluginFailed
from clusterview.kube.kubeconfigs import ClusterAccess

log = logging.getLogger(__name__)

PLUGIN_TIMEOUT_SECONDS = 30.0
TOKEN_FILE_SECONDS = 60.0  # the kubelet renews a projected token long before it ends; client-go reads the file as often
FAILURE_SECONDS = 10.0
REFUSED_SECONDS = 30.0  # until a plugin whose credential was refused runs again for that, while no file has changed
RENEWAL_SECONDS = 60.0  # before its end a credential is fetched anew beside the one that is used
RENEWAL_SHARE = 0.25  # of its life, at most
RENEWAL_PAUSE_SECONDS = 10.0
EXPIRY_MARGIN_SECONDS = 10.0
SENT_AS_THEY_ARE = ("token", "tokenFile", "exec", "username")


@dataclass(frozen=True)
class Credential:
    """What goes with a request: headers, and a client certificate as PEM (certificate, key). It is for the server of `access` and no other."""

    access: ClusterAccess
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    certificate: tuple[bytes, bytes] | None = field(default=None, repr=False)


class Credentials:
    """The credential of one cluster, fetched anew when it ends or is refused, and `access` as its files were read last. Safe to use from several
    threads.
    """

    def __init__(
        self,
        access: ClusterAccess,
        *,
        plugin_timeout_seconds: float = PLUGIN_TIMEOUT_SECONDS,
        wall_clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.access = access
        self._files: list[tuple[int, ...]] | None = None  # whoever made `access` may have read them long ago
        self._plugin_timeout_seconds = plugin_timeout_seconds
        self._wall_clock, self._monotonic = wall_clock, monotonic
        self._lock = threading.Lock()
        self._renewed = threading.Condition(self._lock)
        self._current: Credential | None = None
        self._fetched_at = 0.0
        self._expires_at: float | None = None
        self._renewal_seconds = RENEWAL_SECONDS
        self._failure: PluginFailed | None = None
        self._refused_at: float | None = None
        self._renewal: threading.Thread | None = None

    def current(self) -> Credential:
        """This will give the credential, fetching it where there is none or it has ended. Raises PluginFailed, BadKubeconfig."""
        with self._lock:
            if self._current is None or self._is_over():
                self._fetch()
            elif self._ends_within(self._renewal_seconds):
                self._begin_renewal()
            assert self._current is not None
            return self._current

    def refused(self, credential: Credential) -> bool:
        """This will fetch another one because the server refused `credential`, and say whether there is one worth trying."""
        with self._lock:
            now = self._monotonic()
            if self._reread() or (self._current == credential and (self._refused_at is None or now - self._refused_at >= REFUSED_SECONDS)):
                self._refused_at = now
                self._fetch()
            return self._current != credential

    def reread(self) -> bool:
        """This will read the kubeconfig and what it refers to again where a file has changed since, and tell whether one has."""
        with self._lock:
            return self._reread()

    def _reread(self) -> bool:
        """A file that is being written, or is broken, is looked at again the next time."""
        if (files := _stamps(self.access)) == self._files:
            return False
        try:
            access = kubeconfigs.again(self.access)
        except BadKubeconfig:
            return False
        is_of_same_files = kubeconfigs.files_of(access) == kubeconfigs.files_of(self.access)
        self.access, self._files = access, files if is_of_same_files else _stamps(access)
        self._current = self._failure = self._refused_at = None
        return True

    def _ends_within(self, seconds: float) -> bool:
        return self._expires_at is not None and self._wall_clock() >= self._expires_at - seconds

    def _begin_renewal(self) -> None:
        """Now and then, for a plugin may give the same one until it ends. Without room for a thread it is left to the next who asks."""
        if self._renewal is None and self._monotonic() - self._fetched_at >= RENEWAL_PAUSE_SECONDS:
            renewal = threading.Thread(target=self._renew, args=(self.access, self._current), name=f"{self.access.id}: renewal", daemon=True)
            with contextlib.suppress(RuntimeError):
                renewal.start()
                self._renewal = renewal

    def _renew(self, access: ClusterAccess, present: Credential) -> None:
        """Where it fails, whoever needs another one when the present one has ended is told why. What came or was read meanwhile is later. For one
        that ends no later than the present one everything would be opened anew for nothing.
        """
        found: tuple[Credential, float | None] | None = None
        try:
            found = self._read(access)
        except (PluginFailed, BadKubeconfig) as problem:
            log.warning("the credential of %s ends soon and could not be renewed: %s", access.name, problem)
        finally:
            with self._lock:
                self._renewal, self._fetched_at = None, self._monotonic()
                if found is not None and self._current is present and self.access is access:
                    credential, expires_at = found
                    if expires_at is None or expires_at > (self._expires_at or 0.0):
                        self._take(credential, expires_at)
                self._renewed.notify_all()

    def _take(self, credential: Credential, expires_at: float | None) -> None:
        self._current, self._expires_at = credential, expires_at
        if expires_at is not None:
            self._renewal_seconds = min(RENEWAL_SECONDS, RENEWAL_SHARE * (expires_at - self._wall_clock()))

    def _is_over(self) -> bool:
        if self._ends_within(EXPIRY_MARGIN_SECONDS):
            return True
        return bool(self.access.user.get("tokenFile")) and self._monotonic() - self._fetched_at >= TOKEN_FILE_SECONDS

    def _fetch(self) -> None:
        """Where a plugin runs already, what it gives is waited for: two at once may take each other's session away."""
        before = self._current
        if self.access.user.get("exec") and self._renewal is not None:
            self._renewed.wait_for(lambda: self._renewal is None)
            if self._current is not None and self._current is not before:
                return
        if self._failure is not None and self._monotonic() - self._fetched_at < FAILURE_SECONDS:
            raise PluginFailed(self._failure.sentence) from self._failure
        self._failure, self._expires_at = None, None
        try:
            self._take(*self._read(self.access))
        except PluginFailed as failure:
            self._failure = failure
            raise
        finally:
            self._fetched_at = self._monotonic()

    def _read(self, access: ClusterAccess) -> tuple[Credential, float | None]:
        """The credential, and when it ends."""
        user, expires_at = access.user, None
        if kubeconfigs.weakness(access) == "unencrypted" and any(user.get(one) for one in SENT_AS_THEY_ARE):
            raise BadKubeconfig(f"The context {access.name!r} leads to {access.server}, where its credential would be sent unencrypted. Use https://.")
        certificate = _certificate(user)
        if user.get("token") or user.get("tokenFile"):
            authorization = _bearer(_token(user))
        elif user.get("exec"):
            authorization, made, expires_at = self._from_plugin(access)
            certificate = made or certificate
        elif user.get("auth-provider"):
            raise BadKubeconfig(f"The context {access.name!r} uses `auth-provider`, which kubectl has dropped. Use an `exec` plugin instead.")
        elif user.get("username"):
            pair = f"{user['username']}:{user.get('password', '')}".encode()
            authorization = (("Authorization", f"Basic {base64.b64encode(pair).decode()}"),)
        else:
            authorization = ()
        return Credential(access=access, headers=(*authorization, *_impersonation(user)), certificate=certificate), expires_at

    def _from_plugin(self, access: ClusterAccess) -> tuple[tuple[tuple[str, str], ...], tuple[bytes, bytes] | None, float | None]:
        plugin, cluster = access.user["exec"], dict(access.cluster)
        if plugin.get("provideClusterInfo") and (authority := data_or_file(entry=cluster, key="certificate-authority")):
            cluster["certificate-authority-data"] = base64.b64encode(authority).decode()
        status = plugins.run(plugin=plugin, cluster=cluster, timeout_seconds=self._plugin_timeout_seconds)
        made = None
        if status.get("clientCertificateData"):
            made = (str(status["clientCertificateData"]).encode(), str(status["clientKeyData"]).encode())
        return (_bearer(str(status["token"])) if status.get("token") else ()), made, status["expirationTimestamp"]


def _stamps(access: ClusterAccess) -> list[tuple[int, ...]]:
    """What tells that a file is another one, or was written."""
    stamps: list[tuple[int, ...]] = []
    for file in kubeconfigs.files_of(access):
        try:
            found = file.stat()
        except OSError:
            stamps.append(())
        else:
            stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
    return stamps


def data_or_file(*, entry: dict[str, Any], key: str) -> bytes | None:
    """This will read `<key>-data` (base64), or the file that `<key>` names. None where neither is given. Raises BadKubeconfig."""
    written = entry.get(f"{key}-data")
    try:
        if written:
            return base64.b64decode(str(written), validate=True)
        return Path(entry[key]).read_bytes() if entry.get(key) else None
    except ValueError as error:
        raise BadKubeconfig(f"The kubeconfig's `{key}-data` is not base64.") from error
    except OSError as error:
        raise BadKubeconfig(f"The kubeconfig's `{key}` cannot be read from {entry[key]}: {error.strerror}.") from error


def _certificate(user: dict[str, Any]) -> tuple[bytes, bytes] | None:
    certificate = data_or_file(entry=user, key="client-certificate")
    key = data_or_file(entry=user, key="client-key")
    if (certificate is None) != (key is None):
        raise BadKubeconfig("The kubeconfig's user needs both `client-certificate` and `client-key`, or neither.")
    return None if certificate is None or key is None else (certificate, key)


def _token(user: dict[str, Any]) -> str:
    """The file goes before the token where both are given, as in client-go: it is the one that is renewed."""
    if not user.get("tokenFile"):
        return str(user["token"])
    try:
        return Path(user["tokenFile"]).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        if user.get("token"):
            return str(user["token"])
        raise BadKubeconfig(f"The token file {user['tokenFile']} cannot be read.") from error


def _bearer(token: str) -> tuple[tuple[str, str], ...]:
    if not token.isascii() or not token.isprintable() or not token:
        raise BadKubeconfig("The credential's token is empty or holds characters that cannot be sent.")
    return (("Authorization", f"Bearer {token}"),)


def _impersonation(user: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """`as` narrows what the account may do. To leave it out would mean to act with more rights than the kubeconfig asks for."""
    pairs = [("Impersonate-User", user.get("as")), ("Impersonate-Uid", user.get("as-uid"))]
    pairs += [("Impersonate-Group", group) for group in user.get("as-groups") or []]
    extra = user.get("as-user-extra") or {}
    pairs += [(f"Impersonate-Extra-{key}", value) for key, values in extra.items() for value in values]
    return tuple((key, str(value)) for key, value in pairs if value)
