/**
 * What is told to who hears the page, in one place that is always there: a part of a view that comes or goes with its words is often not announced.
 * Whoever sees the page sees the same beside the Service.
 */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { reasonOf, refusalOf, stateWord } from "../i18n/switching";
import { t } from "../i18n/words";
import { page } from "../state/page";
import * as rest from "../state/rest";
import * as store from "../state/store";
import { seconds } from "./moments";

const told = signal("");

export function Told(): JSX.Element {
  const facts = store.clusterFacts.value;
  const isOff = facts && !page.readOnly ? offBecause() !== "" : null;
  const before = useRef(isOff);
  useEffect(() => {
    if (isOff !== null && before.current === !isOff) told.value = offBecause();
    before.current = isOff;
  }, [isOff]);
  return <p class="visually-hidden" role="status" data-testid="told">{told.value}</p>;
}

/** Why nobody can switch in this cluster at the moment; empty where that is possible. */
export function offBecause(): string {
  const facts = store.clusterFacts.value;
  if (facts?.frozen_at) return t("frozen", { objects: Object.values(facts.lost_marks).join(", ") });
  return facts && !facts.armed ? t("notArmed", { cluster: page.clusterName }) : "";
}

/** This will tell when a switch of the application begins, and how it ended once it is over. */
export function useTold({ service, open_switch: open }: rest.Application): void {
  const before = useRef(open);
  useEffect(() => {
    const ended = before.current;
    before.current = open;
    if (open === ended) return;
    if (open) told.value = t("switchBegun", { service });
    if (ended) void rest.story(ended).then((one) => (told.value = endOf(one)), (error: unknown) => {
      if (!(error instanceof rest.Refusal)) throw error;
      told.value = t("switchOver", { service, refusal: refusalOf(error) });
    });
  }, [open]);
}

/** How long after the click traffic had moved, in words; empty where it has not. */
export function movedOf({ moved_seconds: moved, state }: rest.Switch): string {
  return moved !== null && state === "succeeded" ? t("movedAfter", { time: seconds(1000 * moved) }) : "";
}

function endOf(one: rest.Switch): string {
  const how = [stateWord(one.state), movedOf(one), reasonOf(one)].filter(Boolean).join(" · ");
  return `${t("switchOf", { service: one.service, from: one.from, to: one.to })}: ${how}`;
}
