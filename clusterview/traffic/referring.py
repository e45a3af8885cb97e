"""Which ConfigMaps, Secrets and claims a pod template refers to, by name: in volumes, projected ones too, and in the environment.

Names alone: what is in them is never read. Pods are not asked, for every pod is given things that nobody wrote into its template (a token, the
cluster's CA, a mesh's settings), which say nothing about the two sides.
"""

from __future__ import annotations

from collections.abc import Iterator

from clusterview.kube import structs

Named = tuple[str, str]  # kind and name

VOLUMES = {"configMap": "ConfigMap", "secret": "Secret", "persistentVolumeClaim": "PersistentVolumeClaim"}
Source = structs.ValueSource | structs.VariablesSource | structs.ProjectedSource


def of_template(item: structs.ReferringDeployment | structs.ReferringStatefulSet) -> frozenset[Named]:
    """This will name what the pods of the workload are made to use."""
    return frozenset(one for one in _named(item.spec.template.spec) if one[1])


def _named(spec: structs.ReferringPodSpec) -> Iterator[Named]:
    for volume in spec.volumes:
        if volume.source in VOLUMES:
            yield VOLUMES[volume.source], volume.target
        for source in (volume.projected.sources or ()) if volume.projected is not None else ():
            yield from _from(source)
    for container in (*spec.init_containers, *spec.containers):
        for every in container.env_from:
            yield from _from(every)
        for variable in container.env:
            yield from _from(variable.value_from)


def _from(source: Source) -> Iterator[Named]:
    if source.config_map is not None:
        yield "ConfigMap", source.config_map.name
    if source.secret is not None:
        yield "Secret", source.secret.name
