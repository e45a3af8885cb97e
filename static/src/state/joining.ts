/** What the map joins by lines with an object that is pointed at or chosen: where traffic goes from a way in, and where it comes from to a pod. Pure. */
import type { AnyRecord, Service } from "../wire/messages";
import type { Doorway } from "./derived";
import type { Picture } from "./picture";

/** A line from one object to another, by uid. Traffic flows from `from` to `to`. */
export interface Line {
  readonly from: string;
  readonly to: string;
}

export function linesOf(picture: Picture, doors: ReadonlyMap<string, Doorway>, record: AnyRecord): Line[] {
  switch (record.kind) {
    case "Ingress": {
      const services = new Set(record.paths.map((path) => picture.byName("Service", record.namespace, path.service)).filter((one) => one !== undefined));
      return [...services].flatMap((service) => [{ from: record.uid, to: service.uid }, ...toPods(doors, service)]);
    }
    case "Service":
      return toPods(doors, record);
    case "Pod":
      return [...picture.all("Service")].filter((one) => behind(doors, one)?.has(record.uid)).map((one) => ({ from: one.uid, to: record.uid }));
    default:
      return [];
  }
}

function behind(doors: ReadonlyMap<string, Doorway>, service: Service): ReadonlySet<string> | undefined {
  return doors.get(`${service.namespace}/${service.name}`)?.podUids;
}

function toPods(doors: ReadonlyMap<string, Doorway>, service: Service): Line[] {
  return [...(behind(doors, service) ?? [])].map((uid) => ({ from: service.uid, to: uid }));
}
