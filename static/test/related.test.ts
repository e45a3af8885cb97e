import { describe, expect, test } from "vitest";
import { Picture } from "../src/state/picture";
import { related } from "../src/state/related";
import type { AnyRecord } from "../src/wire/messages";
import { node, pod, rows, service, slice, whole } from "./making";

const owner = { kind: "ReplicaSet", name: "rs", uid: "rs-1" };
const claim = { ...node("data"), kind: "PersistentVolumeClaim", uid: "claim", namespace: "store", volume: "pv", storage_class: "fast" } as unknown as AnyRecord;
const ingress = {
  ...node("front"), kind: "Ingress", uid: "front", namespace: "store", paths: [{ host: "", path: "/", service: "shop", port: "80" }],
} as unknown as AnyRecord;
const shop = service("shop", { selector: { app: "shop" } });
const web = pod("web", { node: "n1", labels: { app: "shop" }, owner, volumes: [{ name: "d", source: "persistentVolumeClaim", target: "data" }] });
const replicas = { ...node("rs"), kind: "ReplicaSet", uid: "rs-1", namespace: "store" } as unknown as AnyRecord;
const elsewhere = service("shop", { uid: "other", namespace: "other", selector: { app: "shop" } });

function names(record: AnyRecord): string[] {
  const picture = new Picture();
  picture.replace(whole(rows(node("n1"), shop, web, claim, ingress, replicas, elsewhere, slice("shop", ["pod-web"]), pod("alone"))));
  return related(picture, record).map((one) => one.uid).sort();
}

describe("what a record is joined with", () => {
  test("a pod: node, owner, claim, the Service that means it and the slice that lists it", () =>
    expect(names(web)).toEqual(["claim", "node-n1", "rs-1", "service-shop", "slice-shop-pod-web"]));
  test("a Service: its pods, its slice and its route; none of another namespace", () => expect(names(shop)).toEqual(["front", "pod-web", "slice-shop-pod-web"]));
  test("a node: its pods", () => expect(names(node("n1"))).toEqual(["pod-web"]));
  test("an owner: what it owns", () => expect(names(replicas)).toEqual(["pod-web"]));
  test("a pod of nobody", () => expect(names(pod("alone"))).toEqual([]));
});
