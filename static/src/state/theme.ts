/** Light or dark: as the system has it, until the reader chooses. The choice stays in this browser. */
const KEY = "clusterview-theme";

export function restore(): void {
  const kept = localStorage.getItem(KEY);
  if (kept === "light" || kept === "dark") document.documentElement.dataset["theme"] = kept;
}

export function toggle(): void {
  const now = document.documentElement.dataset["theme"] ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  const next = now === "dark" ? "light" : "dark";
  document.documentElement.dataset["theme"] = next;
  localStorage.setItem(KEY, next);
}
