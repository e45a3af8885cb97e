/** The URL holds the view: reload, back and a pasted link show the same. Pure: strings in, a Route out, and back again. */

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
  /** The moment that the map shows, as an ISO time; empty for now. */
  readonly at: string;
}

export function parse(path: string, search: string): Route {
  const [, cluster = "", page = ""] = /^\/c\/([^/]*)\/?([^/]*)/.exec(path) ?? [];
  const values = new URLSearchParams(search);
  return {
    cluster: decode(cluster),
    page: page === "traffic" || page === "history" ? page : "map",
    namespace: values.get("ns") ?? "",
    query: values.get("q") ?? "",
    problems: values.get("problems") === "1",
    table: values.get("view") === "table",
    selection: selectionOf(values.get("sel")),
    switchId: values.get("switch") ?? "",
    at: momentOf(values.get("at")),
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
  if (route.at) values.set("at", route.at);
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

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
