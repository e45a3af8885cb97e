import { afterEach, describe, expect, test } from "vitest";
import { differsOf, entryWord } from "../src/i18n/switching";
import { isWord, language } from "../src/i18n/words";
import { KINDS, kindOf, kinds, mayRead } from "../src/state/audit";

afterEach(() => {
  language.value = "en";
});

describe("what of the audit is shown", () => {
  test("is what the link names, everything where nobody knows it, and nothing where it does not ask", () => {
    expect([kindOf("arming"), kindOf("nonsense"), kindOf("toString"), kindOf(""), kindOf(null)]).toEqual(["arming", "everything", "everything", null, null]);
  });

  test("leaves people and sign-ins to administrators", () => {
    expect(kinds.filter((one) => mayRead(one, "viewer"))).toEqual(["everything", "asked", "arming"]);
    expect(kinds.filter((one) => mayRead(one, "operator"))).toEqual(["everything", "asked", "arming"]);
    expect(kinds.every((one) => mayRead(one, "admin"))).toBe(true);
  });

  test.each(kinds)("%s has a name, and a word for each of its entries", (kind) => {
    expect(isWord(`audit_${kind}`)).toBe(true);
    for (const action of KINDS[kind]) expect(entryWord(action)).not.toBe(action);
  });
});

describe("a row and its audit", () => {
  test("that agree say nothing", () => {
    expect(differsOf({ differs: [] })).toBe("");
  });

  test("that disagree name what, each once, in the reader's language", () => {
    expect(differsOf({ differs: ["actor", "open", "state", "from", "to"] })).toContain("otherwise: Who, State, From → to.");
    language.value = "ko";
    expect(differsOf({ differs: ["actor"] })).toContain("누가");
    expect(differsOf({ differs: ["brand-new"] })).toContain("brand-new");
  });

  test("of a change of sizes name what was to be changed", () => {
    expect(differsOf({ differs: ["side", "purpose", "target", "numbers"] })).toContain("otherwise: What, Size.");
    expect(entryWord("TOOK_OVER")).not.toBe("TOOK_OVER");
  });

  test("of which one is gone say which", () => {
    expect(differsOf({ differs: ["row"] })).toContain("gone");
    expect(differsOf({ differs: ["audit"] })).toContain("No entry");
  });
});
