/**
 * The page's state in one place: the picture with counters per kind and node (so that a change of pods does not wake what shows Services or
 * another node), how fresh it is, the route, and what is switchable. Nothing here draws.
 */
import { batch, computed, signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { KINDS } from "../wire/messages";
import type { Contact, FirstPaint, Kind, MissingKind, Pod } from "../wire/messages";
import * as clock from "./clock";
import { freshness } from "./freshness";
import { page } from "./page";
import { Picture } from "./picture";
import type { Of, Touched } from "./picture";
import { NO_PODS } from "./pods";
import * as rest from "./rest";
import * as routes from "./routes";
import type { Route, Selection } from "./routes";

export const picture = new Picture();
const counters = new Map<Kind, Signal<number>>(KINDS.map((kind) => [kind, signal(0)]));
const written = new Map<Kind, Signal<number>>(KINDS.map((kind) => [kind, signal(0)]));
const nodes = new Map<string, Signal<number>>();
export const loaded = signal(false);
/** What is known of a large cluster before it is loaded. */
export const firstPaint = signal<FirstPaint | null>(null);

/** Reading this makes the reader follow every change of this kind. */
export function follow(...kinds: Kind[]): Picture {
  for (const kind of kinds) void counters.get(kind)?.value;
  return picture;
}

/** The same without the states of pods: what objects are called, where they belong and what they are labelled with. */
export function followWritten(...kinds: Kind[]): Picture {
  for (const kind of kinds) void written.get(kind)?.value;
  return picture;
}

/** Reading this makes the reader follow the pods of one node alone; those on none have an empty name. */
export function podsOn(node: string): Pod[] {
  let counter = nodes.get(node);
  if (!counter) nodes.set(node, (counter = signal(0)));
  void counter.value;
  return [...picture.podsOn(node)];
}

export function list<K extends Kind>(kind: K): Of<K>[] {
  return [...follow(kind).all(kind)];
}

export function replaced(isLoaded = true): void {
  batch(() => {
    for (const counter of [...counters.values(), ...written.values(), ...nodes.values()]) counter.value++;
    loaded.value = isLoaded;
  });
}

/** This will show nothing until there is another picture. */
export function forget(): void {
  picture.replace({ objects: [], pods: NO_PODS, members: [], states: [] });
  firstPaint.value = null;
  replaced(false);
}

export function touched(what: Touched): void {
  batch(() => {
    for (const kind of what.kinds) grow(counters.get(kind));
    for (const kind of what.written) grow(written.get(kind));
    for (const node of what.nodes) grow(nodes.get(node));
  });
}

function grow(counter: Signal<number> | undefined): void {
  if (counter) counter.value++;
}

export const contact = signal<Contact | null>(null);
/** When the server's last word would have been heard, had it not come late. */
export const heardAt = signal(0);
const late = signal(0);
export const connected = signal(false);
/** Whether the picture is the server's, and not the one from before a break or from the past. */
export const current = signal(false);
export const endedBecause = signal("");
const noted = signal({ at: 0 });
/** When the picture was last known to be what the cluster is, by the page's steady clock. */
const currentUntil = signal(0);

/** Whether the picture is the server's. Where it is, a page that was one too many has a place again. */
export function follows(isCurrent: boolean): void {
  batch(() => {
    current.value = isCurrent;
    if (isCurrent) endedBecause.value = "";
  });
}

export function hear(told: Contact, lateMs = 0): void {
  batch(() => {
    contact.value = told;
    late.value = lateMs;
    heardAt.value = performance.now() - lateMs;
    if (current.peek()) currentUntil.value = heardAt.peek() - 1000 * (told.contact_age_seconds ?? 0);
    noted.value = { at: performance.now() };
  });
}

export const fresh = computed(() => {
  void clock.now.value;
  void noted.value;
  return freshness(contact.value, heardAt.value, performance.now(), connected.value, loaded.value, current.value ? null : currentUntil.value, late.value);
});

/** The word for a page without a picture: it comes, or something stands in its way. */
export const unseen = computed(() => {
  const { state, reason } = fresh.value;
  return (state === "stale" || state === "lost") && reason !== "no_picture" ? "nothingRead" : "nothingSeen";
});

/** The steady clock stood still for so many milliseconds: what was heard before is as much older. */
export function slept(milliseconds: number): void {
  batch(() => {
    heardAt.value -= milliseconds;
    currentUntil.value -= milliseconds;
  });
}

/** Whether the map shows a moment that is over. */
export const isPast = computed(() => route.value.at !== "");
export const isLive = computed(() => fresh.value.state === "live" && loaded.value && !isPast.value);
export const freshState = computed(() => (isPast.value ? "past" : fresh.value.state));
/** The kinds that the moment shown did not show; null where nobody knows that any more, undefined while now is shown. */
export const missingThen = signal<readonly MissingKind[] | null | undefined>(undefined);
/** The kinds that the picture does not show, of now or of its moment; null where nobody knows. */
export const missing = computed(() => (missingThen.value === undefined ? (contact.value?.missing ?? []) : missingThen.value));

/** Whether objects of the kind may be there and are not seen: none of them is not said to be none. */
export function isMissing(kind: Kind): boolean {
  return missing.value === null || missing.value.some((one) => one.kind === kind);
}

/** How many there are, as text; empty where none is seen since none may be. */
export function countOf(kind: Kind, count: number, say: (count: number) => string): string {
  return count === 0 && isMissing(kind) ? "" : say(count);
}

export const route = signal<Route>(typeof location === "undefined" ? routes.parse("", "") : routes.parse(location.pathname, location.search));

/** This will move to another view of the page. With `keep`, no step for the browser's back button is made. */
export function go(change: Partial<Route>, keep = false): void {
  const next = { ...route.peek(), ...change, ...(change.at === "" && { until: "" }) };
  const address = routes.format(next);
  if (address !== location.pathname + location.search) history[keep ? "replaceState" : "pushState"](null, "", address);
  route.value = next;
}

export function select(selection: Selection | null): void {
  go({ selection }, false);
}

export const selected = computed(() => {
  const selection = route.value.selection;
  if (!selection) return null;
  const kind = selection.kind as Kind;
  return follow(kind).byName(kind, selection.namespace, selection.name) ?? null;
});

export const selectedUid = computed(() => selected.value?.uid ?? "");

export const clusterFacts = signal<rest.Cluster | null>(null);
export const clusterError = signal<rest.Refusal | null>(null);
export const applications = signal<readonly rest.Application[] | null>(null);
export const applicationsError = signal<rest.Refusal | null>(null);
/** Grows with each `operation` message: whoever shows a switch asks again. */
export const operations = signal<{ readonly count: number; readonly id: string }>({ count: 0, id: "" });

/** The `operations` that had been heard of when the applications were last asked for. */
export const settled = signal(0);
/** Requests of this page for a switch that are not answered yet. */
export const requests = signal(0);
/** Whether a switch may have begun or moved on of which the applications do not tell yet. */
export const isMoving = computed(() => requests.value > 0 || settled.value < operations.value.count);

/** One at a time: all calls while an answer is on its way are one more question, asked once it is there. */
function inTurn(ask: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let waiting: Promise<void> | null = null;
  const run = (): Promise<void> => (running = ask().finally(() => {
    if (!waiting) running = null;
  }));
  const next = (): Promise<void> => {
    waiting = null;
    return run();
  };
  return () => (running ? (waiting ??= running.then(next, next)) : run());
}

/** Which switches and changes of sizes are open, and how far the latter are. */
function openOf(told: readonly rest.Application[]): string {
  return JSON.stringify(told.flatMap(({ open_switch: open, sizing }) => [open, sizing?.id, sizing?.state]).filter(Boolean));
}

export const loadApplications = inTurn(async () => {
  const { count } = operations.peek();
  let refusal: rest.Refusal | null = null;
  let found: readonly rest.Application[] | null = null;
  try {
    found = await rest.applications(page.cluster);
  } catch (error) {
    if (!(error instanceof rest.Refusal)) throw error;
    refusal = error;
  }
  batch(() => {
    const before = applications.peek();
    applications.value = found ?? before;
    applicationsError.value = refusal;
    settled.value = Math.max(settled.peek(), count);
    if (!found || !before || openOf(found) === openOf(before)) return;
    // Whoever shows operations is told of it here as well, since the ring may have been lost; the applications tell of it already.
    operations.value = { ...operations.peek(), count: operations.peek().count + 1 };
    settled.value++;
  });
});

/** An operation has moved on, or with an empty `id` something about the cluster itself: this will ask for what that may have changed. */
export function moved(id: string): void {
  operations.value = { count: operations.peek().count + 1, id };
  if (!id) void loadCluster();
  void loadApplications();
}

/** This will ask for a switch, and tell of it as soon as the applications do. */
export async function begin(ask: () => Promise<unknown>): Promise<void> {
  requests.value++;
  try {
    await ask();
    await loadApplications();
  } finally {
    requests.value--;
  }
}

export const loadCluster = inTurn(async () => {
  let refusal: rest.Refusal | null = null;
  let found: rest.Cluster | null = null;
  try {
    found = await rest.clusterFacts(page.cluster);
  } catch (error) {
    if (!(error instanceof rest.Refusal)) throw error;
    refusal = error;
  }
  batch(() => {
    clusterFacts.value = found ?? clusterFacts.peek();
    clusterError.value = refusal;
  });
});
