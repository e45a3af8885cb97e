import { describe, expect, test } from "vitest";
import { endpointsByService } from "../src/state/derived";
import { linesOf } from "../src/state/joining";
import { Picture } from "../src/state/picture";
import type { AnyRecord } from "../src/wire/messages";
import { pod, rows, service, slice, whole } from "./making";

const shop = service("shop");
const ingress = { kind: "Ingress", uid: "ingress", namespace: "store", name: "shop", paths: [{ service: "shop" }, { service: "shop" }, { service: "gone" }] };
const records = [shop, pod("a"), pod("b"), slice("shop", ["pod-a"], ["pod-b"]), ingress as never];
const picture = new Picture();
picture.replace(whole(rows(...(records as AnyRecord[]))));
const doors = endpointsByService(picture);

describe("lines on the map", () => {
  test("lead from a Service to the pods that take its traffic, not to those that would if they were ready", () => {
    expect(linesOf(picture, doors, shop)).toEqual([{ from: "service-shop", to: "pod-a" }]);
    expect(linesOf(picture, doors, pod("b"))).toEqual([]);
  });

  test("lead from where a pod's traffic comes, and from an Ingress through its Services, each once", () => {
    expect(linesOf(picture, doors, pod("a"))).toEqual([{ from: "service-shop", to: "pod-a" }]);
    expect(linesOf(picture, doors, ingress as never)).toEqual([{ from: "ingress", to: "service-shop" }, { from: "service-shop", to: "pod-a" }]);
  });
});
