/** A node with its pods, drawn as closely as the size of the cluster asks for. */
import type { JSX } from "preact";
import type { Node, Pod } from "../wire/messages";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as store from "../state/store";
import { fillOf, tallied } from "../state/tally";
import { conditionOf, statusOf } from "./marks";
import { useNear } from "./near";
import { choose, density, isChosen, podCount } from "./sight";
import type { Sight } from "./sight";

/** With more pods than this, those of nodes that are far out of sight are not drawn. */
const DRAWN = 3_000;
/** So many pods stand side by side in a node that is not wide, each of so many pixels. */
const ROOM = { roomy: { abreast: 7, pixels: 28 }, close: { abreast: 10, pixels: 12 } };

export function NodeBox({ node, seen }: { node: Node; seen: Sight }): JSX.Element {
  const [box, near] = useNear(podCount.value > DRAWN);
  const drawn = density.value;
  const pods = near ? derived.inPlace(store.podsOn(node.name)) : null;
  const condition = conditionOf(node);
  if (drawn === "far") return <div ref={box} class="node" data-uid={node.uid} data-condition={condition}><Cell node={node} pods={pods} seen={seen} /></div>;
  return (
    <div ref={box} class="node" data-uid={node.uid} data-condition={condition}>
      <button type="button" class={seen.shows(node) ? "head" : "head dim"} aria-pressed={isChosen(node)} onClick={() => choose(node)}>
        <span class="title"><i class="dot" /><strong>{node.name}</strong></span>
        <small class="line quiet">{[statusOf(node), pods && readyOf(pods)].filter(Boolean).join(" · ")}</small>
      </button>
      {pods ? <Pods pods={pods} seen={seen} /> : <Room of={node.name} in={drawn} />}
    </div>
  );
}

/** As much room as the pods of a node will take that is far out of sight. */
function Room({ of, in: drawn }: { of: string; in: keyof typeof ROOM }): JSX.Element {
  const { abreast, pixels } = ROOM[drawn];
  return <div style={{ height: `${pixels * Math.ceil(store.picture.countOn(of) / abreast)}px` }} />;
}

/** A node that may not be read, or is gone before its pods are. */
export function UnseenNode({ name, seen }: { name: string; seen: Sight }): JSX.Element {
  const [box, near] = useNear(podCount.value > DRAWN);
  const drawn = density.value === "far" ? "close" : density.value;
  return (
    <div ref={box} class="zone node">
      <p class="quiet">{t("nodeNotSeen", { name })}</p>
      {near ? <Pods pods={derived.inPlace(store.podsOn(name))} seen={seen} /> : <Room of={name} in={drawn} />}
    </div>
  );
}

function readyOf(pods: readonly Pod[]): string {
  if (pods.length === 0) return t(store.isMissing("Pod") ? "podsNotSeen" : "noPods");
  return t("ready", { ready: pods.filter((pod) => pod.ready).length, total: pods.length });
}

/** A node of a cluster with very many: how much of it is ready and of which side, and whether anything of it fails. */
function Cell({ node, pods, seen }: { node: Node; pods: readonly Pod[] | null; seen: Sight }): JSX.Element {
  const sideOf = derived.sideOf.value;
  const told = tallied(pods ?? [], (pod) => sideOf(pod)?.colour);
  const shown = pods === null || seen.showsCell(node, pods);
  const label = [node.name, statusOf(node), pods && readyOf(pods), told.bad > 0 && t("failingPods", { count: told.bad })].filter(Boolean).join(", ");
  return (
    <button
      type="button" class={shown ? "cell" : "cell dim"} data-condition={told.bad > 0 ? "bad" : undefined} style={{ background: fillOf(told) }}
      aria-label={label} title={label} aria-pressed={isChosen(node)} onClick={() => choose(node)}
    />
  );
}

export function Pods({ pods, seen }: { pods: readonly Pod[]; seen: Sight }): JSX.Element {
  const sideOf = derived.sideOf.value;
  return (
    <div class="pods">
      {pods.map((pod) => {
        const side = sideOf(pod);
        const label = [pod.name, pod.namespace, statusOf(pod), pod.ready ? "" : t("notReady"), side?.value ?? ""].filter(Boolean).join(", ");
        return (
          <button
            key={pod.uid} type="button" class={seen.showsPod(pod) ? "pod" : "pod dim"} data-condition={conditionOf(pod)} data-side={side?.colour}
            data-uid={pod.uid} aria-label={label} title={label} aria-pressed={isChosen(pod)} onClick={() => choose(pod)}
          />
        );
      })}
    </div>
  );
}
