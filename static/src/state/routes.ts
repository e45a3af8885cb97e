/** The URL holds the view: reload, back and a pasted link show the same. Pure: strings in, a Route out, and back again. */

import { kindOf } from "./audit";
import type { AuditKind } from "./audit";

export type Page = "map" | "traffic" | "history";

export interface Selection {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

export interface Route {
  readonly cluster: string;
  readonly page: Page;
  readonly namespace: string;
  readonly query: string;
  readonly problems: boolean;
  readonly table: boolean;
  readonly selection: Selection | null;
  readonly switchId: string;
  /** The change of sizes that History tells, `all` for a list of them; empty for the switches. */
  readonly size: string;
  /** The moment that the map shows, as an ISO time; empty for now. */
  readonly at: string;
  /** What of the audit History shows; null for the switches. With a `switchId`, of that operation alone. */
  readonly audit: AuditKind | null;
  readonly person: string;
  /** The number of the entry before which the shown ones were written; 0 for the newest. */
  readonly before: number;
  /** The switch, or the change of sizes, after which History's list of them begins; empty for the newest. */
  readonly older: string;
  /** The moment that this one is compared with, `now` for now; empty where nothing is compared. */
  readonly until: string;
}

/** A page as it is first opened, without what was chosen on it or on another one. */
export const FRESH = { selection: null, switchId: "", size: "", at: "", until: "", audit: null, person: "", before: 0, older: "" } as const satisfies Partial<Route>;

export function parse(path: string, search: string): Route {
  const [, cluster = "", page = ""] = /^\/c\/([^/]*)\/?([^/]*)/.exec(path) ?? [];
  const values = new URLSearchParams(search);
  const at = momentOf(values.get("at"));
  const until = values.get("until");
  return {
    cluster: decode(cluster),
    page: page === "traffic" || page === "history" ? page : "map",
    namespace: values.get("ns") ?? "",
    query: values.get("q") ?? "",
    problems: values.get("problems") === "1",
    table: values.get("view") === "table",
    selection: selectionOf(values.get("sel")),
    switchId: values.get("switch") ?? "",
    size: values.get("size") ?? "",
    at,
    until: !at ? "" : until === "now" ? until : momentOf(until),
    audit: kindOf(values.get("audit")),
    person: values.get("by") ?? "",
    before: numberOf(values.get("before")),
    older: values.get("older") ?? "",
  };
}

export function format(route: Route): string {
  const values = new URLSearchParams();
  if (route.namespace) values.set("ns", route.namespace);
  if (route.query) values.set("q", route.query);
  if (route.problems) values.set("problems", "1");
  if (route.table) values.set("view", "table");
  if (route.selection) values.set("sel", `${route.selection.kind}/${route.selection.namespace}/${route.selection.name}`);
  if (route.switchId) values.set("switch", route.switchId);
  if (route.size) values.set("size", route.size);
  if (route.at) values.set("at", route.at);
  if (route.audit) values.set("audit", route.audit);
  if (route.person) values.set("by", route.person);
  if (route.before) values.set("before", String(route.before));
  if (route.older) values.set("older", route.older);
  if (route.at && route.until) values.set("until", route.until);
  const query = values.toString().replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `/c/${encodeURIComponent(route.cluster)}/${route.page === "map" ? "" : route.page}${query ? `?${query}` : ""}`;
}

/** Names of Kubernetes have no slash, except that RBAC's may: the rest belongs to the name. */
function selectionOf(text: string | null): Selection | null {
  const [, kind, namespace, name] = /^([^/]+)\/([^/]*)\/(.+)$/.exec(text ?? "") ?? [];
  return kind && name ? { kind, namespace: namespace ?? "", name } : null;
}

/** Only what a clock can say; anything else is now. */
function momentOf(text: string | null): string {
  return text && /^\d{4}-\d\d-\d\dT/.test(text) && !Number.isNaN(Date.parse(text)) ? new Date(text).toISOString() : "";
}

function numberOf(text: string | null): number {
  return text && /^[1-9]\d{0,14}$/.test(text) ? Number(text) : 0;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
