import { describe, expect, test } from "vitest";
import { endpointsByService } from "../src/state/derived";
import { linesOf } from "../src/state/joining";
import { Picture } from "../src/state/picture";
import type { AnyRecord } from "../src/wire/messages";
import { backend, gateway, httpRoute, parent, pod, rows, service, slice, whole } from "./making";

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

  test("lead from a Gateway through its HTTPRoutes and their Services, each once; not where no traffic is let", () => {
    const [front, other] = [gateway("front"), gateway("front", { uid: "other", namespace: "other" })];
    const web = httpRoute("web", [backend("shop"), backend("none", { weight: 0 }), backend("none", { kind: "Service.example.com" }), backend("gone")]);
    const again = httpRoute("again", [backend("shop")], { parents: [parent("front"), parent("else")] });
    const away = httpRoute("away", [backend("shop")], { parents: [parent("front", { namespace: "other" })] });
    const beside = new Picture();
    beside.replace(whole(rows(shop, service("none"), pod("a"), slice("shop", ["pod-a"]), slice("none", ["pod-a"]), front, other, web, again, away)));
    const [toPod, routes] = [{ from: "service-shop", to: "pod-a" }, endpointsByService(beside)];
    expect(linesOf(beside, routes, web)).toEqual([{ from: "route-web", to: "service-shop" }, toPod]);
    expect(linesOf(beside, routes, front)).toEqual([
      { from: "gateway-front", to: "route-web" }, { from: "route-web", to: "service-shop" }, toPod,
      { from: "gateway-front", to: "route-again" }, { from: "route-again", to: "service-shop" },
    ]);
  });

  test("lead from where a pod's traffic comes, and from an Ingress through its Services, each once", () => {
    expect(linesOf(picture, doors, pod("a"))).toEqual([{ from: "service-shop", to: "pod-a" }]);
    expect(linesOf(picture, doors, ingress as never)).toEqual([{ from: "ingress", to: "service-shop" }, { from: "service-shop", to: "pod-a" }]);
  });
});
