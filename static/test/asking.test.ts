/** What several cards of a group would ask, and what nobody should ask while a switch begins. */
import { clear, drawn } from "./document";
import { signal } from "@preact/signals";
import type { Signal } from "@preact/signals";
import { h, render } from "preact";
import { afterEach, expect, test, vi } from "vitest";
import * as rest from "../src/state/rest";
import * as store from "../src/state/store";
import { once, useAsked, useDoing } from "../src/views/asking";
import type { Doing } from "../src/views/asking";

/** Effects run a moment after what is drawn. */
const settled = (): Promise<unknown> => vi.advanceTimersByTimeAsync(100);

afterEach(() => {
  clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("what several parts of a view ask at the same time is asked once, and again when it is answered", async () => {
  let asked = 0;
  const ask = (): Promise<number> => Promise.resolve(++asked);
  expect(await Promise.all([once("group", ask), once("group", ask), once("another", ask)])).toEqual([1, 1, 2]);
  expect(await once("group", ask)).toBe(3);
  const refused = (): Promise<number> => Promise.reject(new Error(`refused ${++asked}`));
  const both = await Promise.allSettled([once("group", refused), once("group", refused)]);
  expect(both.map((one) => one.status === "rejected" && String(one.reason))).toEqual(["Error: refused 4", "Error: refused 4"]);
});

test("a switch begins until the applications tell of it, however that was heard of", async () => {
  let answer: (() => void) | undefined;
  vi.stubGlobal("fetch", () => new Promise((resolve) => (answer = () => resolve(new Response("[]")))));
  const told = vi.fn(() => Promise.resolve());
  const begun = store.begin(told);
  expect([store.isMoving.value, told.mock.calls.length]).toEqual([true, 1]);
  await vi.waitFor(() => expect(answer).toBeDefined());
  answer?.();
  await begun;
  expect(store.isMoving.value).toBe(false);

  store.operations.value = { count: store.operations.peek().count + 1, id: "018f" };
  expect(store.isMoving.value).toBe(true);
  const loading = store.loadApplications();
  store.operations.value = { count: store.operations.peek().count + 1, id: "018f" };
  answer?.();
  await loading;
  expect(store.isMoving.value).toBe(true);
  const again = store.loadApplications();
  answer?.();
  await again;
  expect(store.isMoving.value).toBe(false);
});

test("a request that is refused begins nothing", async () => {
  await expect(store.begin(() => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
  expect(store.isMoving.value).toBe(false);
});

test("an answer that breaks off is none, however well it began", async () => {
  const broken = new ReadableStream({ pull: (answer) => answer.error(new TypeError("the line broke")) });
  for (const body of [broken, '[{"service": ', ""]) {
    vi.stubGlobal("fetch", () => Promise.resolve(new Response(body)));
    await expect(rest.applications("lab")).rejects.toMatchObject({ status: 0, code: "no_server" });
  }
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("<h1>Not Found</h1>", { status: 404 })));
  await expect(rest.applications("lab")).rejects.toMatchObject({ status: 404, code: "http-404" });
});

test("what fails on the page itself leaves its button to be pressed again", async () => {
  const seen: Doing[] = [];
  let thrown: unknown;
  const Probe = (): null => {
    seen.push(useDoing());
    return null;
  };
  render(h(Probe, {}), { childNodes: [], nodeType: 1 } as unknown as Element);
  const failing = {
    then: (_: unknown, fail: (error: unknown) => void) => {
      try {
        fail(new TypeError("of the page"));
      } catch (error) {
        thrown = error;
      }
    },
  };
  seen[0]?.run(() => failing as unknown as Promise<unknown>);
  await vi.waitFor(() => expect(seen).toHaveLength(2));
  expect(seen[1]).toMatchObject({ busy: false, refusal: null });
  expect(thrown).toBeInstanceOf(TypeError);
});

/** A view that asks about `about` again with each `renewal`, and the questions that it has asked, oldest first. */
function asking(): { View: () => string; about: Signal<string>; renewal: Signal<number>; questions: { about: string; answer: (text: string) => void; refuse: () => void }[] } {
  const [about, renewal] = [signal("one"), signal(0)];
  const questions: ReturnType<typeof asking>["questions"] = [];
  const View = (): string => {
    const key = about.value;
    const refused = new rest.Refusal(409, "busy", "Busy.", {});
    const asked = useAsked(() => new Promise<string>((answer, fail) => questions.push({ about: key, answer, refuse: () => fail(refused) })), key, renewal.value);
    return `${asked.value ?? "nothing"} ${asked.refusal?.code ?? ""}`.trim();
  };
  return { View, about, renewal, questions };
}

test("an answer that is slower than its renewal is shown, and one question at a time is on its way", async () => {
  vi.useFakeTimers();
  const { View, renewal, questions } = asking();
  const { page } = drawn(View, {});
  await settled();
  expect(questions).toHaveLength(1);
  for (const turn of [1, 2, 3]) {
    renewal.value = turn;
    await settled();
  }
  expect([page.textContent, questions.length]).toEqual(["nothing", 1]);
  questions[0]!.answer("first");
  await settled();
  expect(questions).toHaveLength(2);
  expect(page.textContent).toBe("first");
  renewal.value = 4;
  questions[1]!.refuse();
  await settled();
  expect(questions).toHaveLength(3);
  expect(page.textContent).toBe("first busy");
  questions[2]!.answer("third");
  await settled();
  expect([page.textContent, questions.length]).toEqual(["third", 3]);
});

test("an answer about what the view is not about any more is dropped, and does not hold up the next question", async () => {
  vi.useFakeTimers();
  const { View, about, renewal, questions } = asking();
  const { page, undo } = drawn(View, {});
  await settled();
  expect(questions).toHaveLength(1);
  renewal.value = 1;
  about.value = "another";
  await settled();
  expect(questions.map((one) => one.about)).toEqual(["one", "another"]);
  questions[0]!.answer("late");
  await settled();
  expect([page.textContent, questions.length]).toEqual(["nothing", 2]);
  questions[1]!.answer("second");
  await settled();
  expect(page.textContent).toBe("second");
  renewal.value = 2;
  await settled();
  expect(questions).toHaveLength(3);
  undo();
  questions[2]!.answer("after the view");
  await settled();
  expect(questions).toHaveLength(3);
});
