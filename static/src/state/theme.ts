/** Light or dark: as the system has it, until the reader chooses. The choice stays in this browser, where that keeps anything. */
const KEY = "clusterview-theme";

export function restore(): void {
  const kept = attempt(() => localStorage.getItem(KEY));
  if (kept === "light" || kept === "dark") document.documentElement.dataset["theme"] = kept;
}

export function toggle(): void {
  const now = document.documentElement.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  attempt(() => localStorage.setItem(KEY, next));
}

/** Where site data is blocked, the very mention of `localStorage` throws. */
function attempt<T>(use: () => T): T | null {
  try {
    return use();
  } catch {
    return null;
  }
}
