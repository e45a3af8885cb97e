/** Whatever a cluster, or who writes into it, calls things: the page shows it as text, and shows what would not be seen (T19, T20, T21, T26). */
import { clear, drawn, Element_ } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as store from "../src/state/store";
import type { Kind } from "../src/wire/messages";
import { Checks } from "../src/views/checks";
import { History } from "../src/views/history";
import { Map } from "../src/views/map";
import { Panel } from "../src/views/panel";
import { plain } from "../src/views/plain";
import { Problems } from "../src/views/problems";
import { Refused } from "../src/views/refused";
import { Table } from "../src/views/table";
import { titleOf } from "../src/views/title";
import { Others } from "../src/views/traffic";
import { application, gateway, node, pod, rows, service, whole } from "./making";

const HOSTILE = [
  "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "'><svg/onload=alert(1)>", "</textarea><iframe src=//evil.example>", "javascript:alert(1)",
  "&lt;b&gt;&#x202e;", "{{7*7}}${7*7}", "../../../api/v1/x?y=z#w", "\u202Egreen\u202C is blue", "\u2066a\u2069\u200F\u061C", "gre\u200Ben\uFEFF\u00AD\u2060", "a\u200Db\u{E0041}",
  "a\u115F\u1160b\u3164\uFFA0", "a\u034Fb\u17B4\u17B5\u180B\u180F", "green\uFE0F\uFE00\u{E0100}\u{E01EF}", "a\u2028b\u2029c\u2800d",
  "\x1b[31mred\x07", "nul\0del\x7f\x9b", "\u05D0\u05D1 3 of 5",
];
/** By their numbers, so that what the page takes for unseen is not asked for what it is. */
const UNSEEN = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{e0000}-\u{e0fff}]/u;
const NEVER = ["script", "img", "iframe", "object", "embed", "base", "link", "style", "meta"];

beforeEach(() => void vi.stubGlobal("scrollTo", () => undefined));
afterEach(() => {
  clear();
  vi.unstubAllGlobals();
  store.forget();
  store.route.value = { ...store.route.peek(), selection: null, audit: null };
});

function everything(of: Element_): Element_[] {
  return [of, ...of.childNodes.flatMap(everything)];
}

/** Each text is there to be read, and nothing else has become of it. */
function expectText(page: Element_, ...texts: readonly string[]): void {
  for (const text of texts) expect(page.textContent).toContain(plain(text));
  for (const one of everything(page)) {
    expect(NEVER).not.toContain(one.localName);
    expect(String(one.data)).not.toMatch(UNSEEN);
    for (const { name, value } of one.attributes) {
      expect(name).not.toMatch(/^on|^srcdoc$/i);
      if (["href", "src", "action", "xlink:href"].includes(name)) expect(value).toMatch(/^([/?#]|$)/);
      if (["title", "aria-label", "placeholder"].includes(name)) expect(value).not.toMatch(UNSEEN);
    }
  }
}

function hear(text: string): void {
  const event = {
    ...pod("e"), kind: "Event", uid: "event-e", about_kind: "Pod", about_name: `p-${text}`, about_uid: `pod-p-${text}`, reason: `r-${text}`, message: `m-${text}`,
    count: 1, last_seen_at: Date.now() / 1000,
  } as never;
  const container = { name: `c-${text}`, image: `i-${text}`, init: false, ready: false, restarts: 1, state: "waiting", reason: `cr-${text}`, ports: [] };
  store.picture.replace(whole(rows(
    node(`n-${text}`, { zone: `z-${text}`, ready: "False", reason: `nr-${text}`, taints: [{ key: `tk-${text}`, value: `tv-${text}`, effect: "NoSchedule" }] }),
    node("of another zone", { zone: "another" }),
    pod(`p-${text}`, { node: `n-${text}`, namespace: `ns-${text}`, ready: false, phase: "Failed", status: `s-${text}`, containers: [container], labels: { [`k-${text}`]: `v-${text}` } }),
    service(`svc-${text}`, { selector: { [`k-${text}`]: `v-${text}` } }),
    gateway(`g-${text}`, { accepted: "False", reason: `gr-${text}` }),
    event,
  )));
  store.replaced();
}

test.each(HOSTILE)("names, labels and messages in the map, its table, its problems and its panel: %j", (text) => {
  hear(text);
  expectText(drawn(Map, {}).page, `n-${text}`, `z-${text}`, `svc-${text}`);
  expectText(drawn(Table, {}).page, `n-${text}`, `p-${text}`, `ns-${text}`, `s-${text}`, `svc-${text}`);
  expectText(drawn(Problems, {}).page, `p-${text}`, `s-${text}`, `m-${text}`, `g-${text}`);
  const panel = (kind: Kind, namespace: string, name: string): Element_ => {
    const selection = { kind, namespace, name };
    store.route.value = { ...store.route.peek(), selection };
    expect(titleOf("live", store.route.value)).toBe(plain(`${name} · Map · lab · Clusterview`));
    return drawn(Panel, { selection }).page;
  };
  expectText(
    panel("Pod", `ns-${text}`, `p-${text}`), `s-${text}`, `c-${text}`, `i-${text}`, `cr-${text}`, `k-${text}=v-${text}`, `r-${text}`, `m-${text}`,
  );
  expectText(panel("Node", "", `n-${text}`), `z-${text}`, `tk-${text}=tv-${text}`);
  expectText(panel("Service", "store", `svc-${text}`), `k-${text}=v-${text}`);
  expectText(panel("Gateway", "store", `g-${text}`), `gr-${text}`);
});

test.each(HOSTILE)("what stands against a switch, what was refused and what is in the audit: %j", async (text) => {
  const check = { code: "of-the-future", level: "warn", params: {}, objects: [{ kind: "Secret", namespace: "store", name: `o-${text}` }] } as const;
  const checks = [{ ...check, sentence: `cs-${text}`, remedy: `cr-${text}` }];
  expectText(drawn(Checks, { checks, of: `shop-${text}`, accepted: [], accept: () => undefined }).page, `cs-${text}`, `cr-${text}`, `o-${text}`);
  expectText(drawn(Refused, { of: { code: "of-the-future", sentence: `rs-${text}`, status: 409, body: {} } as never }).page, `rs-${text}`);
  const entry = { sequence: 1, at: null, actor: `a-${text}`, action: "ARMED", body: { detail: `d-${text}` }, cluster: "lab", operation: null, subject: "", problems: [], asked_from: { forwarded_for: `f-${text}` } };
  const other = application([], { namespace: `ns-${text}`, service: `os-${text}`, why_not: "of-the-future", why_not_sentence: `w-${text}`, why_not_remedy: `wr-${text}` });
  vi.stubGlobal("fetch", (path: string) => Promise.resolve(new Response(JSON.stringify([path.includes("/audit") ? entry : other]))));
  store.route.value = { ...store.route.peek(), audit: "everything" };
  const history = drawn(History, {}).page;
  await vi.waitFor(() => expect(history.all("tr")).toHaveLength(2));
  expectText(history, `a-${text}`, `d-${text}`, `f-${text}`);
  hear(text);
  const others = drawn(Others, {}).page;
  await vi.waitFor(() => expect(others.textContent).toContain(plain(`os-${text}`)));
  expectText(others, `ns-${text}`, `w-${text}`);
});

test("a text that has nothing unseen is shown as it was written, in any script", () => {
  for (const text of ["shop-blue", "한국어 문장입니다.", "\u05D0\u05D1\u05D2", "a\tb\nc\r\n", "é ü ñ 👩", " "]) expect(plain(text)).toBe(text);
  for (const text of ["👩\u200D💻", "👩🏽\u200D💻", "\u2764\uFE0F", "\u26A0\uFE0E", "\u2764\uFE0F\u200D🔥", "🏴\u200D\u2620\uFE0F", "1\uFE0F\u20E3", "🇰🇷"]) expect(plain(text)).toBe(text);
  expect(plain("\u202Egreen\0")).toBe("⟨U+202E⟩green⟨U+0000⟩");
  expect(plain("green\uFE0F 1\uFE0F a\u200Db 👩\u200Db 👩\uFE0F\uFE0F")).toBe("green⟨U+FE0F⟩ 1⟨U+FE0F⟩ a⟨U+200D⟩b 👩⟨U+200D⟩b 👩\uFE0F⟨U+FE0F⟩");
});

test("no view writes HTML, and no code is made of text", () => {
  const sources = Object.entries(import.meta.glob<string>("../src/**/*.{ts,tsx}", { query: "?raw", import: "default", eager: true }));
  expect(sources.length).toBeGreaterThan(50);
  for (const [name, source] of sources) {
    expect(source, name).not.toMatch(/dangerouslySetInnerHTML|(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|srcdoc/);
  }
});
