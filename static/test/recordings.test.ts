/** A recorded stream of a real cluster: old picture + changes = fresh picture. tests/stream/test_recordings.py promises the same of the server. */
import { expect, test } from "vitest";
import { Picture } from "../src/state/picture";
import { message, whole } from "../src/wire/decoding";
import type { Changes, Snapshot } from "../src/wire/messages";
import end from "../../tests/streams/shop.json";
import frames from "../../tests/streams/shop.frames?raw";

const recorded = frames.trim().split("\n").map((line) => message(Uint8Array.from(atob(line), (letter) => letter.charCodeAt(0)))) as (Snapshot | Changes)[];

async function fresh(snapshot: Snapshot): Promise<Picture> {
  const picture = new Picture();
  picture.replace(await whole(snapshot.body));
  return picture;
}

test("changes lead to each fresh picture, from wherever one begins", async () => {
  const pictures: Picture[] = [];
  for (const one of recorded) {
    if (one.type === "changes") {
      for (const picture of pictures) picture.apply(one);
      continue;
    }
    const now = await fresh(one);
    for (const picture of pictures) expect(picture.plain()).toEqual(now.plain());
    pictures.push(now);
  }
  expect(pictures.length).toBeGreaterThan(5);
});

test("the end is what the server wrote down", async () => {
  const picture = await fresh(recorded[0] as Snapshot);
  for (const one of recorded) if (one.type === "changes") picture.apply(one);
  const told = picture.plain().map(([, record]) => record).sort((a, b) => (a.uid < b.uid ? -1 : 1));
  expect(told).toEqual(end);
});
