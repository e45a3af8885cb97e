/** The live map: the control plane above, the ways in that lead to pods, the nodes with what runs on them. */
import { computed } from "@preact/signals";
import type { JSX } from "preact";
import { grouped, t } from "../i18n/words";
import * as derived from "../state/derived";
import * as store from "../state/store";
import { Doors, Tile } from "./doors";
import { NodeBox, Pods, UnseenNode } from "./nodes";
import { DRAWN_KINDS, density, podCount, sight } from "./sight";
import { Stage } from "./stage";

const isAnythingFound = computed(() => {
  const { shows, seeks } = sight.value;
  if (!seeks) return true;
  const picture = store.followWritten(...DRAWN_KINDS);
  return DRAWN_KINDS.some((kind) => {
    for (const record of picture.all(kind)) if (shows(record)) return true;
    return false;
  });
});

export function Map(): JSX.Element {
  const seen = sight.value;
  const parts = derived.parts.value;
  const zones = derived.zones.value;
  const unseen = derived.unseenNodeNames.value;
  const homeless = store.podsOn("");
  const counts = [store.countOf("Node", store.picture.count("Node"), grouped), store.countOf("Pod", podCount.value, (count) => t("pods", { count }))];
  return (
    <Stage>
      {!isAnythingFound.value && <p class="card" role="status">{t("nothingFound")}</p>}
      <section class="band" aria-label={t("controlPlane")}>
        <h2>{t("controlPlane")}</h2>
        <div class="tiles parts">
          {parts.map((part) => <Tile key={part.uid} record={part} seen={seen} note={part.leader && t("leader", { name: withoutIdentity(part.leader) })} />)}
        </div>
      </section>
      <Doors seen={seen} />
      <section class="band" aria-label={t("nodes")} data-density={density.value}>
        <h2>{t("nodes")} <span class="quiet">{counts.filter(Boolean).join(" · ")}</span></h2>
        {zones.length === 0 && unseen.length === 0 && !store.isMissing("Node") && <p class="quiet">{t("noNodes")}</p>}
        <div class="zones">
          {zones.map(([zone, itsNodes]) => (
            <section key={zone} class={zones.length > 1 ? "zone framed" : "zone"} aria-label={zone || t("noZone")}>
              {zones.length > 1 && <h3>{zone || t("noZone")} <span class="quiet">{grouped(itsNodes.length)}</span></h3>}
              <div class="split-map">
                {itsNodes.map((node) => <NodeBox key={node.uid} node={node} seen={seen} />)}
              </div>
            </section>
          ))}
          {unseen.map((name) => <UnseenNode key={name} name={name} seen={seen} />)}
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
