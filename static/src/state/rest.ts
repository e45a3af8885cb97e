/** The REST calls of the page and the shapes they answer with (`/api/v1`). Refusals are thrown as `Refusal`, with the server's code. */
import type { AnyRecord, MissingKind } from "../wire/messages";

export interface Side {
  readonly value: string;
  readonly workload: string;
  readonly workload_kind: string;
  readonly version: string;
  readonly image: string;
  readonly ready: number;
  readonly wanted: number;
  readonly created_at: number | string | null;
}

/** One number of an object: an autoscaler's least, or how many pods a workload wants. `stands` while it is `to` by the operation's doing. */
export interface Count {
  readonly kind: string;
  readonly name: string;
  readonly was: number;
  readonly to: number;
  readonly stands: boolean;
}

/** One change of sizes of one side. */
export interface Size {
  readonly id: string;
  readonly namespace: string;
  readonly service: string;
  readonly side: string;
  readonly purpose: "keep" | "warm_up" | "scale_down";
  readonly state: string;
  readonly open: boolean;
  readonly actor: string;
  readonly requested_at: string;
  readonly reason: string;
  readonly held_for: string;
  /** The reason, or what it waits for, in English words. */
  readonly sentence: string;
  readonly detail: string;
  readonly target: number;
  readonly numbers: readonly Count[];
  readonly entries: readonly Entry[];
  /** As of a switch. */
  readonly differs: readonly string[];
}

export interface Keeping {
  readonly switch: string;
  readonly until: string;
  /** The label whose value was moved from one to the other. */
  readonly key: string;
  readonly from: string;
  readonly to: string;
  /** Of a switch that was asked for together with others. */
  readonly group: string | null;
  /** How its autoscaler is kept from making it smaller; null where it has none that could. */
  readonly hold: Size | null;
}

/** The side that the last switch has left. */
export interface Left {
  readonly switch: string;
  readonly side: string;
}

/** The Services that can be switched between the same workloads by the same key. */
export interface Group {
  readonly id: string;
  readonly services: readonly string[];
}

export interface Application {
  readonly namespace: string;
  readonly service: string;
  readonly service_uid: string;
  readonly strategy: "selector" | "route" | "ratio" | "none";
  readonly key: string;
  readonly live: string;
  readonly sides: readonly Side[];
  readonly group: Group | null;
  readonly why_not: string | null;
  readonly why_not_params: Readonly<Record<string, string>>;
  readonly why_not_sentence: string;
  readonly why_not_remedy: string;
  readonly open_switch: string | null;
  readonly keeping: Keeping | null;
  readonly left: Left | null;
  /** The last switch, where somebody else has changed the selector after its success. */
  readonly reverted: string | null;
  /** The last switch, where it was left to a person half-way and can be taken back. */
  readonly half_done: string | null;
  /** The newest switch, where it ended less than an hour ago and otherwise than anybody asked for. */
  readonly failed: Switch | null;
  /** A warm-up or scaling down that is open. */
  readonly sizing: Size | null;
  /** The last warm-up that has ended since traffic moved. */
  readonly warm_up: Size | null;
}

export interface Ref {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Check {
  readonly code: string;
  readonly level: "ok" | "info" | "warn" | "block";
  readonly params: Readonly<Record<string, string>>;
  readonly objects: readonly Ref[];
  readonly sentence?: string;
  readonly remedy?: string;
}

/** What to write so that `tool` does not write another selector; `text` is YAML. */
export interface Recipe {
  readonly tool: string;
  readonly code: string;
  readonly title: string;
  readonly note: string;
  readonly text: string;
}

/** What a switch of one Service would check and send. */
export interface Preview {
  readonly service: string;
  readonly checks: readonly Check[];
  readonly recipes: readonly Recipe[];
  readonly ready: boolean;
  readonly patch: readonly unknown[];
  readonly kubectl: string;
  readonly from: string;
  readonly to: string;
  readonly expected_selector: Readonly<Record<string, string>>;
  readonly new_selector: Readonly<Record<string, string>>;
  /** How long both sides take traffic before the old one is left. */
  readonly overlap_seconds: number;
}

export interface Preflight extends Preview {
  /** What was shown, signed: a request with it is for that and nothing else. */
  readonly confirm: string;
}

/** The same of several Services, in the order in which they would be switched. */
export interface GroupPreflight {
  readonly members: readonly Preview[];
  readonly ready: boolean;
  readonly confirm: string;
}

export interface SizePreview {
  readonly checks: readonly Check[];
  readonly ready: boolean;
  readonly target: number;
  readonly numbers: readonly Count[];
}

export interface Switch {
  readonly id: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly service: string;
  readonly from: string;
  readonly to: string;
  readonly key: string;
  readonly state: string;
  readonly open: boolean;
  readonly actor: string;
  readonly requested_at: string;
  /** How long after the request the endpoints were those of the other side; null before that. */
  readonly moved_seconds: number | null;
  readonly finished_at: string | null;
  readonly overlap_seconds: number;
  readonly keeping_old_until: string | null;
  readonly reverses: string | null;
  readonly applied_at: string | null;
  readonly reason: string;
  readonly held_for: string;
  /** The reason, or what it waits for, in English words. */
  readonly sentence: string;
  readonly detail: string;
  /** What the database's row says otherwise than the audit; all that is here is as the audit says. */
  readonly differs: readonly string[];
}

export interface Entry {
  readonly sequence: number;
  /** Null where what stands there is no time any more. */
  readonly at: string | null;
  readonly actor: string;
  readonly action: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** What may be known of from where somebody asked. */
export const PLACES = ["session", "token", "address", "forwarded_for", "request"] as const;

/** An entry as the whole audit shows it. */
export interface AuditEntry extends Entry {
  /** Empty where it belongs to none. */
  readonly cluster: string;
  /** The switch or change of sizes that it belongs to. */
  readonly operation: string | null;
  readonly subject: string;
  /** What is wrong with it, in English sentences. */
  readonly problems: readonly string[];
  /** Which session or token, from which address; empty for who is no administrator, and where nobody knows. */
  readonly asked_from: Readonly<Partial<Record<(typeof PLACES)[number], string>>>;
}

/** Which entries are asked for; what is empty leaves nothing out. */
export interface AuditQuery {
  readonly actions: readonly string[];
  readonly person: string;
  readonly operation: string;
  readonly before: number;
  readonly limit: number;
}

export interface SwitchStory extends Switch {
  readonly entries: readonly Entry[];
  readonly steps: readonly { readonly name: string; readonly state: string }[];
  readonly can_go_back: boolean;
  readonly sizes: readonly Size[];
  readonly recipes: readonly Recipe[];
}

export interface Cluster {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly armed: boolean;
  readonly armed_at: string | null;
  /** When the database was found to be older than the cluster. */
  readonly frozen_at: string | null;
  /** Effects that the database does not know, with the object that carries each. */
  readonly lost_marks: Readonly<Record<string, string>>;
  readonly armed_by: string | null;
  /** What was armed is known by its address and CA alone. */
  readonly identity_is_weak: boolean;
  /** What lets others on the way answer in the cluster's place. */
  readonly connection: "" | "unverified" | "unencrypted";
  readonly read_only: boolean;
}

/** A time in which was recorded. */
export interface Span {
  readonly since: string;
  readonly until: string;
  readonly state: "live" | "stale" | "lost";
}

/** A time of which nothing is known; `until` is null where nothing has been recorded since. */
export interface Hole {
  readonly since: string;
  readonly until: string | null;
}

export interface Recorded {
  readonly hours: number;
  readonly spans: readonly Span[];
  readonly holes: readonly Hole[];
}

/** What was seen at a moment, how fresh that was then, and which kinds it did not show; null where nobody knows that any more. */
export interface Topology {
  readonly objects: readonly AnyRecord[];
  readonly state: string;
  readonly missing: readonly MissingKind[] | null;
}

export interface Named {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One of two moments, how fresh its picture was, and which kinds it did not show; null where nobody knows that any more. */
export interface Compared {
  readonly at: string;
  readonly state: string;
  readonly missing: readonly MissingKind[] | null;
}

export interface Differences {
  readonly before: Compared;
  readonly after: Compared;
  /** Between the two. */
  readonly holes: readonly Hole[];
  /** Kinds that were not seen alike at both. */
  readonly not_compared: readonly string[];
  readonly appeared: readonly Named[];
  readonly gone: readonly Named[];
  /** `fields` are those that differ, each as [before, after]. */
  readonly changed: readonly (Named & { readonly fields: Readonly<Record<string, readonly [unknown, unknown]>> })[];
}

/** Words of the cluster itself, by language. */
export interface Both {
  readonly en: string;
  readonly ko: string;
}

/** One button of a practice cluster. */
export interface Act {
  readonly name: string;
  readonly title: Both;
  readonly does: Both;
}

export interface Played {
  readonly name: string;
  readonly title: Both;
  readonly changed: readonly Ref[];
}

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly sentence: string,
    readonly body: Readonly<Record<string, unknown>>,
  ) {
    super(`${status} ${code}`);
  }
}

const WITHIN_MS = 15_000;
const PICTURE_WITHIN_MS = 60_000;

const cluster = (id: string): string => `/api/v1/clusters/${encodeURIComponent(id)}`;
const listed = (id: string, limit: number, before: string): URLSearchParams =>
  new URLSearchParams({ cluster: id, limit: String(limit), ...(before && { before }) });
const one = (id: string): string => `/api/v1/switches/${encodeURIComponent(id)}`;

/** Whether the server says that nobody is signed in here; not where it says nothing. */
export const isSignedOut = (): Promise<boolean> => call("GET", "/api/v1/me").then(
  () => false,
  (error: unknown) => error instanceof Refusal && error.status === 401,
);
export const clusterFacts = (id: string): Promise<Cluster> => call("GET", cluster(id));
export const recorded = (id: string): Promise<Recorded> => call("GET", `${cluster(id)}/recorded`);
/** A whole picture may be large: it has longer to come than other answers, and `signal` gives it up. */
export const topologyAt = async (id: string, at: string, signal: AbortSignal): Promise<Topology> => {
  const limit = AbortSignal.timeout(PICTURE_WITHIN_MS);
  const path = `${cluster(id)}/topology?${new URLSearchParams({ at, links: "false" })}`;
  try {
    return await call("GET", path, undefined, {}, AbortSignal.any([signal, limit]));
  } catch (error) {
    throw limit.aborted ? new Refusal(0, "too_slow", "", {}) : error;
  }
};
/** Without `until`, up to now. */
export const differences = (id: string, since: string, until: string): Promise<Differences> =>
  call("GET", `${cluster(id)}/differences?${new URLSearchParams(until ? { since, until } : { since })}`);
/** `everything`: also the Services that cannot be switched, each with the reason. */
export const applications = (id: string, everything = false): Promise<Application[]> =>
  call("GET", `${cluster(id)}/applications${everything ? "?all=true" : ""}`);
export const preflight = (id: string, namespace: string, service: string, to: string): Promise<Preflight> =>
  call("GET", `${cluster(id)}/preflight?${new URLSearchParams({ namespace, service, to })}`);
export const groupPreflight = (id: string, namespace: string, services: readonly string[], to: string): Promise<GroupPreflight> =>
  call("GET", `${cluster(id)}/groups/preflight?${new URLSearchParams([["namespace", namespace], ["to", to], ...services.map((one) => ["services", one])])}`);
/** Those that are older than the one `before`; without it the newest. */
export const switches = (id: string, limit: number, before = ""): Promise<Switch[]> => call("GET", `/api/v1/switches?${listed(id, limit, before)}`);
export const story = (id: string): Promise<SwitchStory> => call("GET", one(id));
export const back = (id: string): Promise<{ id: string; state: string }> => call("POST", `${one(id)}/back`, {});
export const keep = (id: string, minutes: number): Promise<unknown> => call("POST", `${one(id)}/keep`, { minutes });
export const leave = (id: string): Promise<unknown> => call("POST", `${one(id)}/leave`, {});
export const audit = (asked: AuditQuery): Promise<AuditEntry[]> => {
  const { person, operation } = asked;
  const named = Object.entries({ person, operation, before: asked.before ? String(asked.before) : "" }).filter(([, value]) => value);
  return call("GET", `/api/v1/audit?${new URLSearchParams([["limit", String(asked.limit)], ...named, ...asked.actions.map((one) => ["action", one])])}`);
};
type Begun = Promise<{ id: string; state: string }>;
export const lookAtScaleDown = (id: string): Promise<SizePreview> => call("GET", `${one(id)}/scale-down`);
export const scaleDown = (id: string): Begun => call("POST", `${one(id)}/scale-down`, { replicas: 0 });
export const lookAtWarmUp = (id: string, namespace: string, service: string, to: string): Promise<SizePreview> =>
  call("GET", `${cluster(id)}/warm-up?${new URLSearchParams({ namespace, service, to })}`);
export const warmUp = (id: string, body: { namespace: string; service: string; to: string; target: number }, key: string): Begun =>
  call("POST", `${cluster(id)}/warm-ups`, body, { "Idempotency-Key": key });
export const sizes = (id: string, limit: number, before = ""): Promise<Size[]> => call("GET", `/api/v1/sizes?${listed(id, limit, before)}`);
export const size = (id: string): Promise<Size> => call("GET", `/api/v1/sizes/${encodeURIComponent(id)}`);
export const cancelSize = (id: string): Begun => call("POST", `/api/v1/sizes/${encodeURIComponent(id)}/cancel`, {});
/** `looked` are the marks of a frozen cluster whose objects whoever allows switching was shown. */
export const arm = (id: string, looked: readonly string[]): Promise<{ armed: boolean }> =>
  call("POST", `${cluster(id)}/arm?${new URLSearchParams(looked.map((mark) => ["looked", mark]))}`, {});
export const disarm = (id: string): Promise<{ armed: boolean }> => call("POST", `${cluster(id)}/disarm`, {});

export const acts = (id: string): Promise<Act[]> => call("GET", `${cluster(id)}/acts`);
export const play = (id: string, act: string): Promise<Played> => call("POST", `${cluster(id)}/acts/${encodeURIComponent(act)}`, {});

export interface Request {
  readonly namespace: string;
  readonly service: string;
  readonly to: string;
  readonly expected: Readonly<Record<string, string>>;
  readonly accept: readonly string[];
  readonly keep_seconds: number;
  readonly confirm: string;
}

export const request = (id: string, body: Request, key: string): Promise<{ id: string; state: string }> =>
  call("POST", `${cluster(id)}/switches`, body, { "Idempotency-Key": key });

export interface GroupRequest {
  readonly namespace: string;
  readonly services: readonly string[];
  readonly to: string;
  /** The selector of each Service as it is on screen. */
  readonly expected: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly accept: readonly string[];
  readonly keep_seconds: number;
  readonly confirm: string;
}

/** Begins the switches of several Services, checked as a whole and done in this order. */
export const requestGroup = (id: string, body: GroupRequest, key: string): Promise<unknown> =>
  call("POST", `${cluster(id)}/groups`, body, { "Idempotency-Key": key });

/** What becomes of one of a group that is taken back; `left` is why nothing is written to its Service, empty where it goes back. */
export interface TakenBack {
  readonly id: string;
  readonly service: string;
  readonly left: string;
  readonly by: string;
  readonly sentence: string;
}

/** Takes the switches of a group back, the last one first. */
export const groupBack = (group: string): Promise<TakenBack[]> => call("POST", `/api/v1/switches/groups/${encodeURIComponent(group)}/back`, {});

export function csrfToken(cookies: string): string {
  return /(?:^|;\s*)csrftoken=([^;]*)/.exec(cookies)?.[1] ?? "";
}

const noServer = (): Refusal => new Refusal(0, "no_server", "", {});

/** Whoever asks gets an answer that was read to its end, or a Refusal. */
async function call<T>(
  method: string, path: string, body?: unknown, headers: Record<string, string> = {}, signal = AbortSignal.timeout(WITHIN_MS),
): Promise<T> {
  const sent: Record<string, string> = body === undefined ? {} : { "Content-Type": "application/json", "X-CSRFToken": csrfToken(document.cookie) };
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      headers: { Accept: "application/json", ...sent, ...headers },
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "same-origin",
      signal,
    });
  } catch {
    throw noServer();
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok && answer !== undefined) return answer as T;
  if (response.ok) throw noServer();
  const told = (answer ?? {}) as Record<string, unknown>;
  throw new Refusal(response.status, String(told["code"] ?? `http-${response.status}`), String(told["sentence"] ?? ""), told);
}
