/** The live map: the control plane above, the Services that lead to pods, the nodes with what runs on them. */
import { computed } from "@preact/signals";
import type { JSX } from "preact";
import type { AnyRecord, Ingress, Node, Pod, Service } from "../wire/messages";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as finding from "../state/finding";
import * as store from "../state/store";
import { conditionOf, statusOf } from "./marks";
import { useNear } from "./near";
import { DoorPicture, doorOf } from "./pictures";
import { Stage } from "./stage";

interface Sight {
  /** Whether the object stands out: nothing is sought, or it is what is sought. */
  readonly shows: (record: AnyRecord) => boolean;
  readonly behind: ReadonlySet<string> | null;
}

/** With more pods than this, those of nodes that are far out of sight are not drawn. */
const DRAWN = 3_000;
const DRAWN_KINDS = ["ControlPlanePart", "Ingress", "Service", "Node", "Pod"] as const;
/** So many pods stand side by side in a node that is not wide, each of so many pixels. */
const ABREAST = 7;
const POD_PIXELS = 28;

/** It stays the same for as long as the same stands out, for everything that is drawn depends on it. */
const sight = computed<Sight>(() => {
  const route = store.route.value;
  const problems = route.problems ? derived.troubledUids.value : finding.NO_UIDS;
  const chosen = store.selected.value;
  const behind = chosen?.kind === "Service" ? (derived.doorways.value.get(derived.serviceKey(chosen))?.podUids ?? finding.NO_UIDS) : null;
  return { shows: (record) => finding.fits(record, route, problems), behind };
});
const podCount = computed(() => store.followWritten("Pod").count("Pod"));
const isVast = computed(() => podCount.value > DRAWN);
const isAnythingFound = computed(() => {
  if (!finding.seeking(store.route.value)) return true;
  const picture = store.followWritten(...DRAWN_KINDS);
  const { shows } = sight.value;
  return DRAWN_KINDS.some((kind) => [...picture.all(kind)].some(shows));
});

export function Map(): JSX.Element {
  const seen = sight.value;
  const parts = store.list("ControlPlanePart");
  const doors = derived.doors.value;
  const zones = derived.zones.value;
  const homeless = store.podsOn("");
  const many = isVast.value;
  return (
    <Stage>
      {!isAnythingFound.value && <p class="card" role="status">{t("nothingFound")}</p>}
      <section class="band" aria-label={t("controlPlane")}>
        <h2>{t("controlPlane")}</h2>
        <div class="tiles">
          {parts.map((part) => <Tile key={part.uid} record={part} seen={seen} note={part.leader && t("leader", { name: withoutIdentity(part.leader) })} />)}
        </div>
      </section>
      <section class="band" aria-label={t("doors")}>
        <h2>{t("doors")} <span class="quiet">{doors.length}</span></h2>
        <div class="tiles">
          {doors.map((door) => <Tile key={door.uid} record={door} seen={seen} note={`${door.namespace} · ${reachOf(door)}`} door={door} />)}
        </div>
      </section>
      <section class="band" aria-label={t("nodes")}>
        <h2>{t("nodes")} <span class="quiet">{store.picture.count("Node")} · {t("pods", { count: podCount.value })}</span></h2>
        <div class="zones">
          {zones.map(([zone, itsNodes]) => (
            <section key={zone} class={zones.length > 1 ? "zone framed" : "zone"} aria-label={zone || t("noZone")}>
              {zones.length > 1 && <h3>{zone || t("noZone")} <span class="quiet">{itsNodes.length}</span></h3>}
              <div class="split-map">
                {itsNodes.map((node) => <NodeBox key={node.uid} node={node} seen={seen} many={many} />)}
              </div>
            </section>
          ))}
          {homeless.length > 0 && (
            <div class="zone node">
              <p class="quiet">{t("unscheduled")}</p>
              <Pods pods={derived.inPlace(homeless)} seen={seen} />
            </div>
          )}
        </div>
      </section>
    </Stage>
  );
}

/** Names of leaders end in a random part (`host_uuid`), which only the panel tells. */
function withoutIdentity(leader: string): string {
  return leader.split("_")[0] ?? leader;
}

/** Where the way in leads from, in a few words. */
function reachOf(record: Service | Ingress): string {
  const door = doorOf(record);
  if (record.kind === "Ingress") return [...new Set(record.paths.map((one) => `${one.host || "*"}${one.path} → ${one.service}`))].join(", ");
  switch (door) {
    case "ExternalName":
      return `→ ${record.external_name}`;
    case "LoadBalancer":
      return record.addresses.join(", ") || t("noAddress");
    case "NodePort":
      return t("everyNode", { ports: record.ports.map((one) => one.node_port).join(", ") });
    default:
      return t(door === "Headless" ? "podsByName" : "insideOnly");
  }
}

function choose(record: AnyRecord): void {
  store.select({ kind: record.kind, namespace: record.namespace, name: record.name });
}

function isChosen(record: AnyRecord): boolean {
  return store.selectedUid.value === record.uid;
}

function Tile({ record, seen, note, door }: { record: AnyRecord; seen: Sight; note: string; door?: Service | Ingress }): JSX.Element {
  const key = door?.kind === "Service" ? derived.serviceKey(door) : "";
  const live = derived.switchable.value.has(key) ? derived.liveByService.value.get(key) : undefined;
  return (
    <button
      type="button" class={seen.shows(record) ? "tile" : "tile dim"} data-uid={record.uid} data-condition={conditionOf(record)}
      aria-pressed={isChosen(record)} onClick={() => choose(record)}
    >
      <span class="title"><i class="dot" /><strong>{record.name}</strong>{door && <DoorPicture door={doorOf(door)} />}</span>
      <small>{statusOf(record)}</small>
      {note && <small class="line">{note}</small>}
      {live && (
        <span class="shares">
          {live.sides.filter((side) => side.endpoints > 0).map((side) => (
            <span key={side.value} class="share" data-side={side.colour}>{side.value} · {side.endpoints}</span>
          ))}
        </span>
      )}
    </button>
  );
}

function NodeBox({ node, seen, many }: { node: Node; seen: Sight; many: boolean }): JSX.Element {
  const [box, near] = useNear(many);
  const pods = near ? derived.inPlace(store.podsOn(node.name)) : null;
  const told = pods && t("ready", { ready: pods.filter((pod) => pod.ready).length, total: pods.length });
  return (
    <div ref={box} class="node" data-uid={node.uid} data-condition={conditionOf(node)}>
      <button type="button" class={seen.shows(node) ? "head" : "head dim"} aria-pressed={isChosen(node)} onClick={() => choose(node)}>
        <span class="title"><i class="dot" /><strong>{node.name}</strong></span>
        <small class="line quiet">{[statusOf(node), told].filter(Boolean).join(" · ")}</small>
      </button>
      {pods ? <Pods pods={pods} seen={seen} /> : <div style={{ height: POD_PIXELS * Math.ceil(store.picture.countOn(node.name) / ABREAST) }} />}
    </div>
  );
}

function Pods({ pods, seen }: { pods: readonly Pod[]; seen: Sight }): JSX.Element {
  const sideOf = derived.sideOf.value;
  return (
    <div class="pods">
      {pods.map((pod) => {
        const side = sideOf(pod);
        const shown = seen.shows(pod) && (!seen.behind || seen.behind.has(pod.uid));
        const label = [pod.name, pod.namespace, statusOf(pod), pod.ready ? "" : t("notReady"), side?.value ?? ""].filter(Boolean).join(", ");
        return (
          <button
            key={pod.uid} type="button" class={shown ? "pod" : "pod dim"} data-condition={conditionOf(pod)} data-side={side?.colour}
            data-uid={pod.uid} aria-label={label} title={label} aria-pressed={isChosen(pod)} onClick={() => choose(pod)}
          />
        );
      })}
    </div>
  );
}
