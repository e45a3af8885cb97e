/**
 * How fresh the picture is, as the page may claim it. The server's word counts while it keeps coming; silence makes the page stale by its
 * own clock, because a dead connection says nothing.
 */
import type { Contact } from "../wire/messages";

export const SILENT_AFTER_MS = 4_000;
/** A line that is always as late as this leaves the page live from one word to the next. */
const FORGIVEN_MS = 1_000;
const LOST_AFTER_SECONDS = 60;

export type State = "waiting" | "live" | "stale" | "lost";

export interface Freshness {
  readonly state: State;
  /** Seconds since the cluster was last known to answer; null when it never was. */
  readonly age: number | null;
  /** Seconds since the picture was last compared with lists; null when it never was. */
  readonly verified: number | null;
  /** A code of the catalog, empty while live. */
  readonly reason: string;
  readonly detail: string;
}

/**
 * `heardAt` and `now` are milliseconds of one and the same steady clock; `hasPicture` tells whether there is anything that could be out of date, and
 * `currentUntil` when it last was the newest one that the server had; null while it is. `heardAt` is `lateMs` before the server's last word came.
 */
export function freshness(
  contact: Contact | null, heardAt: number, now: number, open: boolean, hasPicture = true, currentUntil: number | null = null, lateMs = 0,
): Freshness {
  if (!contact) return { state: "waiting", age: null, verified: null, reason: open ? "" : "no_server", detail: "" };
  const since = Math.max(0, now - heardAt);
  const age = contact.contact_age_seconds === null ? null : contact.contact_age_seconds + since / 1000;
  const verified = contact.verified_age_seconds === null ? null : contact.verified_age_seconds + since / 1000;
  const silent = !open || since - Math.min(lateMs, FORGIVEN_MS) > SILENT_AFTER_MS;
  const told: State = contact.state === "live" ? "live" : contact.state === "stale" ? "stale" : "lost";
  // Right after the start nobody has begun to observe, and nothing is lost that ever was there.
  const begins = !hasPicture && age === null && contact.reason === "no_observer";
  if (!silent && begins) return { state: "waiting", age, verified, reason: "not_begun", detail: "" };
  if (!silent && told === "live" && hasPicture && currentUntil !== null) {
    return { state: "stale", age: Math.max(age ?? 0, (now - currentUntil) / 1000), verified, reason: "catching_up", detail: "" };
  }
  if (!silent) return { state: told, age, verified, reason: told === "live" ? "" : contact.reason, detail: contact.detail };
  const state = told === "lost" || age === null || age > LOST_AFTER_SECONDS ? "lost" : "stale";
  return { state, age, verified, reason: open && since - lateMs <= SILENT_AFTER_MS ? "slow_line" : "no_server", detail: "" };
}
