/** What of the map stands out, what is chosen, and how closely it is drawn. */
import { computed, signal } from "@preact/signals";
import type { AnyRecord, Node, Pod } from "../wire/messages";
import { densityOf } from "../state/density";
import type { Density } from "../state/density";
import * as derived from "../state/derived";
import * as finding from "../state/finding";
import * as store from "../state/store";

export interface Sight {
  /** Whether the object stands out: nothing is sought, or it is what is sought. */
  readonly shows: (record: AnyRecord) => boolean;
  /** The same of a pod, which has to be behind the chosen Service too. */
  readonly showsPod: (pod: Pod) => boolean;
  /** Of a node that is but a cell: whether it, or a pod of it, stands out. */
  readonly showsCell: (node: Node, pods: readonly Pod[]) => boolean;
  readonly seeks: boolean;
}

/** What the map draws as objects of their own. */
export const DRAWN_KINDS = ["ControlPlanePart", "Gateway", "HTTPRoute", "Ingress", "Service", "Node", "Pod"] as const;
const DRAWN: ReadonlySet<string> = new Set(DRAWN_KINDS);

/** Whether anything that is wrong, of what is sought, is drawn. A workload is not. */
const isTroubleDrawn = computed(() => {
  const others = { ...store.route.value, problems: false };
  return derived.problems.value.some(({ record }) => DRAWN.has(record.kind) && finding.fits(record, others, finding.NO_UIDS));
});

/** It stays the same for as long as the same stands out, for everything that is drawn depends on it. */
export const sight = computed<Sight>(() => {
  const route = store.route.value;
  // What is wrong is named above the map. Where none of it is drawn, nothing of the map is dimmed.
  const problems = route.problems && isTroubleDrawn.value ? derived.troubledUids.value : finding.NO_UIDS;
  const sought = problems.size > 0 ? route : { ...route, problems: false };
  const chosen = store.selected.value;
  const behind = chosen?.kind === "Service" ? (derived.doorways.value.get(derived.serviceKey(chosen))?.podUids ?? finding.NO_UIDS) : null;
  const shows = (record: AnyRecord): boolean => finding.fits(record, sought, problems);
  const showsPod = (pod: Pod): boolean => shows(pod) && (!behind || behind.has(pod.uid));
  return { shows, showsPod, showsCell: (node, pods) => (!behind && shows(node)) || pods.some(showsPod), seeks: finding.seeking(sought) };
});

export const podCount = computed(() => store.followWritten("Pod").count("Pod"));

/** A phone, or a page that is enlarged as much. */
const small = matchMedia("(max-width: 700px)");
const narrow = signal(small.matches);
small.addEventListener("change", () => (narrow.value = small.matches));

let drawn: Density = "roomy";
export const density = computed(() => (drawn = densityOf({ nodes: store.followWritten("Node").count("Node"), pods: podCount.value }, drawn, narrow.value)));

export function choose(record: AnyRecord): void {
  store.select({ kind: record.kind, namespace: record.namespace, name: record.name });
}

export function isChosen(record: AnyRecord): boolean {
  return store.selectedUid.value === record.uid;
}
