/**
 * The browser's picture: records by row, links by row, and the few indexes that follow from them without thought.
 *
 * Maps and Sets everywhere, so that an object called `__proto__` or `constructor` is an object like any other. A drop or a cut of something
 * that is not there means that a change was missed; it throws, and the connection starts again.
 */
import type { AnyRecord, Kind, LinkKind, RowChange, Whole } from "../wire/messages";

export class Gap extends Error {}

export type Of<K extends Kind> = Extract<AnyRecord, { kind: K }>;
type Links = Map<number, Map<LinkKind, Set<number>>>;

export interface Touched {
  readonly kinds: Set<Kind>;
  /** What was put: new, or changed. */
  readonly uids: Set<string>;
  links: boolean;
}

export function nameKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

export class Picture {
  readonly records = new Map<number, AnyRecord>();
  private readonly rowsByUid = new Map<string, number>();
  private readonly rowsByName = new Map<string, number>();
  private readonly kinds = new Map<Kind, Map<number, AnyRecord>>();
  private readonly from: Links = new Map();
  private readonly to: Links = new Map();

  replace(whole: Whole): void {
    for (const index of [this.records, this.rowsByUid, this.rowsByName, this.kinds, this.from, this.to]) index.clear();
    for (const [row, record] of whole.objects) this.put(row, record);
    for (const [link, source, target] of whole.links) this.link(link, source, target);
  }

  apply(changes: readonly RowChange[]): Touched {
    const touched: Touched = { kinds: new Set(), uids: new Set(), links: false };
    for (const change of changes) {
      switch (change.op) {
        case "put":
          this.put(change.row, change.object);
          touched.kinds.add(change.object.kind);
          touched.uids.add(change.object.uid);
          break;
        case "drop":
          touched.kinds.add(this.drop(change.row));
          break;
        case "link":
          this.link(change.link, change.source, change.target);
          touched.links = true;
          break;
        case "unlink":
          this.unlink(change.link, change.source, change.target);
          touched.links = true;
          break;
      }
    }
    return touched;
  }

  all<K extends Kind>(kind: K): IterableIterator<Of<K>> {
    return (this.kinds.get(kind)?.values() ?? [].values()) as IterableIterator<Of<K>>;
  }

  count(kind: Kind): number {
    return this.kinds.get(kind)?.size ?? 0;
  }

  row(uid: string): number | undefined {
    return this.rowsByUid.get(uid);
  }

  byUid(uid: string): AnyRecord | undefined {
    const row = this.rowsByUid.get(uid);
    return row === undefined ? undefined : this.records.get(row);
  }

  byName<K extends Kind>(kind: K, namespace: string, name: string): Of<K> | undefined {
    const row = this.rowsByName.get(nameKey(kind, namespace, name));
    return row === undefined ? undefined : (this.records.get(row) as Of<K>);
  }

  /** Where the record's links of this kind lead to. */
  targets(uid: string, link: LinkKind): AnyRecord[] {
    return this.ends(this.from, uid, link);
  }

  /** The records whose links of this kind lead here. */
  sources(uid: string, link: LinkKind): AnyRecord[] {
    return this.ends(this.to, uid, link);
  }

  /** The picture as plain sorted data: equal pictures are equal here. */
  plain(): { objects: [number, AnyRecord][]; links: string[] } {
    const links: string[] = [];
    for (const [source, kinds] of this.from) for (const [link, targets] of kinds) for (const target of targets) links.push(`${link} ${source} ${target}`);
    return { objects: [...this.records].sort(([a], [b]) => a - b), links: links.sort() };
  }

  private put(row: number, record: AnyRecord): void {
    const before = this.records.get(row);
    if (before && (before.kind !== record.kind || before.uid !== record.uid)) this.drop(row);
    this.records.set(row, record);
    this.rowsByUid.set(record.uid, row);
    this.rowsByName.set(nameKey(record.kind, record.namespace, record.name), row);
    let kind = this.kinds.get(record.kind);
    if (!kind) this.kinds.set(record.kind, (kind = new Map()));
    kind.set(row, record);
  }

  private drop(row: number): Kind {
    const record = this.records.get(row);
    if (!record) throw new Gap(`row ${row} is not there`);
    this.records.delete(row);
    this.kinds.get(record.kind)?.delete(row);
    // A successor of the same name may have come before its predecessor left.
    const key = nameKey(record.kind, record.namespace, record.name);
    if (this.rowsByName.get(key) === row) this.rowsByName.delete(key);
    if (this.rowsByUid.get(record.uid) === row) this.rowsByUid.delete(record.uid);
    return record.kind;
  }

  private link(link: LinkKind, source: number, target: number): void {
    grow(this.from, source, link).add(target);
    grow(this.to, target, link).add(source);
  }

  private unlink(link: LinkKind, source: number, target: number): void {
    if (!this.from.get(source)?.get(link)?.delete(target)) throw new Gap(`no ${link} from row ${source} to row ${target}`);
    this.to.get(target)?.get(link)?.delete(source);
    shrink(this.from, source, link);
    shrink(this.to, target, link);
  }

  private ends(links: Links, uid: string, link: LinkKind): AnyRecord[] {
    const row = this.rowsByUid.get(uid);
    const rows = row === undefined ? undefined : links.get(row)?.get(link);
    return rows ? [...rows].flatMap((one) => this.records.get(one) ?? []) : [];
  }
}

function grow(links: Links, row: number, link: LinkKind): Set<number> {
  let kinds = links.get(row);
  if (!kinds) links.set(row, (kinds = new Map()));
  let rows = kinds.get(link);
  if (!rows) kinds.set(link, (rows = new Set()));
  return rows;
}

/** Rows are never used again within an epoch, so what is empty would pile up. */
function shrink(links: Links, row: number, link: LinkKind): void {
  const kinds = links.get(row);
  if (kinds?.get(link)?.size !== 0) return;
  kinds.delete(link);
  if (kinds.size === 0) links.delete(row);
}
