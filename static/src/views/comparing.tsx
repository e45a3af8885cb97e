/** What is different between the moment that is shown and another one, with all that keeps the comparison from telling everything. */
import type { JSX } from "preact";
import { isWord, t } from "../i18n/words";
import { page } from "../state/page";
import { gapAt } from "../state/past";
import * as rest from "../state/rest";
import * as store from "../state/store";
import { useAsked } from "./asking";
import { moment } from "./moments";
import { Refused } from "./refused";
import { Holes, Timeline } from "./timeline";

const MOST_SHOWN = 200;

/** `at` is the moment that is shown. The other one, if any, stands in the route, so that a link holds both. */
export function Comparing({ at, recorded }: { at: string; recorded: rest.Recorded }): JSX.Element {
  const { until } = store.route.value;
  const other = until === "now" ? "" : until;
  const isKnown = other === "" || gapAt(recorded.spans, Date.parse(other)) === null;
  return (
    <details
      open={until !== ""}
      onToggle={(event) => {
        if (event.currentTarget.open !== (until !== "")) store.go({ until: until ? "" : "now" }, true);
      }}
    >
      <summary>{t("compare")}</summary>
      {until && <h3>{t("comparedMoment")}</h3>}
      {until && <Timeline label={t("comparedMoment")} at={other} recorded={recorded} go={(to) => store.go({ until: to || "now" }, true)} />}
      {until && isKnown && <Differences at={at} other={other} />}
    </details>
  );
}

/** Time does not run back: the earlier of the two is always compared with the later one. */
function Differences({ at, other }: { at: string; other: string }): JSX.Element {
  const [since, until] = other && other < at ? [other, at] : [at, other];
  const asked = useAsked(() => rest.differences(page.cluster, since, until), `${since}/${until}`);
  if (asked.refusal) return <Refused of={asked.refusal} />;
  if (!asked.value) return <p role="status">{t("loading")}</p>;
  const { before, after, holes, not_compared, appeared, gone, changed } = asked.value;
  return (
    <>
      <p role="status">{t("comparedFromTo", { from: moment(before.at), to: moment(after.at) })}</p>
      {[before, after].filter((one) => one.state !== "live").map((one) => (
        <p key={one.at} class="quiet">{t("comparedNotLive", { moment: moment(one.at), state: isWord(one.state) ? t(one.state) : one.state })}</p>
      ))}
      {(before.missing === null || after.missing === null) && <p class="quiet">{t("missingNotKnown")}</p>}
      {not_compared.length > 0 && <p class="quiet">{t("notCompared", { kinds: not_compared.join(", ") })}</p>}
      {holes.length > 0 && <div class="gap"><p>{t("holesBetween")}</p><Holes of={holes} /></div>}
      {appeared.length + gone.length + changed.length === 0 && <p>{t("nothingChanged")}</p>}
      <List title={t("appeared")} of={appeared} />
      <List title={t("disappeared")} of={gone} />
      <List title={t("changed")} of={changed} />
    </>
  );
}

type Line = rest.Named & Partial<Pick<rest.Differences["changed"][number], "fields">>;

function List({ title, of }: { title: string; of: readonly Line[] }): JSX.Element | null {
  if (of.length === 0) return null;
  return (
    <>
      <h3>{title} <span class="quiet">{of.length}</span></h3>
      <ul class="differences">
        {of.slice(0, MOST_SHOWN).map((one) => (
          <li key={one.uid}>
            {one.kind} {[one.namespace, one.name].filter(Boolean).join("/")}
            {Object.entries(one.fields ?? {}).map(([name, [before, after]]) => (
              <small key={name} class="line quiet wrap">{name}: {text(before)} → {text(after)}</small>
            ))}
          </li>
        ))}
      </ul>
      {of.length > MOST_SHOWN && <p class="quiet">{t("andMore", { count: of.length - MOST_SHOWN })}</p>}
    </>
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value || "∅" : JSON.stringify(value);
}
