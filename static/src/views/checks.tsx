/** One line of a preflight. */
import type { JSX } from "preact";
import { remedyOf, sentenceOf } from "../i18n/checks";
import { t } from "../i18n/words";
import type * as rest from "../state/rest";

export function CheckLine({ check }: { check: rest.Check }): JSX.Element {
  const remedy = remedyOf(check);
  return (
    <li data-level={check.level}>
      {sentenceOf(check)}
      {check.objects.length > 0 && <span class="quiet wrap"> {check.objects.map((one) => `${one.kind} ${one.name}`).join(", ")}</span>}
      {remedy && <p class="quiet">{t("remedy", { text: remedy })}</p>}
    </li>
  );
}
