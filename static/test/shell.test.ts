/** What frames every view: the way back to it, whose it is, and what the window says of it. */
import { clear, drawn } from "./document";
import { afterEach, beforeEach, expect, test } from "vitest";
import * as store from "../src/state/store";
import { Banner, Verified } from "../src/views/shell";
import type { Contact } from "../src/wire/messages";

const contact: Contact = {
  state: "live", contact_age_seconds: 0.1, reason: "", detail: "", version: "", verified_age_seconds: 3, divergences: 0, counted: {}, missing: [],
};

beforeEach(() => void Object.assign(location, { search: "" }));
afterEach(() => {
  clear();
  store.endedBecause.value = "";
});

test("what was found wrong and repaired is counted where it is said that all was verified", () => {
  store.hear(contact);
  expect(drawn(Verified, {}).page.textContent).toBe("verified 3s ago");
  store.hear({ ...contact, divergences: 2 });
  expect(drawn(Verified, {}).page.textContent).toBe("verified 3s ago · 2 repaired");
});

test("who is signed out comes back to what was on the page", () => {
  store.endedBecause.value = "signed_out";
  Object.assign(location, { search: "?ns=store&sel=Service/store/shop" });
  const { page, undo } = drawn(Banner, {});
  expect(page.all("a").map((one) => one.getAttribute("href"))).toEqual(["/c/lab/?ns=store&sel=Service/store/shop"]);
  undo();
});
