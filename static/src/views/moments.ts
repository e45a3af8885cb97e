/** Moments as the reader's own place and language write them. */
import { language } from "../i18n/words";

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60], ["second", 1]] as const;

export function moment(value: string | number | null): string {
  if (value === null) return "";
  return new Date(value).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "medium" });
}

/** How long ago something was, in the largest unit of which there is at least one. */
export function ago(value: string | number, now: number): string {
  const at = typeof value === "number" ? value * 1000 : Date.parse(value);
  const passed = Math.max(0, now - at) / 1000;
  const [unit, length] = UNITS.find(([, one]) => passed >= one) ?? (["second", 1] as const);
  return new Intl.RelativeTimeFormat(language.value, { numeric: "always" }).format(-Math.floor(passed / length), unit);
}

/** A duration, in seconds as exact as somebody wants to read them. */
export function seconds(milliseconds: number): string {
  return new Intl.NumberFormat(language.value, { style: "unit", unit: "second", unitDisplay: "narrow", maximumSignificantDigits: 2 }).format(Math.max(0, milliseconds) / 1000);
}

/** When something was: how long after the first of its kind, where both times are known. */
export function after(value: string | null, first: string | null): string {
  return value === null || first === null ? moment(value) : `+ ${seconds(Date.parse(value) - Date.parse(first))}`;
}

/** What is left until a moment, as minutes and seconds. */
export function countdown(until: string, now: number): string {
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function timeOfDay(value: string): string {
  return new Date(value).toLocaleTimeString(language.value, { timeStyle: "short" });
}
