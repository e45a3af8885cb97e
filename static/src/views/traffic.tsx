/** Every application whose traffic can be moved, found from the cluster alone. */
import type { JSX } from "preact";
import { refusalOf } from "../i18n/switching";
import { t } from "../i18n/words";
import * as derived from "../state/derived";
import * as store from "../state/store";
import { Switching } from "./switching";

export function Traffic(): JSX.Element {
  const refusal = store.applicationsError.value;
  return (
    <>
      <h1>{t("traffic")}</h1>
      {refusal && <p class="card bad-text" role="alert">{refusalOf(refusal)}</p>}
      <Applications />
    </>
  );
}

function Applications(): JSX.Element {
  const found = derived.live.value;
  if (!store.applications.value || !store.loaded.value) return <p class="card" role="status">{t("loading")}</p>;
  if (found.length === 0) return <p class="card">{t("noApplications")}</p>;
  return (
    <div class="cards">
      {found.map((live) => (
        <article key={live.application.service_uid} class="card">
          <p class="quiet">{live.application.namespace}</p>
          <h2>
            <button type="button" class="link" onClick={() => store.go({ page: "map", selection: { kind: "Service", namespace: live.application.namespace, name: live.application.service } })}>
              {live.application.service}
            </button>
          </h2>
          <Switching live={live} alone={false} />
        </article>
      ))}
    </div>
  );
}
