/**
 * What was seen before. While the route names a moment, the picture is that moment's and what happens now is not applied to it; back in the
 * present the connection is asked for the whole picture again.
 */
import { computed, signal } from "@preact/signals";
import type { Whole } from "../wire/messages";
import { page } from "./page";
import * as rest from "./rest";
import { NO_PODS } from "./pods";
import * as store from "./store";

/** A slider's step, in milliseconds. */
export const SECOND = 1000;
/** The moment whose picture is shown, and how fresh it was then; null while the first one is on its way, and now. */
export const shown = signal<{ readonly at: string; readonly state: string } | null>(null);
export const refusal = signal<rest.Refusal | null>(null);
/** Whether the moment asked for is on its way, and what is there is another one's picture, or now's. */
export const isComing = computed(() => store.isPast.value && !refusal.value && shown.value?.at !== store.route.value.at);

const SETTLES_AFTER_MS = 200;
const AGAIN_AFTER_MS = 2_000;
let asking = new AbortController();

/**
 * This will show the picture of a moment, or say why it cannot. Whoever is at another moment meanwhile has given this one up; what the server has no
 * room for now is asked for again.
 */
export async function show(at: string): Promise<void> {
  asking.abort();
  const { signal } = (asking = new AbortController());
  refusal.value = null;
  await passed(SETTLES_AFTER_MS);
  while (!signal.aborted && !(await isAnswered(at, signal))) await passed(AGAIN_AFTER_MS);
}

/** Whether asking again would give nothing else. */
async function isAnswered(at: string, signal: AbortSignal): Promise<boolean> {
  try {
    const found = await rest.topologyAt(page.cluster, at, signal);
    if (signal.aborted) return true;
    store.picture.replace(wholeOf(found));
    store.missingThen.value = found.missing;
    store.replaced();
    shown.value = { at, state: found.state };
    refusal.value = null;
    return true;
  } catch (error) {
    if (!(error instanceof rest.Refusal)) throw error;
    if (!signal.aborted) refusal.value = error;
    return error.status !== 503;
  }
}

function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** This will forget the past: what is shown next is now, and nothing until that is there. */
export function leave(): void {
  asking.abort();
  store.forget();
  shown.value = null;
  store.missingThen.value = undefined;
  refusal.value = null;
}

/** The same picture by rows, as the stream tells it, with every pod written out. */
export function wholeOf(found: rest.Topology): Whole {
  return { objects: found.objects.map((record, index) => [index + 1, record]), pods: NO_PODS, members: [], states: [] };
}

/** A time of which nothing is known, between the last moment before it that was recorded and the first one after it; null where there is none. */
export interface Gap {
  readonly before: number | null;
  readonly after: number | null;
}

/**
 * What the list of recorded times is asked for again for, as the answer before stands: another moment that is looked at, another state, each five
 * seconds while a hole has no end yet, else each thirty.
 */
export function renewalOf(recorded: rest.Recorded | null, at: string, state: string, fives: number): string {
  const isOpen = recorded?.holes.at(-1)?.until === null;
  return `${at} ${state} ${isOpen} ${Math.floor(fives / (isOpen ? 1 : 6))}`;
}

/** The gap that a moment lies in, if any. */
export function gapAt(spans: readonly rest.Span[], moment: number): Gap | null {
  let before: number | null = null;
  let after: number | null = null;
  for (const one of spans) {
    const since = Date.parse(one.since);
    const until = Date.parse(one.until);
    if (since <= moment && moment <= until) return null;
    if (until < moment) before = Math.max(before ?? until, until);
    else after = Math.min(after ?? since, since);
  }
  return { before, after };
}

/** A part of the time from `begin` to `end`, in percent of it. */
export interface Mark {
  readonly kind: "hole" | "notLive";
  readonly left: number;
  readonly width: number;
}

/** The times in which what was recorded was not live, but for those that no step of a slider stands in: each observer begins with one. */
export function notLive(spans: readonly rest.Span[]): rest.Span[] {
  return spans.filter((one) => one.state !== "live" && Date.parse(one.until) - Date.parse(one.since) >= SECOND);
}

/** Where nothing was recorded, and where what was recorded was not live. */
export function marksOf(recorded: rest.Recorded, begin: number, end: number): Mark[] {
  const mark = (kind: Mark["kind"], since: string, until: string | null): Mark => {
    const left = (100 * (Date.parse(since) - begin)) / (end - begin);
    return { kind, left, width: (100 * ((until === null ? end : Date.parse(until)) - begin)) / (end - begin) - left };
  };
  return [
    ...notLive(recorded.spans).map((one) => mark("notLive", one.since, one.until)),
    ...recorded.holes.map((one) => mark("hole", one.since, one.until)),
  ];
}
