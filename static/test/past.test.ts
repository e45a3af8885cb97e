import { expect, test } from "vitest";
import { wholeOf } from "../src/state/past";
import { Picture } from "../src/state/picture";
import { node, pod, rows, whole } from "./making";

test("what REST tells of a moment makes the same picture as the stream", () => {
  const objects = [node("n1"), pod("a", { node: "n1" })];
  const told = new Picture();
  told.replace(wholeOf({ objects, state: "live" }));
  const streamed = new Picture();
  streamed.replace(whole(rows(...objects)));
  expect(told.plain()).toEqual(streamed.plain());
});
