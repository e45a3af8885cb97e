/**
 * What was seen before. While the route names a moment, the picture is that moment's and what happens now is not applied to it; back in the
 * present the connection is asked for the whole picture again.
 */
import { signal } from "@preact/signals";
import type { Whole } from "../wire/messages";
import { page } from "./page";
import * as rest from "./rest";
import { NO_PODS } from "./pods";
import * as store from "./store";

/** The moment whose picture is shown, and how fresh it was then; null while it is on its way, and now. */
export const shown = signal<{ readonly at: string; readonly state: string } | null>(null);
export const refusal = signal<rest.Refusal | null>(null);

/** This will show the picture of a moment, or say why it cannot. An answer that came too late is dropped. */
export async function show(at: string): Promise<void> {
  refusal.value = null;
  try {
    const found = await rest.topologyAt(page.cluster, at);
    if (store.route.peek().at !== at) return;
    store.picture.replace(wholeOf(found));
    store.missingThen.value = found.missing;
    store.replaced();
    shown.value = { at, state: found.state };
  } catch (error) {
    if (!(error instanceof rest.Refusal)) throw error;
    if (store.route.peek().at === at) refusal.value = error;
  }
}

/** This will forget the past: what is shown next is now. */
export function leave(): void {
  shown.value = null;
  store.missingThen.value = undefined;
  refusal.value = null;
}

/** The same picture by rows, as the stream tells it, with every pod written out. */
export function wholeOf(found: rest.Topology): Whole {
  return { objects: found.objects.map((record, index) => [index + 1, record]), pods: NO_PODS, members: [], states: [] };
}
