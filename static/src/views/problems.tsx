/** What is wrong, the worst first and each in words: a map alone shows where, and makes one look for why. */
import type { JSX } from "preact";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as store from "../state/store";
import { statusOf } from "./marks";
import { sight } from "./sight";

const MOST = 20;

export function Problems(): JSX.Element {
  const seen = sight.value;
  const found = derived.problems.value.filter(({ record }) => seen.shows(record));
  if (found.length === 0) return <p class="card" role="status">{t(derived.troubles.value > 0 ? "nothingFound" : "noProblems")}</p>;
  return (
    <section class="card" aria-label={t("onlyProblems")}>
      <ul class="problems">
        {found.slice(0, MOST).map(({ record, bad }) => {
          const [warning] = derived.warnings.value.get(record.uid) ?? [];
          return (
            <li key={record.uid}>
              <span class="quiet">{record.kind}</span>
              <button type="button" class="link" onClick={() => store.select({ kind: record.kind, namespace: record.namespace, name: record.name })}>
                {record.namespace && `${record.namespace}/`}{record.name}
              </button>
              <span class={bad ? "bad-text" : "warn-text"}>{statusOf(record)}</span>
              {warning && <span class="quiet wrap" lang="en">{warning.message}</span>}
            </li>
          );
        })}
      </ul>
      {found.length > MOST && <p class="quiet">{t("more", { count: found.length - MOST })}</p>}
    </section>
  );
}
