import { clear, drawn } from "./document";
import { afterEach, expect, test } from "vitest";
import * as store from "../src/state/store";
import { Verified } from "../src/views/shell";
import type { Contact } from "../src/wire/messages";

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: 3, divergences: 0, counted: {}, missing: [],
};

afterEach(clear);

test("what was found wrong and repaired is counted where it is said that all was verified", () => {
  store.hear(contact);
  expect(drawn(Verified, {}).page.textContent).toBe("verified 3 s ago");
  store.hear({ ...contact, divergences: 2 });
  expect(drawn(Verified, {}).page.textContent).toBe("verified 3 s ago · 2 repaired");
});
