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
  return passed((now - at) / 1000, "long");
}

/** How many seconds ago something was, in the same way and as short as can be. */
export function since(seconds: number): string {
  return passed(Math.round(seconds), "narrow");
}

function passed(seconds: number, style: "long" | "narrow"): string {
  const [unit, length] = UNITS.find(([, one]) => seconds >= one) ?? (["second", 1] as const);
  return new Intl.RelativeTimeFormat(language.value, { numeric: "always", style }).format(-Math.floor(Math.max(0, seconds) / length), unit);
}

/** A duration, in seconds as exact as somebody wants to read them: a short one to two digits, a long one to the second. */
export function seconds(milliseconds: number): string {
  const told = Math.max(0, milliseconds) / 1000;
  const digits = told < 100 ? { maximumSignificantDigits: 2 } : { maximumFractionDigits: 0 };
  return new Intl.NumberFormat(language.value, { style: "unit", unit: "second", unitDisplay: "narrow", ...digits }).format(told);
}

/** The zone that the moments are written in. */
export function zone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** When something was: how long after the first of its kind, where both times are known. */
export function after(value: string | null, first: string | null): string {
  return value === null || first === null ? moment(value) : `+ ${seconds(Date.parse(value) - Date.parse(first))}`;
}

/** What is left until a moment, as minutes and seconds, and as hours where there is one. */
export function countdown(until: string, now: number): string {
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60];
  const parts = hours ? [hours, padded(minutes)] : [minutes];
  return [...parts, padded(seconds % 60)].join(":");
}

function padded(number: number): string {
  return String(number).padStart(2, "0");
}

/** The time, with its day where that is not today. */
export function timeOfDay(value: string | number, now: number): string {
  const at = new Date(value);
  const day = at.toDateString() === new Date(now).toDateString() ? {} : { month: "short", day: "numeric" } as const;
  return at.toLocaleString(language.value, { hour: "numeric", minute: "2-digit", ...day });
}
