/** The map or the same as a table, the tools above both, and the panel of what is selected. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { grouped, isWord, t } from "../i18n/words";
import * as derived from "../state/derived";
import * as past from "../state/past";
import * as store from "../state/store";
import { First } from "./first";
import { Map } from "./map";
import { Narrowing } from "./narrowing";
import { Original } from "./original";
import { Panel } from "./panel";
import { Problems } from "./problems";
import { Rewind } from "./rewind";
import { Sentence } from "./sentence";
import { ZoomButtons } from "./stage";
import { Table } from "./table";

export function Look(): JSX.Element {
  const route = store.route.value;
  const [rewinding, rewind] = useState(route.at !== "");
  // A moment that cannot be shown is not shown as another one.
  const isRefused = route.at !== "" && past.refusal.value !== null;
  if (!store.loaded.value && !isRefused) {
    if (store.firstPaint.value && !route.at) return <First paint={store.firstPaint.value} />;
    return <p class="card" role="status">{t(route.at ? "loading" : store.unseen.value)}</p>;
  }
  return (
    <>
      <h1 class="visually-hidden">{t(route.table ? "showTable" : "map")}</h1>
      {!isRefused && <Tools rewinding={rewinding} rewind={rewind} />}
      {(rewinding || route.at) && <Rewind />}
      {past.isComing.value && !past.shown.value ? <p class="card">{t("loading")}</p> : !isRefused && <Picture />}
    </>
  );
}

function Picture(): JSX.Element {
  const route = store.route.value;
  return (
    <>
      <Missing />
      {route.problems && <Problems />}
      <div class={route.selection ? "split with-panel" : "split"}>
        <div>{route.table ? <Table /> : <Map />}</div>
        {route.selection && <Panel selection={route.selection} />}
      </div>
    </>
  );
}

function Tools({ rewinding, rewind }: { rewinding: boolean; rewind: (open: boolean) => void }): JSX.Element {
  const route = store.route.value;
  const open = rewinding || route.at !== "";
  const troubles = derived.troubles.value;
  return (
    <div class="tools">
      <Narrowing />
      <button type="button" class="button" aria-pressed={route.problems} onClick={() => store.go({ problems: !route.problems })}>
        {t("onlyProblems")} ({grouped(troubles)})
      </button>
      <button type="button" class="button" onClick={() => store.go({ table: !route.table })}>{t(route.table ? "showMap" : "showTable")}</button>
      <button
        type="button" class="button" aria-expanded={open}
        onClick={() => {
          rewind(!open);
          if (open && route.at) store.go({ at: "" });
        }}
      >
        {t("rewind")}
      </button>
      {!route.table && <ZoomButtons />}
    </div>
  );
}

function Missing(): JSX.Element | null {
  const missing = store.missing.value;
  if (missing === null) return <p class="card">{t("missingNotKnown")}</p>;
  if (missing.length === 0) return null;
  return (
    <details class="card">
      <summary>{t("missingKinds", { kinds: missing.map((one) => one.kind).join(", ") })}</summary>
      <ul>
        {missing.map((one) => (
          <li key={one.kind}>
            {one.kind}: {isWord(one.why) ? t(one.why) : one.why}
            {one.detail && <Original text={one.detail} />}
          </li>
        ))}
      </ul>
      {missing.some((one) => one.why === "not_permitted" || one.why === "partly") && <p class="quiet"><Sentence text={t("missingRights")} /></p>}
    </details>
  );
}
