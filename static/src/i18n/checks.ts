/** The preflight's checks, recipes and refusals to switch at all, in the reader's language. */
import type { Application, Check, Recipe } from "../state/rest";
import { korean } from "./catalog";
import { fill } from "./words";

export function sentenceOf(check: Check): string {
  return said(check, 0) || check.sentence || check.code;
}

/** What to do about it; empty where there is nothing to do. */
export function remedyOf(check: Check): string {
  if (check.level === "ok" || check.level === "info") return "";
  return said(check, 1) || check.remedy || "";
}

/** Why an application cannot be switched, and what would change that; empty where nothing stands against it. */
export function whyNot(application: Application): string {
  const { why_not: code, why_not_params: params, why_not_sentence: sentence, why_not_remedy: remedy } = application;
  if (!code) return "";
  const known = korean()?.WHY_NOT[code];
  const words = known ? known.map((one) => fill(one, params)) : [sentence || code, remedy];
  return words.filter(Boolean).join(" ");
}

/** A recipe's title and note in the reader's language. */
export function wordsOf(recipe: Recipe): readonly [string, string] {
  return korean()?.RECIPES[recipe.code] ?? [recipe.title, recipe.note];
}

function said(check: Check, which: 0 | 1): string {
  const catalog = korean();
  if (!catalog) return "";
  const levels = check.level === "info" ? ["info", "block", "warn"] : [check.level];
  const found = levels.map((level) => catalog.CHECKS[`${check.code}:${level}`]).find(Boolean);
  return found ? fill(found[which], check.params) : "";
}
