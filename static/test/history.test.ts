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
  store.route.value = { ...store.route.peek(), audit: null, person: "" };
});

test("the rows of one filter do not stand under another until its own have come", async () => {
  const entry = { sequence: 1, at: null, actor: "alice", action: "ARMED", body: {}, cluster: "lab", operation: null, subject: "", problems: [] };
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
