/** What the server says about this page and its reader: the attributes of `#app`, read once. */

export interface Page {
  readonly cluster: string;
  readonly clusterName: string;
  readonly clusters: readonly { readonly id: string; readonly name: string }[];
  readonly person: string;
  readonly role: "viewer" | "operator" | "admin";
  readonly readOnly: boolean;
  readonly practice: boolean;
  readonly signOut: string;
  readonly language: string;
}

export function read(data: Readonly<Record<string, string | undefined>>): Page {
  const clusters = clustersOf(data["clusters"]);
  const cluster = data["cluster"] ?? "";
  const role = data["role"];
  return {
    cluster,
    clusterName: data["clusterName"] || clusters.find((one) => one.id === cluster)?.name || cluster,
    clusters,
    person: data["person"] ?? "",
    role: role === "admin" || role === "operator" ? role : "viewer",
    readOnly: /^true$/i.test(data["readOnly"] ?? ""),
    practice: data["practice"] === "true",
    signOut: data["signOut"] || "/sign-out",
    language: data["language"] ?? "",
  };
}

function clustersOf(text: string | undefined): Page["clusters"] {
  try {
    const value: unknown = JSON.parse(text ?? "[]");
    if (!Array.isArray(value)) return [];
    return value.map((one: unknown) => {
      if (typeof one === "string") return { id: one, name: one };
      const { id, name } = one as { id: unknown; name?: unknown };
      return { id: String(id), name: String(name ?? id) };
    });
  } catch {
    return [];
  }
}

const element = typeof document === "undefined" ? null : document.getElementById("app");

export const page: Page = read({ ...element?.dataset });
