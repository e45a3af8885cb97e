/** The Korean catalog, once it is here and while it is wanted; until then what the server says is said in its own words. */
import { effect, signal } from "@preact/signals";
import type * as Korean from "./korean";
import { language } from "./words";

const loaded = signal<typeof Korean | null>(null);

/** The catalog for who reads Korean, null for everybody else. */
export function korean(): typeof Korean | null {
  return language.value === "ko" ? loaded.value : null;
}

/** Asks for it where it is not here yet; where it cannot be had, the next choice of the language asks again. */
export async function load(): Promise<void> {
  loaded.value ??= await import("./korean").catch(() => null);
}

effect(() => {
  if (language.value === "ko") void load();
});
