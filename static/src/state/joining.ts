/** What the map joins by lines with an object that is pointed at or chosen: where traffic goes from a way in, and where it comes from to a pod. Pure. */
import type { AnyRecord, HTTPRoute, Service } from "../wire/messages";
import type { Doorway } from "./derived";
import type { Picture } from "./picture";

/** A line from one object to another, by uid. Traffic flows from `from` to `to`. */
export interface Line {
  readonly from: string;
  readonly to: string;
}

export function linesOf(picture: Picture, doors: ReadonlyMap<string, Doorway>, record: AnyRecord): Line[] {
  switch (record.kind) {
    case "Ingress":
      return through(doors, record, record.paths.map((path) => picture.byName("Service", record.namespace, path.service)));
    case "HTTPRoute":
      return through(doors, record, ledTo(picture, record));
    case "Gateway": {
      const routes = [...picture.all("HTTPRoute")]
        .filter((one) => one.parents.some(({ kind, namespace, name }) => kind === "Gateway" && namespace === record.namespace && name === record.name));
      const lines = routes.flatMap((one) => [{ from: record.uid, to: one.uid }, ...through(doors, one, ledTo(picture, one))]);
      return [...new Map(lines.map((one) => [`${one.from} ${one.to}`, one])).values()];
    }
    case "Service":
      return toPods(doors, record);
    case "Pod":
      return [...picture.all("Service")].filter((one) => behind(doors, one)?.has(record.uid)).map((one) => ({ from: one.uid, to: record.uid }));
    default:
      return [];
  }
}

/** A backend of weight 0 gets nothing. */
function ledTo(picture: Picture, route: HTTPRoute): (Service | undefined)[] {
  const backends = route.rules.flatMap((rule) => rule.backends).filter((one) => one.kind === "Service" && one.weight > 0);
  return backends.map((one) => picture.byName("Service", one.namespace, one.name));
}

function through(doors: ReadonlyMap<string, Doorway>, from: AnyRecord, services: readonly (Service | undefined)[]): Line[] {
  const there = new Set(services.filter((one) => one !== undefined));
  return [...there].flatMap((service) => [{ from: from.uid, to: service.uid }, ...toPods(doors, service)]);
}

function behind(doors: ReadonlyMap<string, Doorway>, service: Service): ReadonlySet<string> | undefined {
  return doors.get(`${service.namespace}/${service.name}`)?.podUids;
}

function toPods(doors: ReadonlyMap<string, Doorway>, service: Service): Line[] {
  return [...(behind(doors, service) ?? [])].map((uid) => ({ from: service.uid, to: uid }));
}
