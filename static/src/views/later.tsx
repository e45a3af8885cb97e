/** History, which is fetched when it is first wanted: whoever looks at the map does not wait for it. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { t } from "../i18n/words";

const view = signal<(() => JSX.Element) | null>(null);
const failed = signal(false);

export function LaterHistory(): JSX.Element {
  useEffect(() => {
    void fetched();
  }, []);
  const History = view.value;
  if (History) return <History />;
  if (!failed.value) return <p class="card" role="status">{t("loading")}</p>;
  return <p class="card" role="alert">{t("viewMissing")} <a href={location.pathname + location.search}>{t("reload")}</a></p>;
}

/** Where the line was lost the next visit asks again; where the server is of another version by now only the page's own reload helps. */
async function fetched(): Promise<void> {
  failed.value = false;
  try {
    view.value ??= (await import("./history")).History;
  } catch {
    failed.value = true;
  }
}
