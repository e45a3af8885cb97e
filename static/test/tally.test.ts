import { expect, test } from "vitest";
import { fillOf, tallied } from "../src/state/tally";
import { pod } from "./making";

const colours: Readonly<Record<string, "blue" | "green">> = { b: "blue", g: "green", gone: "green" };
const pods = [
  pod("b"), pod("g"), pod("plain"), pod("gone", { ready: false }), pod("broken", { ready: false, status: "CrashLoopBackOff" }),
];

test("a node's cell tells how many of its pods are ready, of which side, and how many fail", () => {
  expect(tallied(pods, (one) => colours[one.name])).toEqual({ total: 5, ready: 3, bad: 1, blue: 1, green: 1 });
});

test("its fill is blue, green and other ready pods from the left, and empty for those that are not ready", () => {
  expect(fillOf(tallied(pods, (one) => colours[one.name]))).toBe(
    "linear-gradient(90deg, var(--blue) 0 25%, var(--green) 0 50%, var(--idle) 0 60%, transparent 0)",
  );
  expect(fillOf(tallied([], () => undefined))).toBe("");
});
