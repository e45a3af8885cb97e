/** What the page asks for again by itself, beside the stream. */
import { effect } from "@preact/signals";
import * as store from "./store";

/** What becomes of an operation is told once, to whoever is there. This will ask for it each time the page is live again. */
export function afterBreaks(): () => void {
  let isFirst = true;
  return effect(() => {
    if (!store.isLive.value) return;
    if (!isFirst) store.moved("");
    isFirst = false;
  });
}
