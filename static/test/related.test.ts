import { describe, expect, test } from "vitest";
import { Picture } from "../src/state/picture";
import { related } from "../src/state/related";
import type { AnyRecord } from "../src/wire/messages";
import { backend, cronJob, gateway, httpRoute, job, node, parent, pod, rows, service, slice, whole } from "./making";

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
  test("a route: its Gateway and the Services that it leads to, also those elsewhere, and they know of it", () => {
    const web = httpRoute("web", [backend("shop"), backend("shop", { namespace: "other" }), backend("", { namespace: "" })], {
      parents: [parent("front"), parent("shared", { namespace: "infra" }), parent("", { namespace: "" })],
    });
    const front = gateway("front");
    const picture = new Picture();
    picture.replace(whole(rows(shop, elsewhere, front, gateway("shared", { namespace: "infra" }), gateway("shared", { uid: "near" }), web)));
    expect(related(picture, web).map((one) => one.uid).sort()).toEqual(["gateway-front", "gateway-shared", "other", "service-shop"]);
    expect(related(picture, front)).toEqual([web]);
    expect(related(picture, elsewhere)).toEqual([web]);
  });
  test("a Job: the CronJob that made it and the pods that it made", () => {
    const report = cronJob("report");
    const one = job("report-1", { owner: { kind: "CronJob", name: "report", uid: report.uid } });
    const itsPod = pod("report-1-x", { owner: { kind: "Job", name: "report-1", uid: one.uid } });
    const picture = new Picture();
    picture.replace(whole(rows(report, one, itsPod)));
    expect(related(picture, one)).toEqual([report, itsPod]);
  });
  test("a pod of nobody", () => expect(names(pod("alone"))).toEqual([]));
});
