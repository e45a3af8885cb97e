/** The live map: the control plane above, the Services that lead to pods, the nodes with what runs on them. */
import type { JSX } from "preact";
import type { AnyRecord, Ingress, Node, Pod, Service } from "../wire/messages";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as finding from "../state/finding";
import { byNamespaceAndName } from "../state/ordering";
import * as store from "../state/store";
import { conditionOf, statusOf } from "./marks";
import { DoorPicture, doorOf } from "./pictures";
import { Stage } from "./stage";

interface Sight {
  /** Whether the object stands out: nothing is sought, or it is what is sought. */
  readonly shows: (record: AnyRecord) => boolean;
  readonly behind: ReadonlySet<string> | null;
}

function sight(): Sight {
  const route = store.route.value;
  const problems = new Set(derived.problems.value.map((one) => one.record.uid));
  const chosen = store.selected.value;
  const behind = chosen?.kind === "Service" ? (derived.doorways.value.get(derived.serviceKey(chosen))?.podUids ?? new Set<string>()) : null;
  return { shows: (record) => finding.fits(record, route, problems), behind };
}

export function Map(): JSX.Element {
  const seen = sight();
  const parts = store.list("ControlPlanePart");
  const doors: (Service | Ingress)[] = [...store.list("Ingress").sort(byNamespaceAndName), ...store.list("Service").sort(byNamespaceAndName)];
  const nodes = store.list("Node");
  const zones = derived.byZone(nodes);
  const onNodes = derived.podsOn.value;
  const homeless = onNodes.get("") ?? [];
  const route = store.route.value;
  const found = !finding.seeking(route) || [...parts, ...doors, ...nodes, ...store.list("Pod")].some(seen.shows);
  return (
    <Stage>
      {!found && <p class="card" role="status">{t("nothingFound")}</p>}
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
        <h2>{t("nodes")} <span class="quiet">{nodes.length} · {t("pods", { count: store.picture.count("Pod") })}</span></h2>
        <div class="zones">
          {zones.map(([zone, itsNodes]) => (
            <section key={zone} class={zones.length > 1 ? "zone framed" : "zone"} aria-label={zone || t("noZone")}>
              {zones.length > 1 && <h3>{zone || t("noZone")} <span class="quiet">{itsNodes.length}</span></h3>}
              <div class="split-map">
                {itsNodes.map((node) => <NodeBox key={node.uid} node={node} pods={onNodes.get(node.name) ?? []} seen={seen} />)}
              </div>
            </section>
          ))}
          {homeless.length > 0 && (
            <div class="zone node">
              <p class="quiet">{t("unscheduled")}</p>
              <Pods pods={homeless} seen={seen} />
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
  return store.selected.value?.uid === record.uid;
}

function Tile({ record, seen, note, door }: { record: AnyRecord; seen: Sight; note: string; door?: Service | Ingress }): JSX.Element {
  const live = door?.kind === "Service" ? derived.liveByService.value.get(derived.serviceKey(door)) : undefined;
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

function NodeBox({ node, pods, seen }: { node: Node; pods: readonly Pod[]; seen: Sight }): JSX.Element {
  const ready = pods.filter((pod) => pod.ready).length;
  return (
    <div class="node" data-uid={node.uid} data-condition={conditionOf(node)}>
      <button type="button" class={seen.shows(node) ? "head" : "head dim"} aria-pressed={isChosen(node)} onClick={() => choose(node)}>
        <span class="title"><i class="dot" /><strong>{node.name}</strong></span>
        <small class="line quiet">{[statusOf(node), t("ready", { ready, total: pods.length })].filter(Boolean).join(" · ")}</small>
      </button>
      <Pods pods={pods} seen={seen} />
    </div>
  );
}

function Pods({ pods, seen }: { pods: readonly Pod[]; seen: Sight }): JSX.Element {
  const sides = derived.sideOfPod.value;
  return (
    <div class="pods">
      {pods.map((pod) => {
        const side = sides.get(pod.uid);
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
