/** Moments as the reader's own place and language write them. */
import { language } from "../i18n/words";

export function moment(value: string | number | null): string {
  if (value === null) return "";
  return new Date(value).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "medium" });
}

/** What is left until a moment, as minutes and seconds. */
export function countdown(until: string, now: number): string {
  const seconds = Math.max(0, Math.ceil((Date.parse(until) - now) / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function timeOfDay(value: string): string {
  return new Date(value).toLocaleTimeString(language.value, { timeStyle: "short" });
}
