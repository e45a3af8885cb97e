"""What each code means, in English, for people who use the REST API. The browser has its own catalogs by the same codes.

A sentence may name values in braces; they are the check's `params`. A remedy says what to do, empty where there is nothing to do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

CHECKS: dict[tuple[str, str], tuple[str, str]] = {
    ("selectorless", "ok"): ("The Service has a selector.", ""),
    ("selectorless", "block"): (
        "The Service has no selector: its endpoints are kept by somebody else, and adding a selector would replace them.",
        "Switch where the endpoints are kept.",
    ),
    ("external-name", "ok"): ("The Service leads to pods.", ""),
    ("external-name", "block"): (
        "The Service is an ExternalName: a DNS alias that ignores its selector.",
        "Change spec.externalName instead.",
    ),
    ("deleting", "block"): ("The Service is being deleted.", "Wait until it is created again."),
    ("headless-statefulset", "ok"): ("The Service does not give a StatefulSet's pods their names.", ""),
    ("headless-statefulset", "block"): (
        "The headless Service belongs to a StatefulSet: its pods get their names from it.",
        "Put a ClusterIP Service in front of the pods and switch that one.",
    ),
    ("headless-statefulset", "info"): ("The headless Service belongs to a StatefulSet: its pods get their names from it.", ""),
    ("headless", "warn"): (
        "The Service is headless: clients keep pod addresses from DNS, so the move takes as long as their caches.",
        "Put a ClusterIP Service in front, or keep the old side until the clients have looked again.",
    ),
    ("pod-template-hash", "ok"): ("The selector does not use pod-template-hash.", ""),
    ("pod-template-hash", "block"): (
        "The selector uses pod-template-hash: after the next rollout it would select nothing.",
        "Tell the sides apart by a stable label such as slot.",
    ),
    ("no-op", "ok"): ("The two sides are different pods.", ""),
    ("no-op", "block"): ("{to} gets the traffic already.", "Choose the other side."),
    ("target-missing", "block"): ("No workload and no pod carries {key}={to}.", "Deploy that side first."),
    ("no-ready", "ok"): ("Ready pods of {to}: {ready}.", ""),
    ("no-ready", "block"): (
        "No pod of {to} is ready: every request would fail.",
        "Wait until pods of {to} are ready, or look at why they are not.",
    ),
    ("green-smaller", "ok"): ("{to} is as large as {from}: {ready} ready, {live} ready today.", ""),
    ("green-smaller", "block"): (
        "Ready pods of {to}: {ready}, of {from}: {live}. {to} would be overloaded.",
        "Scale {to} until at least as many pods are ready as {from} has ({live}).",
    ),
    ("green-smaller", "info"): ("Ready pods of {to}: {ready}, of {from}: {live}.", ""),
    ("third-workload", "ok"): ("The new selector matches only pods of the new side.", ""),
    ("third-workload", "block"): (
        "{selector} also matches pods that are not of the new side.",
        "Change the labels of the pods named here, or remove them.",
    ),
    ("third-workload", "info"): ("{selector} also matches other pods.", ""),
    ("rollout-unfinished", "ok"): ("No rollout of {to} is under way.", ""),
    ("rollout-unfinished", "block"): (
        "The rollout of {names} is not finished: traffic would go to pods that are not updated yet.",
        "Wait until `kubectl rollout status` is done (one that is paused has to be resumed), or undo the rollout.",
    ),
    ("rollout-unfinished", "info"): ("The rollout of {names} is not finished: traffic goes to pods that are not updated yet, too.", ""),
    ("port-missing", "ok"): ("The new side has every port of the Service.", ""),
    ("port-missing", "block"): ("The new side has no container port named {ports}.", "Name the port in the new side's pod template."),
    ("port-missing", "info"): ("The old side has no container port named {ports}.", ""),
    ("port-number", "info"): ("The port {port} has the number {to} on the new side and {from} on the old one.", ""),
    ("publish-not-ready", "block"): (
        "The Service publishes pods that are not ready, so readiness protects nobody.",
        "Set publishNotReadyAddresses to false.",
    ),
    ("owner", "ok"): ("No tool known here keeps this Service in a state of its own.", ""),
    ("owner", "warn"): (
        "{owner} manages this Service (seen by {sign}) and may write the old selector back.",
        "Tell {owner} to leave spec.selector alone, or make the same change where it reads from.",
    ),
    ("owner", "block"): ("{owner} drives this Service's selector itself (seen by {sign}).", "Promote or abort with {owner}."),
    ("owner", "info"): ("{owner} manages this Service (seen by {sign}) and may write its own selector back.", ""),
    ("ssa-owner", "ok"): ("Nobody applies this selector from the server side.", ""),
    ("ssa-owner", "warn"): (
        "{manager} applies this selector with server-side apply: its next apply will answer with a conflict.",
        "Change the selector in the applied manifest too, or apply with --force-conflicts.",
    ),
    ("ssa-owner", "info"): ("{manager} applies this selector with server-side apply: its next apply may answer with a conflict.", ""),
    ("other-installation", "warn"): (
        "Another installation of Clusterview has switched this Service ({mark}), and may do so again.",
        "Make sure that only one Clusterview switches it. If the other one is gone: "
        "`kubectl annotate service {service} -n {namespace} clusterview.io/op- clusterview.io/fence-`.",
    ),
    ("owner-quiet", "info"): ("{owner} manages this Service and is told to leave it alone ({sign}).", ""),
    ("session-affinity", "warn"): (
        "The Service keeps clients on one pod (sessionAffinity: ClientIP): sessions held in the old pods' memory are lost.",
        "Make sure that sessions survive, or accept the loss.",
    ),
    ("session-affinity", "info"): ("The Service keeps clients on one pod: their sessions move too.", ""),
    ("external-traffic-policy", "warn"): (
        "externalTrafficPolicy is Local: {shared} of {nodes} nodes that answer today have a ready pod of the new side; "
        "load balancers learn the rest at their own pace.",
        "Run the new side on the same nodes, or accept some seconds of refused connections.",
    ),
    ("external-traffic-policy", "info"): ("externalTrafficPolicy is Local: load balancers follow at their own pace.", ""),
    ("internal-traffic-policy", "warn"): (
        "internalTrafficPolicy is Local: clients on nodes without a ready pod of the new side get nothing "
        "({shared} of {nodes} nodes have one).",
        "Run the new side on the same nodes.",
    ),
    ("internal-traffic-policy", "info"): ("internalTrafficPolicy is Local: only clients beside a pod are answered.", ""),
    ("missing-right", "ok"): ("Clusterview has every right that the switch needs.", ""),
    ("missing-right", "block"): (
        "Clusterview may not {verb} {resource} in {namespace}.",
        "Grant the right: `manage.py rbac --switch {namespace}` prints the manifest.",
    ),
    ("dry-run", "ok"): ("The API server accepted the patch in a dry run.", ""),
    ("dry-run", "block"): ("The API server refuses the patch: {answer}", "Change what refuses it, then try again."),
    ("ip-targets", "warn"): (
        "A load balancer sends to pod addresses ({sign}): another controller exchanges its targets, which takes tens of seconds "
        "and may leave a gap.",
        "Keep the old side until its targets are gone, and switch at a quiet hour.",
    ),
    ("ip-targets", "info"): ("A load balancer sends to pod addresses ({sign}): its targets follow tens of seconds later.", ""),
    ("no-overlap", "ok"): ("Load balancers follow late, and both sides can take traffic until they have.", ""),
    ("no-overlap", "warn"): (
        "Load balancers follow late, and both sides cannot take traffic until they have: the selector without {key} would match other pods too, "
        "or nothing. {from} is left at once, and requests may fail for that long.",
        "Remove the pods named here, or give the selector a label that only the pods of both sides carry; else switch at a quiet hour.",
    ),
    ("udp", "info"): ("UDP ({ports}): a client may stay with a pod of {from} for as long as that pod has an endpoint.", ""),
    ("traffic-distribution", "info"): (
        "Traffic is kept near its client ({value}): pods of {to} get uneven shares where zones or nodes have few of them.",
        "",
    ),
    ("dual-stack", "info"): ("The Service has two address families ({families}): the endpoints of both have to follow.", ""),
    ("unscheduled", "warn"): (
        "The scheduler finds no node for {count} pods of {to}: {said}",
        "Make room, or lower the requests or the replicas of {to}.",
    ),
    ("key-in-template", "ok"): ("The pod templates of both sides carry {key}.", ""),
    ("key-in-template", "warn"): (
        "Pods carry {key} although their workload's template does not: after its next rollout they no longer belong to their side.",
        "Add the label to the pod template, which replaces its pods; where it has to be part of spec.selector too, which cannot be changed, make a "
        "new workload.",
    ),
    ("overlapping-selectors", "warn"): (
        "The selector of these workloads matches pods of the other side too: an autoscaler counts both, and where each side has one they stop.",
        "spec.selector cannot be changed: make a new workload with {key} in its selector.",
    ),
    ("shared-config", "ok"): (
        "The pod templates of the two sides name no ConfigMap, Secret or claim in common. A database that both use is not seen here: its schema has "
        "to suit both versions.",
        "",
    ),
    ("shared-config", "info"): (
        "Both sides use {names}: what is changed there for one version, the other has to understand for as long as it is kept. The same holds for a "
        "database that both use: its schema has to suit both versions.",
        "",
    ),
    ("namespace-terminating", "ok"): ("The namespace is not being deleted.", ""),
    ("namespace-terminating", "block"): (
        "The namespace {namespace} is being deleted, and takes no new EndpointSlices.",
        "Deploy into another namespace.",
    ),
    ("kept-endpoints", "ok"): ("All endpoints of the Service follow its selector.", ""),
    ("kept-endpoints", "block"): (
        "Endpoints that do not follow the selector take part of the traffic, and would go on doing so: {names}, kept by {keepers}.",
        "Delete these EndpointSlices, or lead the Service to one side only where they are kept.",
    ),
    ("kept-endpoints", "info"): ("Endpoints that do not follow the selector take part of the traffic: {names}, kept by {keepers}.", ""),
    ("same-pods", "ok"): ("No other Service leads to {from} alone.", ""),
    ("same-pods", "warn"): (
        "Other Services lead to the same pods and would stay with {from}: {services}.",
        "Switch them too, one after the other.",
    ),
    ("same-pods", "info"): ("Other Services lead to the same pods as this one did: {services}.", ""),
    ("old-side-only", "ok"): ("Autoscalers, disruption budgets, policies and monitors that are there for {from} are there for {to} too.", ""),
    ("old-side-only", "warn"): (
        "Made for {from} only: {names}. Pods of {to} would be without them, or shut out.",
        "Make the same for {to}, or let them select both sides.",
    ),
    ("old-side-only", "info"): ("Made for {from} only: {names}.", ""),
    ("quota", "ok"): ("No ResourceQuota of the namespace is used up.", ""),
    ("quota", "warn"): (
        "{to} wants more pods than it has, and a quota is used up ({quotas}).",
        "Raise the quota, or remove what is not needed.",
    ),
    ("quota", "info"): ("A quota is used up ({quotas}): {to} cannot grow.", ""),
    ("unread", "info"): (
        "Clusterview could not list {resources} in {namespace}, so what they mean for the new side is not known. "
        "`manage.py rbac` prints the rights.",
        "",
    ),
    ("nearby", "info"): (
        "Clusterview has looked at the {resources} of {namespace} only, so it is not known whether those of other namespaces are for the old side "
        "alone. `manage.py rbac` prints the rights.",
        "",
    ),
    ("unread", "block"): (
        "Clusterview could not list {resources} in {namespace}, so it is not known what the change of size would do.",
        "Grant the right: `manage.py rbac` prints the manifest.",
    ),
    ("one-workload", "ok"): ("One workload stands behind {side}.", ""),
    ("one-workload", "block"): ("{count} workloads carry the label of {side}, so it is not clear which one to scale.", "Scale it by hand."),
    ("side-live", "ok"): ("{side} has no traffic of this Service.", ""),
    ("side-live", "block"): ("The Service leads to {side}: its pods are needed.", "Switch to the other side first."),
    ("not-smaller", "ok"): ("{side} has {now} pods and will have {replicas}.", ""),
    ("not-smaller", "block"): ("{side} has {now} pods, which is not more than {replicas}.", "Choose a smaller number."),
    ("autoscaled", "ok"): ("No autoscaler sets the size of {side}.", ""),
    ("autoscaled", "block"): (
        "The autoscaler {names} sets the size of {side}: at 0 pods it would stop for good, and any other number it would change again.",
        "Leave it to the autoscaler, which makes {side} smaller once it is not kept any more, or remove the autoscaler first.",
    ),
    ("others-lead-here", "ok"): ("No other Service leads to {side} alone.", ""),
    ("others-lead-here", "block"): ("Other Services lead to {side} alone: {services}.", "Switch them first."),
    ("others-keep", "ok"): ("No other Service keeps {side} to go back to.", ""),
    ("others-keep", "block"): (
        "Other Services have left {side} too and keep it to go back to: {services}.",
        "Scale it down when the time for which they keep it is over.",
    ),
    ("warm", "ok"): ("Ready pods of {side}: {ready}, wanted: {target}.", ""),
    ("warm", "block"): ("Ready pods of {side}: {ready}, as many as are needed ({target}).", "Switch to it."),
    ("autoscaler-most", "ok"): ("No autoscaler holds {side} below {target} pods.", ""),
    ("autoscaler-most", "block"): (
        "The autoscaler of {side} allows fewer than {target} pods ({names}).",
        "Raise its maxReplicas to at least {target}.",
    ),
    ("quota-full", "ok"): ("No quota keeps {side} from {target} pods, as far as it is used now.", ""),
    ("quota-full", "block"): (
        "{side} cannot grow to {target} pods: a quota has no room for them (used/allowed, and what is missing: {quotas}).",
        "Raise the quota, or remove what is not needed.",
    ),
    ("no-room", "ok"): ("The scheduler has said of no pod of {side} that it finds no node.", ""),
    ("no-room", "block"): (
        "{side} cannot grow to {target} pods: the scheduler finds no node for {count} that it has already. It says: {said}",
        "Make room in the cluster, or lower what the pods of {side} request.",
    ),
    ("long-lived", "info"): ("Connections that are open stay with {from} until they close; only new ones move.", ""),
}
# What stands against a switch is only told on a way back.
CHECKS |= {
    (code, "info"): (sentence, "")
    for (code, level), (sentence, _) in tuple(CHECKS.items())
    if level in ("block", "warn") and (code, "info") not in CHECKS
}

WHY_NOT: Mapping[str, tuple[str, str]] = {
    "external-name": ("The Service is an ExternalName: a DNS alias that ignores its selector.", "Change spec.externalName instead."),
    "selectorless": (
        "The Service has no selector: its endpoints are kept by somebody else.",
        "Switch where the endpoints are kept.",
    ),
    "owner": ("{owner} moves this Service's traffic itself (seen by {sign}).", "Promote or abort with {owner}."),
    "headless-statefulset": (
        "The headless Service gives a StatefulSet's pods their names.",
        "Put a ClusterIP Service in front of the pods and switch that one.",
    ),
    "pod-template-hash": (
        "The versions are told apart only by a hash, which the next rollout changes.",
        "Tell them apart by a stable label such as slot.",
    ),
    "third-workload": (
        "More than one workload carries the label of the same side.",
        "Give each workload a value of its own, or remove the one that is left over.",
    ),
    "route": (
        "{route} leads to this Service, and {sibling} leads to the other version: switching by route is not offered yet.",
        "Put one Service in front of both versions, with a label such as slot in its selector.",
    ),
    "ratio": (
        "The Service leads to both versions at once, told apart by {key}: shifting by the number of pods is not offered yet.",
        "Add {key} to the Service's selector to switch all traffic at once.",
    ),
    "annotation-key": (
        "The annotation clusterview.io/blue-green names {key}, which does not tell two workloads behind this Service apart.",
        "Name a key of the Service's selector in which two workloads differ.",
    ),
    "several-keys": (
        "The other version differs in more than one label of the selector: {keys}.",
        "Leave only one of them in the Service's selector.",
    ),
    "alike": (
        "Several workloads stand behind the Service, and no label tells their versions apart: {workloads}.",
        "Give each version's pod template a label such as slot, then add it to the Service's selector.",
    ),
    "one-side": (
        "Only one version is there: {workload} with {key}={value}.",
        "Deploy the other version with the same labels and another value of {key}.",
    ),
    "no-key": (
        "Nothing in the selector {selector} tells versions apart; only {workload} stands behind it.",
        "Give the pod templates of both versions a label such as slot, then add it to the Service's selector.",
    ),
    "no-workload": (
        "No Deployment and no StatefulSet carries {selector}.",
        "A switch moves traffic between Deployments or StatefulSets; deploy one for each version.",
    ),
}

# What to write so that another tool leaves the selector alone: a title, and what is to be known before.
RECIPES: Mapping[str, tuple[str, str]] = {
    "argo-cd": (
        "Argo CD: leave the selector alone",
        "Add this to the Application; without RespectIgnoreDifferences a sync would write the selector all the same.",
    ),
    "flux-ignore": (
        "Flux 2.9 and newer: leave the selector alone",
        "Add this to the Kustomization; everything else of the Service stays reconciled.",
    ),
    "flux-reconcile": (
        "Flux: leave the Service alone",
        "Annotate it in the cluster and not in Git, where it would keep Flux from ever creating the Service. Until the annotation is removed, "
        "nothing of the Service is reconciled.",
    ),
    "flux-patches": ("Flux: the new selector in the Kustomization", "Flux then writes the same selector; change it with each switch."),
    "flux-helm": (
        "Flux: no drift correction of the selector",
        "Add this to the HelmRelease; an upgrade of the release still writes the chart's selector.",
    ),
    "flux-post-render": ("Flux: the new selector in the HelmRelease", "Each upgrade then writes the same selector; change it with each switch."),
    "helm": (
        "Helm: the new selector in the chart's values",
        "The next upgrade writes what the chart says: set its values so that `helm template` renders this selector.",
    ),
    "kustomize": ("Kustomize: the new selector as a patch", "Add the patch to the overlay; change it with each switch."),
    "config-sync": (
        "Config Sync: leave the Service alone",
        "Add the annotation to the manifest in the source; Config Sync then changes nothing of the Service that is there.",
    ),
    "server-side-apply": (
        "Server-side apply: the new selector in the manifest",
        "Change it in the manifest with each switch. Never leave it out: an owner that stops naming the selector removes it from the Service.",
    ),
    "manifest": ("The new selector in the manifest", "Change it where the Service is applied from, so that the next apply writes the same."),
}

REFUSALS: Mapping[str, str] = {
    "not_allowed": "Your role does not allow this.",
    "not_armed": "Switching is off for this cluster until an administrator arms it.",
    "read_only": "This installation is read-only: it was started with --read-only.",
    "frozen": "The cluster carries effects of this installation that its database does not know: it was restored from an older copy. Switching is "
    "frozen until an administrator has looked at what the audit says is missing, and arms the cluster again: on the page, with `manage.py arm "
    "CONTEXT --looked`, or over REST with the marks in `lost_marks` of the cluster as `looked`.",
    "no-cluster": "There is no such cluster.",
    "another-cluster": "Another cluster answers under this name than the one that was armed, so switching was turned off. Arm it if that is right.",
    "armed-elsewhere": "The cluster that answers here is armed as {context}, and under two names its switches would not see each other. Disarm "
    "{context} first. If these are two clusters (a copy restored from a backup has the same UID of kube-system; behind one address and CA the right "
    "to `get` namespaces/kube-system tells them apart), arm one at a time, or use an installation for each.",
    "no-service": "There is no such Service in this namespace.",
    "no-pair": "No two workloads stand behind this Service that differ in one label of its selector.",
    "bad-name": "A namespace, Service or label value is not a valid Kubernetes name.",
    "unidentified": "The cluster does not say now which one it is (get namespaces/kube-system is refused), so nothing was changed. Try again; where "
    "it stays like that, give that right back.",
    "unreachable": "The cluster does not answer; nothing was changed. Try again when it is live.",
    "forbidden": "The API server does not let Clusterview read what a preflight needs.",
    "preflight": "The preflight found something that stands against the switch.",
    "changed": "The Service is not as you saw it any more; look again, then decide.",
    "confirm-old": "What you confirmed was looked at more than two minutes ago; look again, then decide.",
    "bad-confirm": "This confirmation is not of a preflight that you were shown.",
    "open-switch": "Another switch of this Service is running.",
    "idempotency-key": "This Idempotency-Key was used for another request.",
    "finished": "This switch is finished, and there is nothing to go back from.",
    "service-replaced": "The Service was deleted and created again since that switch, so nothing of it can be taken back. Begin a new switch.",
    "superseded": "A newer switch of this Service exists; go back from that one.",
    "not-held": "This switch is not held: it goes on by itself, or it has ended.",
    "keeping-ended": "The old side is not kept any more.",
    "kept-longer": "The old side is kept for longer than that already.",
    "bad-overlap": "overlap_seconds is a whole number from 0 to 3600.",
    "no-overlap": "The selector without the label that tells the sides apart would match other pods too, or nothing, so both sides cannot overlap.",
    "bad-group": "A group is 2 to 20 different Services.",
    "no-act": "There is no such button in this cluster.",
    "act-later": "This cannot be done at this moment; try again shortly.",
    "act-lost": "The practice cluster did not answer; look at what it shows before you press again.",
    "no-group": "There is no such group of switches.",
    "bad-replicas": "replicas is a whole number from 0 to 10000.",
    "not-succeeded": "Only the side that a successful switch has left can be scaled down.",
    "just-switched": "After a switch the side that was left is kept for 30 seconds at least, to go back to; scale it down then.",
    "preflight-size": "The preflight found something that stands against the change of size.",
    "larger-than-shown": "The live side has grown: this would be {target} pods now, more than was shown. Look again, then decide.",
    "open-size": "Another change of sizes of this Service is running.",
    "switch-runs": "A switch is running in this namespace; scale down when it has ended.",
    "scaling-down": "A side is being scaled down in this namespace; switch when that has ended.",
    "bad-keep": "keep_seconds is a whole number from 30 to 86400.",
    "bad-minutes": "Minutes are a whole number from 1 to 1440.",
}

REASONS: Mapping[str, str] = {
    "turned-back": "Somebody asked to go back before anything was changed.",
    "not_allowed": "The person or token that asked may not switch any more.",
    "not_armed": "Switching was turned off for the cluster.",
    "read_only": "This installation is read-only.",
    "group-stopped": "The switch before it in its group did not succeed, so this one was not begun.",
    "group-undone": "A Service before it in its group, which is named with it, was taken back or changed by somebody else after its success, so this "
    "one was not begun.",
    "defect": "Clusterview itself failed on it again and again and set it aside; its log says where. Look at the Service before you switch again.",
    "defect-may-land": "Clusterview itself failed on it again and again and set it aside; its log says where. Its last patch could not be locked out "
    "and may still arrive: look at the Service until it does not change any more, before you switch again.",
    "may-land": "The answer to the patch was lost, and the cluster takes our annotations off, so the patch could not be locked out and may still "
    "arrive. Look at the Service until it does not change any more.",
    "no-credential": "The cluster has not accepted Clusterview's credential for a minute. The last effect had been applied; what the Service was "
    "then is told with it. Renew the credential, look at the Service, then decide whether to go on or back with a new switch.",
    "no-credential-may-land": "The cluster has not accepted Clusterview's credential for a minute, and what became of the last patch cannot be read. "
    "It was applied, or not, or may still arrive when the credential is back; what the Service was before is told with it. Renew the credential, "
    "and look at the Service until it does not change any more, before you switch again.",
    "no-credential-unchanged": "The cluster has not accepted Clusterview's credential for a minute; nothing was changed. Renew the credential, then "
    "try again.",
    "no-right": "Clusterview has not had a right that the switch needs for a minute. The last effect had been applied; what the Service was then is "
    "told with it. `manage.py rbac --switch` prints the rights. Look at the Service, then decide whether to go on or back with a new switch.",
    "no-right-may-land": "Clusterview has not had a right that the switch needs for a minute, and what became of the last patch cannot be told. It "
    "was applied, or not, or may still arrive; what the Service was before is told with it. `manage.py rbac --switch` prints the rights. Look at the "
    "Service until it does not change any more, before you switch again.",
    "no-right-unchanged": "Clusterview has not had a right that the switch needs for a minute; nothing was changed. `manage.py rbac --switch` prints "
    "the rights.",
    "turned-away": "The cluster has refused for a minute what the switch asks of it. The last effect had been applied; what the Service was then is "
    "told with it. Look at the Service, then decide whether to go on or back with a new switch.",
    "turned-away-may-land": "A policy of the cluster has refused for a minute the write that would lock out the last patch, whose answer was lost. "
    "It was applied, or not, or may still arrive; what the Service was before is told with it. Look at the Service until it does not change any "
    "more, before you switch again.",
    "turned-away-unchanged": "The cluster has refused for a minute what the switch asks of it; nothing was changed.",
    "restored": "The cluster is ahead of the database, which was restored from an older copy: what this switch has done already is not known here. "
    "Look at the Service before you switch again.",
    "overlap-over-others": "Pods of neither side had come by then that the selector of both sides would match, so nothing was changed. Remove them, "
    "or switch without an overlap.",
    "too-late": "It could not begin within two minutes, so it was given up; nothing was changed.",
    "gone": "The Service was deleted.",
    "replaced": "The Service was deleted and created again.",
    "selector-changed": "Somebody else changed the selector first.",
    "kept-moving": "What was to be changed was changed by others again and again meanwhile, so this last step was not done.",
    "moving-now": "Others change the Service again and again. The way back is tried further every few seconds.",
    "no-writes": "The cluster takes no writes now. It is tried again each second.",
    "slow-cluster": "The cluster answers too slowly to act on what was read of it. It is tried again each second.",
    "no-credential-now": "The cluster does not accept Clusterview's credential now. It is tried again each second, for a minute.",
    "lost-answers": "The cluster's answer to the patch was lost. What might still be late is locked out, and it is tried again each second.",
    "preflight": "The preflight at the last moment found something against it.",
    "refused": "The API server refused the patch.",
    "missing-right": "Clusterview may not do what the switch needs: `manage.py rbac --switch` prints the rights.",
    "not-converged": "The endpoints did not follow within 30 seconds.",
    "back-not-converged": "The endpoints did not follow the way back within 30 seconds. The Service leads where the way back was to lead, and stays "
    "so: they follow when what keeps them from it is gone. Look at its EndpointSlices.",
    "emptied": "The new side lost its last ready pod right after the switch.",
    "old-side-gone": "The old side had no ready pod for a minute, so there was nothing to go back to. When it has one, ask for the way back again.",
    "old-side-not-ready": "The old side has no ready pod now. The way back looks each second, for a minute, and goes on as soon as there is one.",
    "lost-answer": "The answer to the patch was lost and the object moved on; only a person can tell whether it was applied. "
    "It cannot arrive any more.",
    "altered": "The API server answered with another selector than the one sent.",
    "asked": "Somebody asked to go back.",
    "preflight-size": "The preflight at the last moment found something against the change of size.",
    "not-ready-in-time": "The pods were not ready within half an hour. Those that were added stay; the autoscaler is as before.",
    "quota-full": "A quota of the namespace is used up, so no more pods come.",
    "pods-refused": "The API server takes no more pods of this side.",
    "no-room": "Pods have no node: the cluster has no room for them.",
    "resized": "Somebody else changed the number meanwhile, or the object is another one now, so it was left as it is.",
    "missing-right-size": "Clusterview may not read or change what the change of size needs: `manage.py rbac --switch` prints the rights.",
    "no-credential-size": "The cluster has not accepted Clusterview's credential for a minute. The change of size goes on when it does: renew the "
    "credential.",
    "shut-out-size": "The cluster has turned Clusterview away for a minute in the midst of the change of size. The last number was written, or not, "
    "or may still arrive. Look at the workload until it does not change any more, before you change its size again.",
    "not-written": "Five times in a row the cluster did not take the new number, or its answer was lost; what might still be late was locked out. "
    "What had been raised before was put back.",
    "not-needed": "The old side was not kept any more before all of it was written. What had been raised was put back.",
    "refused-size": "The API server refused the new number.",
    "reverted": "Somebody else changed the selector after the switch.",
    "reverted-afterwards": "It had succeeded; some time after that somebody else changed the selector. Nothing was written against them.",
    "left": "Somebody ended it while it was held. Traffic is where it was then: look at the Service before you switch again.",
}

LEFT: Mapping[str, str] = {
    "already-back": "It leads to the old side already; nothing was written to it.",
    "led-elsewhere": "It has been changed since and does not lead to the old side; nothing was written to it.",
    "service-gone": "The Service was deleted, or deleted and created again; nothing was written to it.",
    "newer-runs": "A newer switch of it is running; nothing was written to it.",
    "not-begun": "Something stood against its way back at that moment; nothing was written to it. Look at it, then go back once more.",
    "needs-human": "Its switch ended for a person to look, and it leads where that has brought it; nothing was written to it.",
}


def check(*, code: str, level: str, params: Mapping[str, str]) -> tuple[str, str]:
    """This will say a check's sentence and its remedy."""
    sentence, remedy = CHECKS.get((code, level), (code, ""))
    values = defaultdict(lambda: "?", params)
    return sentence.format_map(values), remedy.format_map(values)


def why_not(*, code: str, params: Mapping[str, str]) -> tuple[str, str]:
    """This will say why an application cannot be switched at all, and what would change that."""
    sentence, remedy = WHY_NOT.get(code, (code, ""))
    values = defaultdict(lambda: "?", params)
    return sentence.format_map(values), remedy.format_map(values)


def recipe(code: str) -> dict[str, str]:
    """This will give the words of a recipe: `title` and `note`."""
    title, note = RECIPES.get(code, (code, ""))
    return {"title": title, "note": note}


def refusal(code: str, *, params: Mapping[str, Any]) -> str:
    return REFUSALS.get(code, code).format_map(defaultdict(lambda: "?", params))


def reason(code: str) -> str:
    return REASONS.get(code, code)


def left(code: str) -> str:
    return LEFT.get(code, code)
