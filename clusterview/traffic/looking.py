"""Reads one Service and everything around it from the API server itself, never from the picture: what a preflight and a verdict stand on."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeVar

import msgspec
from django.conf import settings

from clusterview.kube import connections, errors, kinds, kubeconfigs, listing, patching, reading, replaying, structs
from clusterview.observer import translating
from clusterview.topology import objects
from clusterview.traffic import convergence, needing, pairing, planning, referring, selectors, surveying
from clusterview.traffic.situations import FieldOwner, Quota, Right, ServiceNow, Situation, SizeNow, Surroundings

PATCH_SECONDS = 4.0
READ_SECONDS = 5.0  # an API server that is frozen does not keep an executor for longer; the switch is taken up again within a second
READ_AT_ONCE = 4
RIGHTS_SECONDS = 30.0
AROUND_SECONDS = 10.0
WORKLOADS = ("Deployment", "StatefulSet")
REFUSED = ("ReplicaFailure", "True", "FailedCreate")
UNSCHEDULABLE = ("PodScheduled", "False", "Unschedulable")
NO_LABELS: Mapping[str, str] = {}
MOST_READ_ANEW = READ_AT_ONCE - 2  # workloads of one side beside the Service and the pods; of more their lists are read
RIGHTS = (Right("get", "services"), Right("patch", "services"))
RIGHTS_AFTER = (Right("watch", "services"), Right("list", "endpointslices", "discovery.k8s.io"))  # to tell what became of an effect


class Workload(NamedTuple):
    """A workload, whether its controller has seen how it is to be (the counts of one that has not are of before), what its pods refer to, and why the
    API server takes no more of them, as its controller has heard last.
    """

    record: pairing.Switchable
    is_observed: bool
    references: frozenset[referring.Named] = frozenset()
    refusal: str = ""


class Residents(NamedTuple):
    """Who lives in a namespace, of those that a switch looks at; `unobserved` and `references` go by the uids of workloads as in a Situation."""

    workloads: list[pairing.Switchable]
    pods: list[objects.Pod]
    unobserved: frozenset[str] = frozenset()
    references: Mapping[str, frozenset[referring.Named]] = {}


class Addressed(NamedTuple):
    """A pod, and the families (`IPv4`, `IPv6`) that it has addresses of."""

    record: objects.Pod
    families: frozenset[str]


class Known(NamedTuple):
    """The workloads of a namespace, when they were read (monotonic seconds), and who owned the pods that were there then."""

    read_at: float
    owners: frozenset[str]
    workloads: list[Workload]


R = TypeVar("R", bound=tuple[Any, ...])


def _believed(read: dict[str, R], *, at: float) -> dict[str, R]:
    """What is still believed at that moment, of what was read at the one that each begins with."""
    return {namespace: one for namespace, one in read.items() if at - one[0] <= AROUND_SECONDS}


class Cluster:
    """The connections to one cluster that switches use."""

    def __init__(self, *, access: kubeconfigs.ClusterAccess) -> None:
        self.access = access
        self.reading = connections.Connection(access)
        self.writing = self.reading.sibling(size=4)
        self._readers = ThreadPoolExecutor(READ_AT_ONCE, thread_name_prefix="reading")
        self._permitted: dict[tuple[str, bool], float] = {}
        self._identity: tuple[float, reading.Identity | None] = (0.0, None)
        self._around: dict[str, tuple[float, Surroundings]] = {}
        self._known: dict[str, Known] = {}

    def identity(self) -> reading.Identity:
        """Which cluster answers here, as read at most ten seconds ago; one that did not say so is asked again."""
        read_at, known = self._identity
        if known is None or known.is_weak or time.monotonic() - read_at > AROUND_SECONDS:
            read_at, known = time.monotonic(), reading.identity(self.reading)
            self._identity = read_at, known
        return known

    def service(self, *, namespace: str, name: str) -> ServiceNow:
        """This will read the Service as it is now, through the connection that will write to it. Raises NotFound where it is gone."""
        return service_now(reading.service(self.writing, namespace=namespace, name=name, read_seconds=READ_SECONDS))

    def history(self, *, namespace: str, name: str, after: str, until: str = "") -> list[ServiceNow]:
        """Every version of the Service after one resourceVersion, as `replaying.versions` tells them. Raises Gone where forgotten."""
        found = replaying.versions(self.reading, kinds.named("Service"), namespace=namespace, name=name, after=after, until=until)
        return [service_now(one) for one in found]

    def patch(self, *, namespace: str, name: str, operations: planning.Patch, dry_run: bool = False) -> dict[str, Any]:
        """This will send one patch of a Service, once."""
        path = kinds.named("Service").of(namespace=namespace, name=name)
        return patching.json_patch(self.writing, path, operations, dry_run=dry_run, timeout=PATCH_SECONDS)

    def size(self, *, kind: str, namespace: str, name: str) -> SizeNow:
        """This will read an object's number of pods as it is now, through the connection that will write to it. Raises NotFound where it is gone."""
        found = reading.get_object(self.writing, kinds.counted(kind), namespace=namespace, name=name, read_seconds=READ_SECONDS)
        return size_now(found, kind=kind)

    def size_history(self, *, kind: str, namespace: str, name: str, after: str, until: str = "") -> list[SizeNow]:
        """Every version of such an object after one resourceVersion, as `history` tells them of a Service."""
        found = replaying.versions(self.reading, kinds.counted(kind), namespace=namespace, name=name, after=after, until=until)
        return [size_now(one, kind=kind) for one in found]

    def resize(self, *, kind: str, namespace: str, name: str, operations: planning.Patch, dry_run: bool = False) -> dict[str, Any]:
        """This will send one patch of such an object, once."""
        path = kinds.counted(kind).of(namespace=namespace, name=name)
        return patching.json_patch(self.writing, path, operations, dry_run=dry_run, timeout=PATCH_SECONDS)

    def records(self, *, kind: str, namespace: str, labels: Mapping[str, str] = NO_LABELS) -> list[Any]:
        """The objects of a kind in a namespace that carry these labels, in the picture's words."""
        found = listing.list_kind(self.reading, kinds.named(kind).selecting(labels), namespace=namespace, page_seconds=READ_SECONDS)
        return [translating.record_of(kind=kind, item=item) for item in found.items]

    def addressed(self, *, namespace: str, labels: Mapping[str, str]) -> list[Addressed]:
        """The pods of a namespace that carry these labels, with the families of their addresses."""
        found = listing.list_kind(self.reading, kinds.addressed().selecting(labels), namespace=namespace, page_seconds=READ_SECONDS)
        return [addressed_now(item) for item in found.items]

    def workloads(self, *, kind: str, namespace: str) -> list[Workload]:
        """The workloads of a kind in a namespace, as they are now."""
        found = listing.list_kind(self.reading, kinds.referring(kind), namespace=namespace, page_seconds=READ_SECONDS)
        return [workload_now(item) for item in found.items]

    def workload(self, *, kind: str, namespace: str, name: str) -> Workload | None:
        """One of them, None where it is gone or may be read in its list only."""
        try:
            found = reading.get_object(self.reading, kinds.referring(kind), namespace=namespace, name=name, read_seconds=READ_SECONDS)
        except (errors.NotFound, errors.Forbidden):
            return None
        return workload_now(found)

    def service_among(
        self, *, namespace: str, name: str, at_once: bool = False, to: str = "", labels: Mapping[str, str] = NO_LABELS, returning: bool = False
    ) -> tuple[ServiceNow, Residents]:
        """This will read the Service and who lives in its namespace, all at the same time. Raises NotFound where the Service is gone.

        Of the pods those with these `labels`. Workloads that may not be listed are none for who is `returning`: only pods decide on a way back.
        `at_once` takes the workloads as they were read up to ten seconds ago, unless a pod has come that none of those before belongs with. Those
        with the value `to` under one of their labels, which are to get the traffic, are read in any case.
        """
        began = time.monotonic()
        known = self._known.get(namespace) if at_once else None
        entered = [one.record for one in known.workloads if to and to in one.record.template_labels.values()] if known is not None else []
        if known is not None and (began - known.read_at > AROUND_SECONDS or len(entered) > MOST_READ_ANEW):
            known = None
        every = [partial(self._workloads, kind=kind, namespace=namespace, returning=returning) for kind in WORKLOADS]
        anew = [partial(self.workload, kind=str(objects.kind_of(one)), namespace=namespace, name=one.name) for one in entered]
        asked = partial(self.service, namespace=namespace, name=name), partial(self.records, kind="Pod", namespace=namespace, labels=labels)
        service, pods, *read = self.at_once(*asked, *(every if known is None else anew))
        owners = frozenset(pod.owner.uid for pod in pods if pod.owner is not None)
        if known is None or not owners <= known.owners or None in read:
            lists = read if known is None else self.at_once(*every)
            known, read = Known(began, owners, [one for of_kind in lists for one in of_kind or ()]), []
            if None not in lists and not labels:
                self._known = _believed(self._known, at=began) | {namespace: known}
        workloads = {(type(one.record), one.record.name): one for one in (*known.workloads, *read)}.values()
        unobserved = frozenset(one.record.uid for one in workloads if not one.is_observed)
        references = {str(one.record.uid): one.references for one in workloads}
        return service, Residents([one.record for one in workloads], pods, unobserved, references)

    def _workloads(self, *, kind: str, namespace: str, returning: bool) -> list[Workload] | None:
        """None where a way back goes on although they may not be listed."""
        try:
            return self.workloads(kind=kind, namespace=namespace)
        except errors.Forbidden:
            if not returning:
                raise
            return None

    def situation(
        self, *, service: ServiceNow, residents: Residents, key: str, source: dict[str, str], target: dict[str, str], returning: bool = False
    ) -> Situation:
        """This will put together what a preflight looks at, the rights read at most half a minute ago. Raises errors.KubeError."""
        return Situation(
            service=service, key=key, from_selector=source, to_selector=target, workloads=tuple(residents.workloads),
            unobserved=residents.unobserved, references=dict(residents.references), pods=tuple(residents.pods),
            missing_rights=self._missing_rights(service.namespace, returning=returning), returning=returning,
        )  # fmt: skip

    def at_once(self, *asked: Callable[[], Any]) -> list[Any]:
        """The answers, asked for at the same time: one round trip instead of several."""
        return list(self._readers.map(lambda ask: ask(), asked))

    def surrounded(self, seen: Situation, *, at_once: bool = False) -> Situation:
        """This will add what stands around the Service, for a person to read. `at_once` takes what was read up to ten seconds ago.

        Raises errors.KubeError where the API server is not reached.
        """
        namespace = seen.service.namespace
        read_at, around = self._around.get(namespace, (0.0, None))
        if around is None or not at_once or time.monotonic() - read_at > AROUND_SECONDS:
            read_at, around = time.monotonic(), surveying.survey(self.reading, namespace=namespace)
            self._around = _believed(self._around, at=read_at) | {namespace: (read_at, around)}
        return msgspec.structs.replace(seen, around=around, unplaced=self._unplaced(seen))

    def _unplaced(self, seen: Situation) -> dict[str, str]:
        """What the scheduler says of the new side's pods, which are read for it only where one waits for a node."""
        homeless = {str(pod.uid) for pod in seen.homeless_of(seen.to_selector)}
        if not homeless:
            return {}
        of_side = kinds.placed().selecting(seen.to_selector)
        found = listing.list_kind(self.reading, of_side, namespace=seen.service.namespace, page_seconds=READ_SECONDS)
        return {
            item.metadata.uid: errors.words_of(one.message)
            for item in found.items if item.metadata.uid in homeless
            for one in item.status.conditions if (one.type, one.status, one.reason) == UNSCHEDULABLE
        }  # fmt: skip

    def tried(self, seen: Situation) -> Situation:
        """The situation with what the API server, its admission webhooks included, answers to the patch in a dry run. Raises errors.KubeError where
        it could not be asked.
        """
        try:
            operations = planning.effect_patch(
                uid=seen.service.uid, resource_version=seen.service.resource_version, annotations=seen.service.annotations,
                expected=seen.service.selector, target=seen.to_selector, pod_labels=[pod.labels for pod in seen.pods],
                marker="dry-run", fence="dry-run",
            )  # fmt: skip
            self.patch(namespace=seen.service.namespace, name=seen.service.name, operations=operations, dry_run=True)
        except planning.UnsafeSelector:
            return seen  # the checks say why
        except (errors.Unreachable, errors.TooManyRequests, *errors.NO_CREDENTIAL):
            raise
        except errors.LostAnswer as lost:  # which would have stored nothing, whatever became of it
            if not isinstance(lost.__cause__, errors.ServerError):
                raise errors.TimedOut("The API server gave no answer to a dry run of the patch. Nothing was changed.") from lost
            return msgspec.structs.replace(seen, dry_run=lost.__cause__.sentence)
        except errors.KubeError as problem:
            return seen if self._has_moved(seen.service, problem) else msgspec.structs.replace(seen, dry_run=problem.sentence)
        return msgspec.structs.replace(seen, dry_run="")

    def _has_moved(self, service: ServiceNow, refusal: errors.KubeError) -> bool:
        """Whether somebody wrote to the Service between look and dry run, which is refused for that then and says nothing about the patch."""
        if not isinstance(refusal, errors.Conflict | errors.Invalid):
            return False
        return self.service(namespace=service.namespace, name=service.name).resource_version != service.resource_version

    def _missing_rights(self, namespace: str, *, returning: bool) -> tuple[Right, ...]:
        """A right that was there is believed for a while (the mark shows its loss before anything is changed); one that lacks is asked for anew. A
        way back is gone although nobody could tell what became of it.
        """
        asked = namespace, returning
        if time.monotonic() < self._permitted.get(asked, 0.0):
            return ()
        missing = tuple(self.missing([*RIGHTS, *(() if returning else RIGHTS_AFTER)], namespace=namespace))
        if not missing:
            self._permitted[asked] = time.monotonic() + RIGHTS_SECONDS
        return missing

    def quotas(self, *, namespace: str) -> list[Quota]:
        """The quotas of a namespace that may hold pods back. Raises errors.KubeError."""
        return surveying.quotas(self.reading, namespace=namespace)

    def needs(self, *, kind: str, namespace: str, name: str) -> needing.Needs:
        """What each pod of a workload takes of a quota, at least. Raises errors.KubeError."""
        return needing.of_pod(reading.get_object(self.reading, kinds.asking(kind), namespace=namespace, name=name, read_seconds=READ_SECONDS))

    def missing(self, rights: list[Right], *, namespace: str) -> list[Right]:
        """Those of the rights that our account does not have now. Raises errors.KubeError."""
        found = self.at_once(*(partial(reading.may, self.reading, one.verb, one.group, one.resource, namespace) for one in rights))
        return [one for one, is_there in zip(rights, found, strict=True) if not is_there]

    def has_ready(self, *, namespace: str, selector: dict[str, str]) -> bool:
        """This will tell whether a pod that the selector matches is ready now."""
        pods = self.records(kind="Pod", namespace=namespace, labels=selector)
        return any(pod.ready and not pod.deleting and selectors.matches(selector=selector, labels=pod.labels) for pod in pods)

    def convergence(self, *, service: ServiceNow, sides: Collection[dict[str, str]] = ()) -> convergence.Convergence:
        """This will compare the Service's slices with the pods that its selector matches, both as they are now, and name the pods that are of none of
        the sides.
        """
        namespace = service.namespace
        pods, every_slice = self.at_once(
            partial(self.addressed, namespace=namespace, labels=service.selector),
            partial(self.records, kind="EndpointSlice", namespace=namespace, labels={translating.SERVICE_LABEL: service.name}),
        )
        matched = [one for one in pods if selectors.matches(selector=service.selector, labels=one.record.labels)]
        present = [one.record for one in matched if one.record.phase not in ("Succeeded", "Failed")]
        families = {one.record.uid: one.families.intersection(service.ip_families) for one in matched}
        ready = {pod.uid: families[pod.uid] for pod in present if pod.ready and not pod.deleting}
        slices = [one for one in every_slice if one.service == service.name]
        others = [pod.uid for pod in present if sides and not any(selectors.matches(selector=one, labels=pod.labels) for one in sides)]
        return convergence.compare(
            ready=ready, present=[pod.uid for pod in present], slices=slices, ports=[port.name for port in service.ports], others=others
        )


def service_now(item: structs.Service) -> ServiceNow:
    """A Service as kube gave it, in traffic's words."""
    record, metadata = translating.service(item), item.metadata
    owners = tuple(objects.Owner(one.kind, one.name, objects.Uid(one.uid)) for one in metadata.owner_references)
    managers = sorted((one for one in metadata.managed_fields if one.owns_selector), key=lambda one: one.time or "")
    return ServiceNow(
        namespace=record.namespace, name=record.name, uid=record.uid, resource_version=metadata.resource_version, deleting=record.deleting,
        labels=record.labels, annotations=metadata.annotations.as_dict() if metadata.annotations is not None else None, owners=owners,
        selector=record.selector or {}, selector_owners=tuple(FieldOwner(one.manager, one.operation) for one in managers),
        type=record.type, headless=record.headless, ports=record.ports, session_affinity=record.session_affinity,
        external_traffic_policy=record.external_traffic_policy, internal_traffic_policy=record.internal_traffic_policy,
        publish_not_ready=record.publish_not_ready, ip_families=item.spec.ip_families, traffic_distribution=item.spec.traffic_distribution,
    )  # fmt: skip


def addressed_now(item: structs.AddressedPod) -> Addressed:
    """A pod as kube gave it, in traffic's words."""
    return Addressed(translating.pod(item), frozenset("IPv6" if ":" in one.ip else "IPv4" for one in item.status.pod_ips))


def workload_now(item: structs.ReferringDeployment | structs.ReferringStatefulSet) -> Workload:
    """A workload as kube gave it, in traffic's words."""
    record = translating.deployment(item) if isinstance(item, structs.Deployment) else translating.stateful_set(item)
    refusals = (errors.words_of(one.message) for one in item.status.conditions if (one.type, one.status, one.reason) == REFUSED)
    return Workload(record, item.status.observed_generation >= item.metadata.generation, referring.of_template(item), next(refusals, ""))


def size_now(item: structs.Counted, *, kind: str) -> SizeNow:
    """An object with a number of pods as kube gave it, in traffic's words."""
    metadata, spec = item.metadata, item.spec
    managers = sorted((one for one in metadata.managed_fields if one.owns_count), key=lambda one: one.time or "")
    return SizeNow(
        kind=kind, namespace=metadata.namespace, name=metadata.name, uid=metadata.uid, resource_version=metadata.resource_version,
        annotations=metadata.annotations.as_dict() if metadata.annotations is not None else None,
        number=spec.min_replicas if kind == "HorizontalPodAutoscaler" else spec.replicas, maximum=spec.max_replicas,
        manager=managers[-1].manager if managers else "",
    )  # fmt: skip


def key_of(*, service: ServiceNow, workloads: list[pairing.Switchable]) -> str | None:
    """The label that tells the Service's sides apart."""
    return pairing.key_of(selector=service.selector, annotations=service.annotations or {}, workloads=workloads)


@lru_cache(maxsize=64)
def cluster(identifier: str) -> Cluster:
    """The connections to an opened cluster, made once for each process. Raises LookupError for a cluster that is not open here."""
    for access in kubeconfigs.to_open(settings.KUBECONFIG_PATHS, settings.KUBE_CONTEXTS):
        if access.id == identifier:
            return Cluster(access=access)
    raise LookupError(identifier)


def weakness(identifier: str) -> str:
    """What is wrong with the way to an opened cluster (`kubeconfigs.weakness`), as its files were read last; empty where nobody knows."""
    try:
        return kubeconfigs.weakness(cluster(identifier).reading.credentials.access)
    except (LookupError, errors.KubeError):
        return ""


Opener = Callable[[str], Cluster]
