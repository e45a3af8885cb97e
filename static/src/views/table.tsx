/** Everything of the picture as rows: the map for screen readers, for copying, and for who likes tables. Very many come piece by piece. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { KINDS } from "../wire/messages";
import { kindWord } from "../i18n/kinds";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as finding from "../state/finding";
import * as store from "../state/store";
import { conditionOf, statusOf } from "./marks";

const PIECE = 1_000;

export function Table(): JSX.Element {
  const [most, show] = useState(PIECE);
  const route = store.route.value;
  const { rows, count } = finding.first(store.follow(...KINDS), route, route.problems ? derived.troubledUids.value : finding.NO_UIDS, most);
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
              <td>{kindWord(record.kind)}</td>
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
      {count > rows.length && <button type="button" class="button" onClick={() => show(most + PIECE)}>{t("more", { count: count - rows.length })}</button>}
    </div>
  );
}
