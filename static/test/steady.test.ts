/** No press of the pointer reaches a button that has just come under it. */
import { clear, drawn } from "./document";
import type { Element_ } from "./document";
import { h } from "preact";
import type { JSX } from "preact";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { STEADY_MS, SteadyButton } from "../src/views/steady";

/** What the browser tells of: something on the page is other than it was, and a scroll. */
let changed: () => void;
const heard = new Map<string, () => void>();
const observed: unknown[] = [];

beforeEach(() => {
  vi.useFakeTimers();
  observed.length = 0;
  vi.stubGlobal("MutationObserver", class {
    constructor(look: () => void) {
      changed = look;
    }
    observe(what: unknown): void {
      observed.push(what);
    }
    disconnect(): void {
      observed.length = 0;
    }
  });
  vi.stubGlobal("addEventListener", (type: string, listener: () => void) => void heard.set(type, listener));
  vi.stubGlobal("removeEventListener", (type: string) => void heard.delete(type));
});

afterEach(() => {
  clear();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const Buttons = ({ count }: { count: number }): JSX.Element =>
  h("section", {}, Array.from({ length: count }, (_, number) => h("div", { key: number }, h(SteadyButton, { children: `Go back ${number}` })))) as JSX.Element;

/** So many buttons in their page, each where it can be moved, and how the pointer gets on with it. */
function shown(count = 1): { buttons: { moveTo: (left: number, top: number) => void; pointer: () => string }[]; undo: () => void } {
  const { page, undo } = drawn(Buttons, { count });
  const buttons = page.all("button").map((button: Element_) => ({
    moveTo: (left: number, top: number) => void Object.assign(button, { getBoundingClientRect: () => ({ left, top }) }),
    pointer: () => String(Object(button.style)["pointerEvents"]),
  }));
  return { buttons, undo };
}

test("a button that has just appeared is not pressed by who aimed at what was there before", async () => {
  const [button] = shown().buttons;
  expect(button!.pointer()).toBe("none");
  await vi.advanceTimersByTimeAsync(STEADY_MS - 1);
  expect(button!.pointer()).toBe("none");
  await vi.advanceTimersByTimeAsync(1);
  expect(button!.pointer()).toBe("");
});

test("nor is one that has moved; one that stayed where it is waits for nothing", async () => {
  const [button] = shown().buttons;
  await vi.advanceTimersByTimeAsync(STEADY_MS);
  changed();
  expect(button!.pointer()).toBe("");
  button!.moveTo(0, 40);
  changed();
  expect(button!.pointer()).toBe("none");
  await vi.advanceTimersByTimeAsync(STEADY_MS / 2);
  button!.moveTo(0, 80);
  changed();
  await vi.advanceTimersByTimeAsync(STEADY_MS / 2);
  expect(button!.pointer()).toBe("none");
  await vi.advanceTimersByTimeAsync(STEADY_MS / 2);
  expect(button!.pointer()).toBe("");
});

test("nor one that slides under the pointer because what is scrolled has become shorter, though it stands where it stood in its document", async () => {
  const [button] = shown().buttons;
  await vi.advanceTimersByTimeAsync(STEADY_MS);
  button!.moveTo(0, 60);
  heard.get("scroll")!();
  expect(button!.pointer()).toBe("none");
  // Whoever scrolls themselves waits as long after it, and no longer: what changes later has not moved the button again.
  await vi.advanceTimersByTimeAsync(STEADY_MS);
  changed();
  expect(button!.pointer()).toBe("");
});

test("nor another's that stands where this one's was since a card has come before both", async () => {
  const [one, another] = shown(2).buttons;
  one!.moveTo(0, 100);
  another!.moveTo(420, 100);
  changed();
  await vi.advanceTimersByTimeAsync(STEADY_MS);
  expect([one!.pointer(), another!.pointer()]).toEqual(["", ""]);
  one!.moveTo(420, 100);
  another!.moveTo(0, 300);
  changed();
  expect([one!.pointer(), another!.pointer()]).toEqual(["none", "none"]);
});

test("however many there are, each part of the page is observed once, and none once they are gone", () => {
  const { undo } = shown(50);
  expect(observed.length).toBe(new Set(observed).size);
  expect(observed.length).toBeGreaterThan(0);
  undo();
  expect([observed.length, heard.size]).toEqual([0, 0]);
});
