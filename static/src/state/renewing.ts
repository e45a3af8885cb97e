/** What the page asks for again by itself, beside the stream: what it may have missed, and what was refused. */
import { effect } from "@preact/signals";
import type { Signal } from "@preact/signals";
import type { Refusal } from "./rest";
import * as store from "./store";

const AGAIN_AFTER_MS = 2_000;

/** What becomes of an operation is told once, to whoever is there. This will ask for it each time the page is live again. */
export function afterBreaks(): () => void {
  let isFirst = true;
  return effect(() => {
    if (!store.isLive.value) return;
    if (!isFirst) store.moved("");
    isFirst = false;
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
