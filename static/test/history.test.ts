/** What History lists is what was asked for. */
import { drawn } from "./document";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import * as store from "../src/state/store";
import { History } from "../src/views/history";

const asked: { path: string; answer: (body: unknown) => void }[] = [];

beforeEach(() => {
  asked.length = 0;
  vi.stubGlobal("scrollTo", () => undefined);
  vi.stubGlobal("fetch", (path: string) => new Promise((resolve) => asked.push({ path, answer: (body) => resolve(new Response(JSON.stringify(body))) })));
});

afterEach(() => {
  vi.unstubAllGlobals();
  store.route.value = { ...store.route.peek(), audit: null, person: "", size: "", older: "" };
});

test("the rows of one filter do not stand under another until its own have come", async () => {
  const entry = { sequence: 1, at: null, actor: "alice", action: "ARMED", body: {}, cluster: "lab", operation: null, subject: "", problems: [], asked_from: {} };
  store.route.value = { ...store.route.peek(), audit: "everything" };
  const { page, undo } = drawn(History, {});
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  asked[0]!.answer([entry]);
  await vi.waitFor(() => expect(page.all("tr")).toHaveLength(2));
  store.operations.value = { count: store.operations.peek().count + 1, id: "" };
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  expect(page.all("tr"), "the same question asked again keeps its answer").toHaveLength(2);
  store.go({ person: "bob" });
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  expect(page.all("tr")).toHaveLength(0);
  expect(page.textContent).toContain("Loading");
  asked[2]!.answer([{ ...entry, actor: "bob" }]);
  await vi.waitFor(() => expect(page.all("tr")).toHaveLength(2));
  undo();
});

test("an entry says from where it was asked for, as far as the reader is told", async () => {
  const entry = { sequence: 1, at: null, actor: "alice", action: "ARMED", body: {}, cluster: "lab", operation: null, subject: "", problems: [] };
  store.route.value = { ...store.route.peek(), audit: "everything" };
  const { page, undo } = drawn(History, {});
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  asked[0]!.answer([{ ...entry, asked_from: { address: "10.0.0.1", session: "0a1b" } }, { ...entry, sequence: 2, asked_from: {} }]);
  await vi.waitFor(() => expect(page.all("tr")).toHaveLength(3));
  expect(page.all("p").map((one) => one.textContent)).toContain("session 0a1b · from 10.0.0.1");
  undo();
});

test("whoever reads when something was is told by which clock", async () => {
  store.route.value = { ...store.route.peek(), audit: "everything" };
  const { page, undo } = drawn(History, {});
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  asked[0]!.answer([{ sequence: 1, at: null, actor: "alice", action: "ARMED", body: {}, cluster: "lab", operation: null, subject: "", problems: [], asked_from: {} }]);
  await vi.waitFor(() => expect(page.all("th").map((one) => one.textContent)).toContain(`When (${new Intl.DateTimeFormat().resolvedOptions().timeZone})`));
  undo();
});

test("a filter that is dropped leaves the focus to what is chosen beside it", async () => {
  store.route.value = { ...store.route.peek(), audit: "everything", person: "bob" };
  const { page, undo } = drawn(History, {});
  const filter = page.all("button")[0]!;
  expect(filter.textContent).toContain("by bob");
  filter.focus();
  filter.hear("click");
  await vi.waitFor(() => expect(page.textContent).not.toContain("by bob"));
  expect(document.activeElement).toBe(page.all("select")[0]);
  undo();
});

test.each([
  ["", { from: "blue", to: "green", state: "succeeded", differs: [] }, "/api/v1/switches"],
  ["all", { purpose: "keep", side: "blue", state: "succeeded", target: 1, differs: [] }, "/api/v1/sizes"],
])("older ones than the first 200 are there for who asks: %s", async (size, one, path) => {
  store.route.value = { ...store.route.peek(), size };
  const line = (number: number): unknown => ({ ...one, id: `s${number}`, namespace: "store", service: "shop", actor: "alice", requested_at: "2026-11-26T12:00:00Z" });
  const { page, undo } = drawn(History, {});
  const press = (word: string): void => page.all("a").find((link) => link.textContent === word)!.hear("click", { preventDefault: () => undefined });
  const questions = (): unknown => asked.map((question) => [question.path.split("?")[0], new URLSearchParams(question.path.split("?")[1]).get("before")]);
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  asked[0]!.answer(Array.from({ length: 200 }, (_, number) => line(number)));
  await vi.waitFor(() => expect(page.all("tr")).toHaveLength(201));
  press("Older entries");
  await vi.waitFor(() => expect(asked).toHaveLength(2));
  asked[1]!.answer([line(200)]);
  await vi.waitFor(() => expect(page.all("tr")).toHaveLength(2));
  expect(page.textContent).not.toContain("Older entries");
  expect(store.route.value.older, "the address holds it").toBe("s199");
  press("Newest entries");
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  expect(questions()).toEqual([[path, null], [path, "s199"], [path, null]]);
  undo();
});

test("where there is no switch yet, the way to the first one is shown", async () => {
  const { page, undo } = drawn(History, {});
  await vi.waitFor(() => expect(asked).toHaveLength(1));
  asked[0]!.answer([]);
  await vi.waitFor(() => expect(page.textContent).toContain("No switch yet."));
  expect(page.all("a").at(-1)!.getAttribute("href")).toBe("/c/lab/traffic");
  undo();
});
