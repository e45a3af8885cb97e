/** Which names are sought, and in which namespace: the same above the map and above the applications, and in the address of both. */
import type { JSX } from "preact";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as store from "../state/store";

export function Narrowing(): JSX.Element {
  const { query, namespace } = store.route.value;
  return (
    <>
      <input
        type="search" id="search" aria-keyshortcuts="/" aria-label={t("search")} placeholder={t("search")} value={query}
        onInput={(event) => store.go({ query: event.currentTarget.value }, true)}
      />
      <select aria-label={t("namespace")} value={namespace} onChange={(event) => store.go({ namespace: event.currentTarget.value })}>
        <option value="">{t("allNamespaces")}</option>
        {derived.namespaces.value.map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
    </>
  );
}
