import { effect } from "@preact/signals";
import { afterEach, describe, expect, test } from "vitest";
import * as clock from "../src/state/clock";
import * as derived from "../src/state/derived";
import { Picture } from "../src/state/picture";
import type { Application, Keeping } from "../src/state/rest";
import * as store from "../src/state/store";
import { conditionOf, ruleWords, statusOf } from "../src/views/marks";
import type { AnyRecord, Contact } from "../src/wire/messages";
import { application, backend, cronJob, gateway, httpRoute, job, node, parent, pod, rows, service, slice, whole } from "./making";

function of(...records: AnyRecord[]): Picture {
  const made = new Picture();
  made.replace(whole(rows(...records)));
  return made;
}

describe("endpoints of a Service", () => {
  test("a pod in two slices counts once, and its ready address counts", () => {
    const door = derived.endpointsByService(of(slice("shop", ["p1"], ["p2"]), { ...slice("shop", ["p2"]), uid: "second" })).get("store/shop");
    expect(door).toMatchObject({ ready: 2, total: 2 });
  });

  test("a Service that selects and has none leads nowhere; one that cannot select does not", () => {
    const none = derived.endpointsByService(of());
    expect(derived.leadsNowhere(service("shop"), none)).toBe(true);
    expect(derived.leadsNowhere(service("shop", { selector: null }), none)).toBe(false);
    expect(derived.leadsNowhere(service("shop", { type: "ExternalName" }), none)).toBe(false);
  });
});

describe("where traffic goes is read from the endpoints, not from the selector", () => {
  test("during a move both sides have endpoints while the selector names one", () => {
    const shop = application(["blue", "green"]);
    const picture = of(
      service("shop", { selector: { app: "shop", slot: "green" } }),
      pod("b", { labels: { app: "shop", slot: "blue" } }),
      pod("g", { labels: { app: "shop", slot: "green" } }),
      slice("shop", ["pod-b", "pod-g"]),
    );
    const seen = derived.liveApplication(picture, shop, derived.endpointsByService(picture), derived.sidesOf(picture, [shop]));
    expect(seen.asked).toBe("green");
    expect(seen.sides.map((side) => [side.value, side.endpoints])).toEqual([["blue", 1], ["green", 1]]);
  });
});

describe("where endpoints may not be read nothing is said of them", () => {
  const hide = (...kinds: string[]): void => store.hear({ ...contact, missing: kinds.map((kind) => ({ kind, why: "partly", detail: "" })) });
  const seen = (...slices: AnyRecord[]): { live: derived.LiveApplication; problems: string[]; says: string } => {
    const shop = service("shop", { selector: { app: "shop", slot: "blue" } });
    store.picture.replace(whole(rows(shop, ...slices)));
    store.applications.value = [application(["blue", "green"])];
    store.replaced();
    return { live: derived.live.value[0]!, problems: derived.problems.value.map((one) => one.record.name), says: `${conditionOf(shop)} ${statusOf(shop)}` };
  };

  afterEach(() => {
    hide();
    store.missingThen.value = undefined;
    store.applications.value = null;
  });

  test("no Service leads nowhere, and nobody is unserved", () => {
    hide("EndpointSlice");
    const { live, problems, says } = seen();
    expect([live.isKnown, derived.servesNobody(live), problems, says]).toEqual([false, false, [], "waiting ClusterIP · endpoints not known"]);
    hide();
    expect([derived.live.value[0]!.isKnown, derived.servesNobody(derived.live.value[0]!), derived.troubles.value]).toEqual([true, true, 1]);
  });

  test("nor where nobody knows what could be seen at the moment shown", () => {
    store.missingThen.value = null;
    expect(seen().problems).toEqual([]);
  });

  test("but of those that are seen all is", () => {
    hide("EndpointSlice");
    const { live, problems, says } = seen(slice("shop", [], ["pod-b"]));
    expect([derived.servesNobody(live), problems, says]).toEqual([true, ["shop"], "bad ClusterIP · 0 of 1 ready"]);
  });

  test("and without the pods behind them no side is said to stand by", () => {
    hide("Pod");
    const { live } = seen(slice("shop", ["pod-b"]));
    expect([live.isKnown, derived.servesNobody(live), live.endpoints]).toEqual([false, false, 1]);
  });

  test("what is told anew each second wakes nothing that has not changed", () => {
    let woken = 0;
    hide("EndpointSlice");
    const stop = effect(() => {
      void [derived.problems.value, derived.live.value];
      woken++;
    });
    hide("EndpointSlice");
    expect(woken).toBe(1);
    stop();
  });
});

describe("the way back", () => {
  const keeping: Keeping = { switch: "s1", until: "", key: "slot", from: "blue", to: "green", group: null, hold: null };
  const seen = (selector: Record<string, string>, over: Partial<Application> = {}, annotations = {}): derived.LiveApplication => {
    const picture = of(service("shop", { selector, annotations }));
    return derived.liveApplication(picture, application(["blue"], { keeping, ...over }), new Map(), () => null);
  };
  const green = { app: "shop", slot: "green" };

  test("is there where nothing is left of the new side, and nobody is served then", () => {
    expect(derived.keptBehind(seen(green))).toBe(keeping);
    expect(derived.servesNobody(seen(green))).toBe(true);
  });

  test("is there where another label tells the sides apart by now", () => {
    expect(derived.keptBehind(seen({ ...green, track: "stable" }, { key: "track" }))).toBe(keeping);
  });

  test("ends with its time, by the server's clock", () => {
    const until = new Date(clock.now.value).toISOString();
    const kept = seen(green, { keeping: { ...keeping, until } });
    clock.now.value--;
    expect(derived.keptBehind(kept)).toMatchObject({ until });
    clock.now.value++;
    expect(derived.keptBehind(kept)).toBeNull();
  });

  test("is not there where the Service is not as the switch left it", () => {
    expect(derived.keptBehind(seen({ app: "shop", slot: "blue" }))).toBeNull();
    expect(derived.keptBehind(seen(green, {}, { "clusterview.io/op": "s2:1" }))).toBeNull();
    expect(derived.keptBehind(seen(green, {}, { "clusterview.io/op": "s1:1" }))).toBe(keeping);
  });
});

describe("a move that takes a group along", () => {
  const group = { id: "g", services: ["shop", "inside", "preview"] };
  const on = (service_: string, side: string): derived.LiveApplication => {
    const one = application(["blue", "green"], { service: service_, group });
    const picture = of(service(service_, { selector: { app: "shop", slot: side } }));
    return derived.liveApplication(picture, one, new Map(), () => null);
  };
  const shop = on("shop", "blue");
  const inside = on("inside", "blue");
  const preview = on("preview", "green");

  test("is of those that are not there yet, in the group's order", () => {
    expect(derived.together(inside, "green", [preview, inside, shop]).map((one) => one.application.service)).toEqual(["shop", "inside"]);
  });

  test("is no group where only one would move, or there is none", () => {
    expect(derived.together(preview, "blue", [preview, inside, shop])).toEqual([]);
    expect(derived.together({ ...shop, application: { ...shop.application, group: null } }, "green", [shop, inside])).toEqual([]);
  });
});

test("problems come worst first and in an order that stays", () => {
  const picture = of(
    pod("z", { status: "CrashLoopBackOff", ready: false }), node("n2", { ready: "False" }), node("n1", { pressures: ["MemoryPressure"] }), service("shop"),
  );
  const found = derived.problemsOf(picture, new Set(), derived.endpointsByService(picture));
  expect(found.map((one) => one.record.name)).toEqual(["n2", "shop", "z", "n1"]);
});

test("a failed Job, and a Gateway or route that is refused or that nobody carries out, are problems; all others are none", () => {
  const picture = of(
    job("well"), job("over", { status: "Complete" }), job("waits", { status: "Suspended" }), job("failed", { status: "Failed" }), cronJob("report"),
    gateway("well"), gateway("unplaced", { programmed: "False" }), gateway("nobodys", { accepted: "Unknown", programmed: "Unknown" }),
    httpRoute("well", []), httpRoute("alone", [], { parents: [] }), httpRoute("dangling", [], { parents: [parent("front"), parent("b", { resolved: "False" })] }),
  );
  const found = derived.problemsOf(picture, new Set(), derived.endpointsByService(picture));
  expect(found.map((one) => [one.record.name, one.bad])).toEqual([
    ["dangling", true], ["failed", true], ["unplaced", true], ["alone", false], ["nobodys", false],
  ]);
  for (const { record, bad } of found) expect(conditionOf(record)).toBe(bad ? "bad" : "waiting");
});

test("Jobs, CronJobs, Gateways and routes say how they are in Kubernetes' own words", () => {
  const said: readonly [AnyRecord, string][] = [
    [job("a", { succeeded: 2, completions: 3 }), "Running · 2/3"],
    [job("a", { status: "Failed", reason: "BackoffLimitExceeded", completions: null, parallelism: 2 }), "Failed · BackoffLimitExceeded · 0/1 of 2"],
    [cronJob("a", { active: 2 }), "0 3 * * * · active 2"],
    [cronJob("a", { suspended: true }), "0 3 * * * · Suspended"],
    [gateway("a", { addresses: ["203.0.113.9"] }), "contour · 203.0.113.9"],
    [gateway("a", { programmed: "False", reason: "AddressNotAssigned" }), "contour · Programmed: False (AddressNotAssigned) · no address yet"],
    [httpRoute("a", []), "Accepted"],
    [httpRoute("a", [], { parents: [] }), "attached to nothing"],
    [httpRoute("a", [], { parents: [parent("b", { resolved: "False", reason: "BackendNotFound" }), parent("c", { accepted: "Unknown" })] }),
      "ResolvedRefs: False (BackendNotFound) · Accepted: Unknown"],
  ];
  for (const [record, words] of said) expect(statusOf(record)).toBe(words);
});

test("a rule says where it leads, by weight where it leads to several", () => {
  const rule = (...backends: ReturnType<typeof backend>[]): string => ruleWords({ paths: ["/a", "/b"], backends }, "store");
  expect(rule(backend("shop"))).toBe("/a|/b → shop");
  expect(rule(backend("blue", { weight: 90 }), backend("green", { namespace: "other", weight: 10 }), backend("", { namespace: "", weight: 0 }))).toBe(
    "/a|/b → blue 90, other/green 10, elsewhere 0",
  );
  expect(rule()).toBe("/a|/b → ∅");
});

test("Gateways and routes stand before Ingresses and Services among the ways in", () => {
  store.picture.replace(whole(rows(service("shop"), httpRoute("web", []), gateway("front"))));
  store.replaced();
  expect(derived.doors.value.map((one) => one.kind)).toEqual(["Gateway", "HTTPRoute", "Service"]);
});

test("what routes lead to may change which application there is, and how much goes where does not", () => {
  const web = (...backends: ReturnType<typeof backend>[]): string => derived.applicationsFingerprint(of(httpRoute("web", backends)));
  expect(web(backend("blue"))).not.toBe(web(backend("green")));
  expect(web(backend("blue", { weight: 0 }))).not.toBe(web(backend("blue")));
  expect(web(backend("blue", { weight: 90 }))).toBe(web(backend("blue")));
});

test.each(["Deployment", "StatefulSet", "DaemonSet"] as const)("a %s of which no pod is ready is a problem, also where it has no pods at all", (kind) => {
  const workload = (name: string, ready: number, wanted: number): AnyRecord => ({ ...node(name), kind, uid: name, namespace: "store", ready, wanted }) as never;
  const picture = of(workload("quota", 0, 5), workload("half", 1, 2), workload("none", 0, 0));
  expect(derived.problemsOf(picture, new Set(), new Map()).map((one) => one.record.name)).toEqual(["quota"]);
});

test("a kubelet's warning is found at its node, whose name it has in the place of the uid", () => {
  const event = (kind: string, uid: string): AnyRecord =>
    ({ ...node("e"), kind: "Event", uid: `e-${kind}`, about_kind: kind, about_name: uid, about_uid: uid, last_seen_at: 1 }) as never;
  const found = derived.warningsByUid(of(node("n1"), event("Node", "n1"), event("Pod", "n1")));
  expect([...found].map(([uid, events]) => [uid, events.length])).toEqual([["node-n1", 1], ["n1", 1]]);
});

describe("whatever the applications are found from makes them asked for again", () => {
  const owner = { kind: "Application", name: "shop", uid: "o" };
  const print = (...records: AnyRecord[]): string => derived.applicationsFingerprint(of(...records));
  const deployment = (over: object): AnyRecord => ({ ...node("d"), kind: "Deployment", images: [], template_labels: {}, ready: 1, ...over }) as never;
  const replicaSet = (over: object): AnyRecord => ({ ...node("r"), kind: "ReplicaSet", ...over }) as never;
  const ingress = (to: string): AnyRecord => ({ ...node("i"), kind: "Ingress", paths: [{ host: "", path: "/", service: to, port: "" }] }) as never;
  const shop = service("shop");

  test.each<[string, AnyRecord[], AnyRecord[]]>([
    ["an owner's annotation", [shop], [service("shop", { annotations: { "argocd.argoproj.io/tracking-id": "shop" } })]],
    ["a label of the Service", [shop], [service("shop", { labels: { "olm.owner": "x" } })]],
    ["its owner", [shop], [service("shop", { owner })]],
    ["who writes its selector", [shop], [service("shop", { selector_manager: "argocd" })]],
    ["whether it is headless", [shop], [service("shop", { headless: true })]],
    ["a label of a workload", [deployment({})], [deployment({ labels: { version: "2" } })]],
    ["its owner", [deployment({})], [deployment({ owner })]],
    ["its template's labels", [deployment({})], [deployment({ template_labels: { slot: "blue" } })]],
    ["the Service that governs a StatefulSet", [deployment({ kind: "StatefulSet", service: "a" })], [deployment({ kind: "StatefulSet", service: "b" })]],
    ["where an Ingress leads", [ingress("shop")], [ingress("other")]],
    ["a ReplicaSet of a Rollout", [], [replicaSet({ owner: { ...owner, kind: "Rollout" } })]],
  ])("%s", (_, before, after) => expect(print(...before)).not.toBe(print(...after)));

  test("and nothing else does", () => {
    expect(print(deployment({}))).toBe(print(deployment({ ready: 0 })));
    expect(print()).toBe(print(replicaSet({ owner: { ...owner, kind: "Deployment" } })));
  });
});

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: null, divergences: 0, counted: {}, missing: [],
};

describe("what a Service means and what its endpoints serve", () => {
  const meant = (name: string, over = {}): AnyRecord => pod(name, { labels: { app: "shop" }, ...over });
  const found = (...records: AnyRecord[]): unknown => {
    const picture = of(...records);
    return [...derived.mismatches(picture, derived.endpointsByService(picture)).values()];
  };
  const shop = service("shop");

  test("is the same, or said to differ with both numbers", () => {
    expect(found(shop, meant("a"), meant("b"), slice("shop", ["pod-a", "pod-b"]))).toEqual([]);
    expect(found(shop, meant("a"), meant("b"), slice("shop", ["pod-a"]))).toEqual([{ meant: 2, served: 1 }]);
    expect(found(shop, meant("a"), pod("stray"), slice("shop", ["pod-a", "pod-stray"]))).toEqual([{ meant: 1, served: 2 }]);
    expect(found(shop, meant("a"), pod("stray"), slice("shop", ["pod-stray"]))).toEqual([{ meant: 1, served: 1 }]);
  });

  test("pods that are not ready, are on their way out or of another namespace are not meant", () => {
    const others = [meant("b", { ready: false }), meant("c", { deleting: true }), meant("d", { namespace: "other" }), pod("e")];
    expect(found(shop, meant("a"), ...others, slice("shop", ["pod-a"]))).toEqual([]);
  });

  test("nothing is said of a Service that publishes otherwise, or of which nobody is served: that is said already", () => {
    for (const over of [{ selector: null }, { type: "ExternalName" }, { publish_not_ready: true }]) {
      expect(found(service("shop", over), meant("a"), meant("b"), slice("shop", ["pod-a"]))).toEqual([]);
    }
    expect(found(shop, meant("a"), slice("shop", [], ["pod-a"]))).toEqual([]);
    expect(found(shop, meant("a"), { ...slice("shop", ["pod-a"]), endpoints: [{ pod_uid: "", address: "10.0.0.1", ready: true }] } as never)).toEqual([]);
  });

  test("a difference is told when it has stood for five seconds, in problems and in words, and not of the past", () => {
    const show = (...served: string[]): void => {
      store.picture.replace(whole(rows(shop, meant("a"), meant("b"), slice("shop", served))));
      store.replaced();
    };
    const after = (seconds: number): string[] => {
      clock.now.value += 1_000 * seconds;
      return derived.problems.value.map((one) => one.record.name);
    };
    clock.now.value = 5_000 * Math.ceil(clock.now.value / 5_000);
    store.connected.value = false;
    const stop = derived.watchMismatches();
    show("pod-a");
    store.hear(contact);
    store.connected.value = store.current.value = true;
    expect(after(1)).toEqual([]);
    expect(after(5)).toEqual(["shop"]);
    expect([conditionOf(shop), statusOf(shop)]).toEqual(["waiting", "ClusterIP · 1 of 1 ready · 2 ready pods meant, 1 served"]);
    store.route.value = { ...store.route.peek(), at: "2026-11-26T12:00:05.000Z" };
    expect(after(5)).toEqual([]);
    store.route.value = { ...store.route.peek(), at: "" };
    after(10);
    show("pod-a", "pod-b");
    expect(after(5)).toEqual([]);
    stop();
  });
});

test("pods keep their places: by controller, then by name", () => {
  const owner = (name: string): { kind: string; name: string; uid: string } => ({ kind: "ReplicaSet", name, uid: name });
  const picture = of(pod("c", { owner: owner("x"), node: "n" }), pod("a", { owner: owner("y"), node: "n" }), pod("b", { owner: owner("x"), node: "n" }));
  expect(derived.inPlace([...picture.podsOn("n")]).map((one) => one.name)).toEqual(["b", "c", "a"]);
});

test("nodes stand by zone and name, those without a zone first", () => {
  const nodes = [node("n10", { zone: "b" }), node("n2", { zone: "b" }), node("n3"), node("n1", { zone: "a" })];
  expect(derived.byZone(nodes).map(([zone, of]) => [zone, ...of.map((one) => one.name)])).toEqual([["", "n3"], ["a", "n1"], ["b", "n2", "n10"]]);
});

test("the parts of the control plane stand in the order in which a change passes them, however they came", () => {
  const part = (name: string): never => ({ name }) as never;
  const came = ["kube-scheduler", "cloud-controller-manager", "etcd", "kube-controller-manager", "kube-apiserver"].map(part);
  expect(derived.inOrder(came).map((one) => one.name)).toEqual([
    "kube-apiserver", "etcd", "kube-controller-manager", "kube-scheduler", "cloud-controller-manager",
  ]);
});
