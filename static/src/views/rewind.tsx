/** A slider over the time that was recorded, and what has changed since the moment it stands at. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { refusalOf } from "../i18n/switching";
import { t } from "../i18n/words";
import * as clock from "../state/clock";
import { page } from "../state/page";
import * as past from "../state/past";
import * as rest from "../state/rest";
import * as store from "../state/store";
import { useAsked } from "./asking";
import { moment } from "./moments";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const MOST_SHOWN = 200;

export function Rewind(): JSX.Element {
  const asked = useAsked(() => rest.recorded(page.cluster), "");
  const [drawn, draw] = useState<number | null>(null);
  if (asked.refusal) return <p class="card bad-text" role="alert">{refusalOf(asked.refusal)}</p>;
  if (!asked.value) return <p class="card" role="status">{t("loading")}</p>;
  const [first] = asked.value.spans;
  if (!first) return <p class="card" role="status">{t(asked.value.hours > 0 ? "nothingRecorded" : "recordsNothing")}</p>;
  const { at } = store.route.value;
  const begin = Date.parse(first.since);
  const end = Math.max(begin + SECOND, clock.now.peek());
  const here = drawn ?? (at ? Date.parse(at) : end);
  const go = (milliseconds: number): void => {
    draw(null);
    const to = Math.max(begin, milliseconds);
    store.go({ at: to >= end ? "" : new Date(to).toISOString() }, at !== "");
  };
  return (
    <section class="card rewind" aria-label={t("rewind")}>
      <div class="row">
        <button type="button" class="button" onClick={() => go(here - MINUTE)}>{t("minuteEarlier")}</button>
        <input
          type="range" aria-label={t("shownMoment")} aria-valuetext={at || drawn !== null ? moment(here) : t("now")} min={begin} max={end} step={SECOND} value={here}
          onInput={(event) => draw(event.currentTarget.valueAsNumber)} onChange={(event) => go(event.currentTarget.valueAsNumber)}
        />
        <button type="button" class="button" disabled={!at} onClick={() => go(here + MINUTE)}>{t("minuteLater")}</button>
        <output>{at || drawn !== null ? moment(here) : t("now")}</output>
      </div>
      <p class="quiet">{t("recordedSince", { moment: moment(begin) })}</p>
      {past.shown.value?.at === at && at && <Since key={at} at={at} />}
    </section>
  );
}

function Since({ at }: { at: string }): JSX.Element {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("changedSince")}</summary>
      {open && <Differences at={at} />}
    </details>
  );
}

function Differences({ at }: { at: string }): JSX.Element {
  const asked = useAsked(() => rest.differences(page.cluster, at), at);
  if (asked.refusal) return <p class="bad-text" role="alert">{refusalOf(asked.refusal)}</p>;
  if (!asked.value) return <p role="status">{t("loading")}</p>;
  const { appeared, gone, changed } = asked.value;
  if (appeared.length + gone.length + changed.length === 0) return <p>{t("nothingChanged")}</p>;
  return (
    <>
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
