/** A view that is fetched when it is wanted: until then the page says so, and what to do where it cannot be had. */
import { clear, drawn } from "./document";
import { h } from "preact";
import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  clear();
  vi.resetModules();
});

/** The page, for which the view comes, or does not, as `arrives` says. */
async function shown(arrives: () => Promise<void>): Promise<ReturnType<typeof drawn>["page"]> {
  vi.doMock("../src/views/history", async () => {
    await arrives();
    return { History: () => h("p", {}, "switches") };
  });
  const { LaterHistory } = await import("../src/views/later");
  return drawn(LaterHistory, {}).page;
}

test("who opens it first sees that it is loading, and then the view", async () => {
  let arrive = (): void => {};
  const arrives = new Promise<void>((done) => (arrive = done));
  const page = await shown(() => arrives);
  expect(page.textContent).toBe("Loading …");
  arrive();
  await vi.waitFor(() => expect(page.textContent).toBe("switches"));
});

test("where it is gone the page says so and offers to load itself again", async () => {
  const page = await shown(() => Promise.reject(new Error("gone")));
  await vi.waitFor(() => expect(page.textContent).toBe("This view could not be loaded. Reload"));
});
