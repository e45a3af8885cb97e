/** Everything of the picture as rows: the map for screen readers, for copying, and for who likes tables. */
import type { JSX } from "preact";
import { KINDS } from "../wire/messages";
import type { AnyRecord } from "../wire/messages";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as finding from "../state/finding";
import { byNamespaceAndName } from "../state/ordering";
import * as store from "../state/store";
import { conditionOf, statusOf } from "./marks";

export function Table(): JSX.Element {
  const route = store.route.value;
  const problems = new Set(derived.problems.value.map((one) => one.record.uid));
  const rows: AnyRecord[] = KINDS.flatMap((kind) => (store.list(kind) as AnyRecord[]).sort(byNamespaceAndName)).filter((record) =>
    finding.fits(record, route, problems),
  );
  if (rows.length === 0) return <p class="card" role="status">{t("nothingFound")}</p>;
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label={t("showTable")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("kind")}</th>
            <th scope="col">{t("namespace")}</th>
            <th scope="col">{t("name")}</th>
            <th scope="col">{t("status")}</th>
            <th scope="col">{t("node")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((record) => (
            <tr key={record.uid} data-kind={record.kind} data-uid={record.uid} data-condition={conditionOf(record)}>
              <td>{record.kind}</td>
              <td>{record.namespace}</td>
              <td>
                <button type="button" class="link" onClick={() => store.select({ kind: record.kind, namespace: record.namespace, name: record.name })}>
                  {record.name}
                </button>
              </td>
              <td>{statusOf(record)}</td>
              <td>{record.kind === "Pod" ? record.node : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
