/** The time that was recorded: the moment of it that the map shows, the times of which nothing is known, and another moment to compare with. */
import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n/words";
import * as clock from "../state/clock";
import { page } from "../state/page";
import * as past from "../state/past";
import * as rest from "../state/rest";
import * as store from "../state/store";
import { useAsked } from "./asking";
import { Comparing } from "./comparing";
import { moment } from "./moments";
import { Refused } from "./refused";
import { Holes, Legend, Timeline } from "./timeline";

export function Rewind(): JSX.Element {
  const { at } = store.route.value;
  const last = useRef<rest.Recorded | null>(null);
  const asked = useAsked(() => rest.recorded(page.cluster), "", past.renewalOf(last.current, at, store.fresh.value.state, clock.fives.value));
  last.current = asked.value;
  if (!asked.value) {
    if (asked.refusal) return <Refused of={asked.refusal} card />;
    return <p class="card" role="status">{t("loading")}</p>;
  }
  const recorded = asked.value;
  const [first] = recorded.spans;
  if (!first) return <p class="card" role="status">{t(recorded.hours > 0 ? "nothingRecorded" : "recordsNothing")}</p>;
  return (
    <section class="card rewind" aria-label={t("rewind")}>
      <Timeline label={t("shownMoment")} at={at} recorded={recorded} go={(to) => store.go({ at: to }, at !== "")} />
      <p class="quiet">{t("recordedSince", { moment: moment(first.since) })} <Legend recorded={recorded} /></p>
      {recorded.holes.length > 0 && (
        <details>
          <summary>{t("holes", { count: recorded.holes.length })}</summary>
          <Holes of={recorded.holes} />
        </details>
      )}
      {at && !past.refusal.value && <Comparing at={at} recorded={recorded} />}
    </section>
  );
}
