/** Moments as the reader's own place and language write them. */
import { language } from "../i18n/words";

export function moment(value: string | number | null): string {
  if (value === null) return "";
  return new Date(value).toLocaleString(language.value, { dateStyle: "medium", timeStyle: "medium" });
}

export function timeOfDay(value: string): string {
  return new Date(value).toLocaleTimeString(language.value, { timeStyle: "short" });
}
