import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { load } from "../src/i18n/catalog";
import { remedyOf, sentenceOf, whyNot, wordsOf } from "../src/i18n/checks";
import { entryWord, reasonOf, refusalOf, stateWord } from "../src/i18n/switching";
import { kindWord } from "../src/i18n/kinds";
import { chosen, fill, grouped, language, t } from "../src/i18n/words";
import { Refusal } from "../src/state/rest";
import { statusOf } from "../src/views/marks";
import type { ControlPlanePart } from "../src/wire/messages";
import koreanAsWritten from "../src/i18n/korean.ts?raw";
import switchingAsWritten from "../src/i18n/switching.ts?raw";
import wordsAsWritten from "../src/i18n/words.ts?raw";
import { application } from "./making";

beforeAll(load);

afterEach(() => {
  language.value = "en";
});

describe("the reader's language", () => {
  test("is the cookie's, else what the server says, else English", () => {
    expect(chosen("a=b; django_language=ko", "en")).toBe("ko");
    expect(chosen("", "ko-kr")).toBe("ko");
    expect(chosen("django_language=xx", "")).toBe("en");
  });

  test("changes every word at once", () => {
    expect(t("history")).toBe("History");
    language.value = "ko";
    expect(t("history")).toBe("기록");
    expect(stateWord("succeeded")).toBe("성공");
  });
});

test("braces without a value stay visible instead of vanishing", () => {
  expect(fill("{a} and {b}", { a: 1 })).toBe("1 and {b}");
  expect(fill("{toString}", {})).toBe("{toString}");
});

test("one of a thing is not said in the plural", () => {
  expect([0, 1, 2].map((count) => t("pods", { count }))).toEqual(["0 pods", "1 pod", "2 pods"]);
  expect(t("warmUp", { service: "shop", side: "green", count: 1, cluster: "lab" })).toBe("Warm up green of shop to 1 pod on lab");
  expect(t("heldAt", { kind: "Deployment", name: "shop", number: 1, before: 0 })).toContain("at least 1 pod (");
  expect(t("plainDoors", { count: 1 })).toContain("1 more leads");
  expect(fill("{count:pod|pods}", {})).toBe("{count:pod|pods}");
});

test("large numbers are written as they are read", () => {
  expect(t("pods", { count: 150_000 })).toBe("150,000 pods");
  expect([999, 24_006].map(grouped)).toEqual(["999", "24,006"]);
});

test("a part of the control plane says its state in the reader's language", () => {
  const part = { kind: "ControlPlanePart", state: "provider", checks_total: 0 } as ControlPlanePart;
  expect(statusOf(part)).toBe("run by the provider");
  language.value = "ko";
  expect(statusOf(part)).toBe("공급자가 운영");
  expect(statusOf({ ...part, state: "failing", checks_total: 2, checks_ok: 1 })).toMatch(/^실패 ·/);
  expect(statusOf({ ...part, state: "brand-new" })).toBe("brand-new");
});

test("a kind keeps its own name, after the Korean one for who reads Korean", () => {
  expect(kindWord("Service")).toBe("Service");
  expect(kindWord("ControlPlanePart")).toBe("Control plane");
  language.value = "ko";
  expect(kindWord("Service")).toBe("서비스 Service");
  expect(kindWord("constructor")).toBe("constructor");
});

describe("checks", () => {
  const check = { code: "no-ready", level: "block", params: { to: "green" }, objects: [], sentence: "No pod of green is ready.", remedy: "Wait." } as const;

  test("say the server's sentence in English and their own in Korean", () => {
    expect(sentenceOf(check)).toBe("No pod of green is ready.");
    language.value = "ko";
    expect(sentenceOf(check)).toContain("green");
    expect(remedyOf(check)).toContain("준비");
  });

  test("that are only told on a way back have the sentence and no remedy", () => {
    language.value = "ko";
    expect(sentenceOf({ ...check, level: "info" })).toContain("준비");
    expect(remedyOf({ ...check, level: "info" })).toBe("");
  });

  test("nobody translated yet keep the server's sentence", () => {
    language.value = "ko";
    expect(sentenceOf({ ...check, code: "brand-new" })).toBe("No pod of green is ready.");
  });
});

test("a cluster that is armed under another name is refused with that name, in the reader's language", () => {
  const refusal = new Refusal(409, "armed-elsewhere", "Disarm kind-inside first.", { context: "kind-inside" });
  expect(refusalOf(refusal)).toContain("Disarm kind-inside first.");
  language.value = "ko";
  expect(refusalOf(refusal)).toContain("먼저 kind-inside의 전환을 끄세요.");
});

describe("why an application cannot be switched", () => {
  const fine = application(["blue", "green"]);
  const params = { owner: "Argo Rollouts", sign: "x" };
  const driven = { ...fine, why_not: "owner", why_not_params: params, why_not_sentence: "Driven.", why_not_remedy: "Promote." };

  test("is the server's sentence and remedy in English and their own in Korean, with the tool named", () => {
    expect(whyNot(driven)).toBe("Driven. Promote.");
    language.value = "ko";
    expect(whyNot(driven)).toContain("Argo Rollouts 도구가");
    expect(whyNot(driven)).not.toContain("Driven");
  });

  test("keeps the server's words where nobody translated them, and is empty where nothing stands against it", () => {
    language.value = "ko";
    expect(whyNot({ ...driven, why_not: "brand-new" })).toContain("Driven. Promote.");
    expect(whyNot(fine)).toBe("");
  });
});

test("a recipe has the server's words in English and its own in Korean", () => {
  const recipe = { tool: "Argo CD", code: "argo-cd", title: "Leave it", note: "Add this.", text: "" };
  expect(wordsOf(recipe)).toEqual(["Leave it", "Add this."]);
  language.value = "ko";
  expect(wordsOf(recipe)[0]).toContain("셀렉터");
  expect(wordsOf({ ...recipe, code: "brand-new" })).toEqual(["Leave it", "Add this."]);
});

test("a switch that is held says what it waits for", () => {
  const held = { open: true, reason: "asked", held_for: "not_armed", sentence: "Switching is off." };
  expect(reasonOf(held)).toBe("Switching is off.");
  language.value = "ko";
  expect(reasonOf(held)).toContain("꺼져 있습니다");
  expect(reasonOf({ ...held, open: false })).toContain("되돌리기를 요청");
});

test("a refusal without any sentence still says its code", () => {
  expect(refusalOf(new Refusal(418, "teapot", "", {}))).toContain("teapot");
  expect(refusalOf(new Refusal(404, "no-service", "It is gone.", { service: "shop-inside" }))).toContain("shop-inside");
  expect(reasonOf({ open: false, reason: "gone", held_for: "", sentence: "The Service was deleted." })).toBe("The Service was deleted.");
});

test.each([
  ["no_server", "does not answer", "응답하지 않습니다"], ["http-404", "nothing at this address", "주소에 아무것도 없거나"], ["http-502", "proxy", "프록시"],
])("an answer without a code of the API has a sentence in both languages: %s", (code, english, korean) => {
  const refusal = new Refusal(0, code, "", {});
  expect(refusalOf(refusal)).toContain(english);
  language.value = "ko";
  expect(refusalOf(refusal)).toContain(korean);
  expect(refusalOf(refusal)).not.toContain("{");
});

test("that switching is armed is said in one word, which no state of a switch is called by", () => {
  expect([t("arm", { cluster: "lab" }), t("disarm", { cluster: "lab" }), entryWord("ARMED"), entryWord("DISARMED")]).toEqual([
    "Arm switching on lab", "Disarm switching on lab", "switching armed", "switching disarmed",
  ]);
  expect(t("notArmed", { cluster: "lab" })).toContain("arms it");
  expect([wordsAsWritten, switchingAsWritten].join("").match(/(?:allow|forbid)\w* switching|switching (?:was )?(?:allow|forbid)/gi)).toBeNull();
  expect(stateWord("armed")).not.toContain("armed");
});

test("no Korean particle is left to the reader: a name is followed by a word whose particle is known", () => {
  const written = [wordsAsWritten, switchingAsWritten, koreanAsWritten].join("");
  expect(written.match(/\((?:으|이|을|은|와|과|가|를|는)\)|(?:이|을|은|와|과)\((?:가|를|는|과|와)\)/g)).toBeNull();
  expect(written.match(/\{\w+\}(?:가|이|을|를|은|는|와|과|로|으로)(?![가-힣])/g)).toBeNull();
});
