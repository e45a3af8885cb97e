/** What the tools above the map leave in sight: namespace, search text, problems only. Pure. */
import type { AnyRecord } from "../wire/messages";
import type { Route } from "./routes";

export type Sought = Pick<Route, "namespace" | "query" | "problems">;

/** Whether anything is sought at all; without it nothing is dimmed. */
export function seeking(sought: Sought): boolean {
  return sought.namespace !== "" || sought.query.trim() !== "" || sought.problems;
}

/** Whether the record is among what is sought. Objects without a namespace are in every namespace. */
export function fits(record: AnyRecord, sought: Sought, problems: ReadonlySet<string>): boolean {
  if (sought.namespace && record.namespace && record.namespace !== sought.namespace) return false;
  if (sought.problems && !problems.has(record.uid)) return false;
  const text = sought.query.trim().toLowerCase();
  return text === "" || `${record.namespace}/${record.name}`.toLowerCase().includes(text);
}
