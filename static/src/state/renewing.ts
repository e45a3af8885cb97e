/** What the page asks for again by itself, beside the stream: what it may have missed, and what was refused. */
import { computed, effect, untracked } from "@preact/signals";
import type { Signal } from "@preact/signals";
import * as clock from "./clock";
import type { Refusal } from "./rest";
import * as store from "./store";

export const AGAIN_AFTER_MS = 2_000;
const SETTLES_AFTER_MS = 150;
const LATEST_AFTER_MS = 2_000;
const SPREAD_MS = 2_000;

/**
 * What becomes of an operation is told once, to whoever is there. This will ask for it each time the page is live again: not at once, since all tabs
 * are live again with it, except where somebody waits for what was asked for here.
 */
export function afterBreaks(): () => void {
  let isFirst = true;
  return effect(() => {
    if (!store.isLive.value) return;
    const again = !isFirst;
    isFirst = false;
    if (!again) return;
    if (store.requests.peek()) return untracked(() => store.moved(""));
    const timer = setTimeout(() => store.moved(""), Math.random() * SPREAD_MS);
    return () => clearTimeout(timer);
  });
}

/** This will ask again for as long as the last answer was a refusal and the page is connected. */
export function untilAnswered(refusal: Signal<Refusal | null>, ask: () => Promise<void>): () => void {
  return effect(() => {
    if (!refusal.value || !store.connected.value) return;
    const timer = setTimeout(() => void ask(), AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  });
}

/** A change is told of by a ring that is lost with whoever rings. This will ask every five seconds for as long as an operation is open. */
export function whileOpen(): () => void {
  const isOpen = computed(() => store.connected.value && (store.applications.value ?? []).some((one) => one.open_switch || one.sizing));
  return effect(() => {
    if (!isOpen.value) return;
    const since = clock.fives.peek();
    return effect(() => {
      if (clock.fives.value !== since) void store.loadApplications();
    });
  });
}

/** This will ask when what the answer follows from has settled, and from time to time where it never does; not while that is null. */
export function afterChanges(factsOf: () => string | null, ask: () => unknown): () => void {
  let asked: string | null = null;
  let latest: number | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return effect(() => {
    const facts = factsOf();
    if (facts === null || facts === asked) return;
    asked = facts;
    latest ??= performance.now() + LATEST_AFTER_MS;
    clearTimeout(timer);
    timer = setTimeout(() => {
      latest = null;
      ask();
    }, Math.min(SETTLES_AFTER_MS, latest - performance.now()));
  });
}
