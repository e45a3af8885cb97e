/** A large cluster before its picture is there: how the control plane is, and how many of everything there are. */
import type { JSX } from "preact";
import { grouped, t } from "../i18n/words";
import * as store from "../state/store";
import type { FirstPaint } from "../wire/messages";
import { conditionOf, statusOf } from "./marks";

export function First({ paint }: { paint: FirstPaint }): JSX.Element {
  const { kinds, parts, ready_nodes, ready_pods, statuses } = paint;
  const [nodes, pods] = [kinds["Node"] ?? 0, kinds["Pod"] ?? 0];
  return (
    <section class="card" data-testid="first-paint">
      <p role="status">{t("arriving")}</p>
      <div class="tiles">
        {parts.map((part) => (
          <div key={part.uid} class="tile" data-condition={conditionOf(part)}>
            <span class="title"><i class="dot" /><strong>{part.name}</strong></span>
            <small>{statusOf(part)}</small>
          </div>
        ))}
      </div>
      <p>{store.countOf("Node", nodes, () => `${t("nodes")}: ${t("ready", { ready: ready_nodes, total: nodes })}`)}</p>
      <p>
        {store.countOf("Pod", pods, (count) => `${t("pods", { count })}: ${t("ready", { ready: ready_pods, total: count })} (${largestFirst(statuses)})`)}
      </p>
      <p class="quiet">{largestFirst(kinds)}</p>
    </section>
  );
}

function largestFirst(counts: Readonly<Record<string, number>>): string {
  const ordered = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return ordered.map(([name, count]) => `${name} ${grouped(count)}`).join(" · ");
}
