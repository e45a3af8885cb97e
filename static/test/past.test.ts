import { expect, test } from "vitest";
import { wholeOf } from "../src/state/past";
import { Picture } from "../src/state/picture";
import { node, pod } from "./making";

test("what REST tells of a moment makes the same picture as the stream", () => {
  const objects = [node("n1"), pod("a", { node: "n1" })];
  const [first, second] = objects.map((record) => record.uid) as [string, string];
  const told = new Picture();
  told.replace(wholeOf({ objects, links: [{ kind: "runs_on", source: second, target: first }], state: "live" }));
  const streamed = new Picture();
  streamed.replace({ objects: [[1, objects[0]!], [2, objects[1]!]], links: [["runs_on", 2, 1]] });
  expect(told.plain()).toEqual(streamed.plain());
});
