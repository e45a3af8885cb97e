"""Where the practice cluster is known to differ from a real one, and why that is all right. Printed after the contract tests."""

from __future__ import annotations

DIFFERENCES: tuple[tuple[str, str], ...] = (
    ("no server-side apply (415)", "it needs every type's schema; kubectl's own apply works"),
    ("no schemas: `kubectl explain` says nothing, fields that do not exist are kept instead of refused", "they are 10 MB"),
    (
        "protobuf bodies only for evictions, reviews, namespaces and DeleteOptions",
        "kubectl sends others too: `create deployment` and `autoscale` are refused, apply works",
    ),
    (
        "no Endpoints, ControllerRevisions (`rollout history` of a StatefulSet), CustomResourceDefinitions, service account tokens",
        "nothing in the product or its stories reads them; the Gateway API is built in",
    ),
    ("load balancers get an address after seconds", "the lab has nobody who gives them one"),
    (
        "kubelets pull images, start containers, say so in Events, and leave a pod whose image is missing waiting; nodes have a system and disks",
        "the lab's are kwok's, which only say that a pod runs; nor does it give pods a service account, or tell of a node that it was registered",
    ),
    ("volumes have no finalizers that protect them, and a claim that waits does not say why", "no story deletes or misses one"),
    ("an autoscaler goes by the load that an annotation says, and records no Event without one", "nothing in a pod has any load"),
    ("status has the fields that kubectl describes and the product reads; terminatingReplicas is not there", "nobody reads the others"),
    (
        "Gateways and routes are carried out: they are accepted and get addresses",
        "the contract's lab has the kinds, and nobody who carries them out",
    ),
    (
        "metrics.k8s.io is always there, and worked out from requests and visitors",
        "the contract's lab has no metrics-server; the lab with a network has one, whose kubelets tell made-up figures too",
    ),
    ("no logs, exec, port-forward", "nothing runs in a pod"),
    ("managedFields: lists without a known key count as one field", "the product asks for the selector's owner only"),
    ("no admission webhooks, no quotas, no priorities, no pre-emption", "no story needs one"),
    ("acts.practice.clusterview.io", "what the buttons of a story are; a real cluster has none"),
    ("a watch's history is 10,000 events of a kind, and none after a restart", "a real one is compacted every five minutes"),
)
