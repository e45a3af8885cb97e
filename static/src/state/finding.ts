/** What the tools above the map leave in sight: namespace, search text, problems only. Pure. */
import { KINDS } from "../wire/messages";
import type { AnyRecord } from "../wire/messages";
import { byNamespaceAndName, firstOf } from "./ordering";
import type { Picture } from "./picture";
import type { Route } from "./routes";

export type Sought = Pick<Route, "namespace" | "query" | "problems">;

export const NO_UIDS: ReadonlySet<string> = new Set();

/** Whether anything is sought at all; without it nothing is dimmed. */
export function seeking(sought: Sought): boolean {
  return sought.namespace !== "" || sought.query.trim() !== "" || sought.problems;
}

/** Whether the record is among what is sought. Objects without a namespace are in every namespace. */
export function fits(record: Pick<AnyRecord, "uid" | "namespace" | "name">, sought: Sought, problems: ReadonlySet<string>): boolean {
  if (sought.namespace && record.namespace && record.namespace !== sought.namespace) return false;
  if (sought.problems && !problems.has(record.uid)) return false;
  const text = sought.query.trim().toLowerCase();
  return text === "" || `${record.namespace}/${record.name}`.toLowerCase().includes(text);
}

function* fitting(records: Iterable<AnyRecord>, sought: Sought, problems: ReadonlySet<string>): Generator<AnyRecord> {
  for (const record of records) if (fits(record, sought, problems)) yield record;
}

/** The first `most` of what is sought, by kind, namespace and name, and how many there are. Kinds of which none is among the first need no order. */
export function first(picture: Picture, sought: Sought, problems: ReadonlySet<string>, most: number): { rows: AnyRecord[]; count: number } {
  const rows: AnyRecord[] = [];
  let count = 0;
  for (const kind of KINDS) {
    if (rows.length === most && !seeking(sought)) {
      count += picture.count(kind);
      continue;
    }
    const found = firstOf<AnyRecord>(fitting(picture.all(kind), sought, problems), most - rows.length, byNamespaceAndName);
    count += found.count;
    rows.push(...found.first);
  }
  return { rows, count };
}
