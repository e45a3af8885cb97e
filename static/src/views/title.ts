/** What the window's tab says: a state that is not live first, since a tab shows little more. */
import { t } from "../i18n/words";
import { page } from "../state/page";
import type { Route } from "../state/routes";
import type { freshState } from "../state/store";
import { plain } from "./plain";

export function titleOf(state: typeof freshState.value, { page: view, selection }: Route): string {
  return plain([state !== "live" && `● ${t(state)}`, selection?.name, t(view), page.clusterName, "Clusterview"].filter(Boolean).join(" · "));
}
