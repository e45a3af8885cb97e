/** What is on every view: where you are, how fresh the picture is, who you are. */
import { Fragment } from "preact";
import type { JSX } from "preact";
import { refusalOf } from "../i18n/switching";
import { isWord, language, speak, t } from "../i18n/words";
import { page } from "../state/page";
import * as past from "../state/past";
import { csrfToken } from "../state/rest";
import { FRESH, format, parse } from "../state/routes";
import type { Page } from "../state/routes";
import * as store from "../state/store";
import * as theme from "../state/theme";
import { LaterHistory } from "./later";
import { Link } from "./link";
import { Look } from "./look";
import { moment, since } from "./moments";
import { Original } from "./original";
import { Mark } from "./pictures";
import { Practice, PracticeChip } from "./practice";
import { Told } from "./telling";
import { Traffic } from "./traffic";

const PAGES: readonly Page[] = ["map", "traffic", "history"];

export function Shell(): JSX.Element {
  const route = store.route.value;
  return (
    <>
      <a class="visually-hidden" href="#main">{t("toContent")}</a>
      <header class="top">
        <a class="brand" href="/"><Mark />Clusterview</a>
        <Clusters />
        {page.practice && <PracticeChip />}
        <nav aria-label={t("views")}>
          {PAGES.map((one) => <Link key={one} to={{ ...FRESH, page: one }} here={route.page === one}>{t(one)}</Link>)}
          {page.role === "admin" && <a href={`/people?cluster=${encodeURIComponent(page.cluster)}`}>{t("people")}</a>}
        </nav>
        <div class="end">
          <Doubtful />
          <Verified />
          <Fresh />
          <button type="button" class="button" popovertarget="account" aria-label={t("account", { person: page.person })}>{page.person} <span aria-hidden="true">▾</span></button>
        </div>
        <div id="account" class="account" popover="auto">
          <button type="button" class="button" onClick={() => speak(language.value === "ko" ? "en" : "ko")}>{t("language")}</button>
          <button type="button" class="button" onClick={theme.toggle}>{t("theme")}</button>
          <button type="button" class="button" popovertarget="keys" aria-keyshortcuts="?">{t("keys")}</button>
          <form method="post" action={page.signOut}>
            <input type="hidden" name="csrfmiddlewaretoken" value={csrfToken(document.cookie)} />
            <button type="submit" class="button">{t("signOut")}</button>
          </form>
        </div>
        <Keys />
      </header>
      {page.practice && <Practice />}
      <Banner />
      <Told />
      <main id="main" tabIndex={-1} data-state={store.freshState.value} aria-busy={past.isComing.value}>
        {route.page === "traffic" ? <Traffic /> : route.page === "history" ? <LaterHistory /> : <Look />}
      </main>
    </>
  );
}

/** What the keyboard does on the whole page. */
export function Keys(): JSX.Element {
  const keys = [["/", "keySearch"], ["+ − 0", "keyZoom"], ["Esc", "keyClose"], ["?", "keyList"]] as const;
  return (
    <div id="keys" class="account" popover="auto" role="dialog" aria-labelledby="keys-heading">
      <h2 id="keys-heading" tabIndex={-1} autofocus>{t("keys")}</h2>
      <dl class="facts">{keys.map(([key, word]) => <Fragment key={key}><dt><kbd>{key}</kbd></dt><dd>{t(word)}</dd></Fragment>)}</dl>
    </div>
  );
}

export function Clusters(): JSX.Element {
  if (page.clusters.length < 2) return <>{!page.practice && <span class="quiet">{page.clusterName}</span>}</>;
  const open = (select: HTMLSelectElement): void => {
    const chosen = select.value;
    select.value = page.cluster;
    location.assign(format({ ...parse("", ""), cluster: chosen, page: store.route.peek().page }));
  };
  return (
    <select aria-label={t("cluster")} value={page.cluster} onChange={(event) => open(event.currentTarget)}>
      {page.clusters.map((one) => <option key={one.id} value={one.id}>{one.name}</option>)}
    </select>
  );
}

/** The chip; a state with an age, because "stale" alone does not say how stale. A screen reader is told of the state, not of each second of its age. */
export function Fresh(): JSX.Element {
  const { age } = store.fresh.value;
  const state = store.freshState.value;
  const aged = age !== null && state !== "live" && state !== "past" ? ` · ${since(age)}` : "";
  return <span class="fresh" data-testid="freshness" data-state={state}><span role="status">{t(state)}</span>{aged}</span>;
}

/** A picture from whoever is on the way to the cluster would say that it is live, too. */
export function Doubtful(): JSX.Element | null {
  const connection = store.clusterFacts.value?.connection;
  if (!connection || store.isPast.value) return null;
  return <span class="chip chip-bad" title={t("doubtfulMeans")}>{t(`connection_${connection}`)}</span>;
}

/** How long ago the whole picture was compared with what the cluster lists: a live connection alone does not prove it right. */
export function Verified(): JSX.Element | null {
  const { verified } = store.fresh.value;
  if (verified === null || store.isPast.value) return null;
  const count = store.contact.value?.divergences ?? 0;
  return <span class="quiet" data-testid="verified" title={t("verifiedMeans")}>{t("verified", { ago: since(verified) })}{count > 0 && ` · ${t("repaired", { count })}`}</span>;
}

export function Banner(): JSX.Element | null {
  const ended = store.endedBecause.value;
  if (ended) {
    return (
      <div class="banner bad" role="alert">
        {t(ended === "signed_out" || ended === "too_many" ? ended : "ended")} <a href={location.pathname + location.search}>{t("reload")}</a>
      </div>
    );
  }
  if (store.isPast.value) return <Past />;
  const { state, reason, detail } = store.fresh.value;
  if (state === "live" || (state === "waiting" && !reason)) return null;
  return (
    <div class={state === "lost" ? "banner bad" : "banner"} role="status">
      {t("notLive", { state: t(state), why: isWord(reason) ? t(reason) : t("other") })}
      {detail && <Original text={detail} />}
    </div>
  );
}

/** Nobody is to take what was for what is. */
function Past(): JSX.Element {
  const { at } = store.route.value;
  const shown = past.shown.value;
  const back = <button type="button" class="link" onClick={() => store.go({ at: "" })}>{t("backToNow")}</button>;
  if (past.refusal.value) return <div class="banner" role="alert">{refusalOf(past.refusal.value)} {back}</div>;
  if (!shown) return <div class="banner past" role="status">{t("momentComes", { moment: moment(at) })} {back}</div>;
  if (past.isComing.value) return <div class="banner past" role="status">{t("otherMoment", { moment: moment(at), drawn: moment(shown.at) })} {back}</div>;
  return (
    <div class="banner past" role="status">
      {t("asItWas", { moment: moment(at) })} {shown.state !== "live" && t("pastNotLive", { state: isWord(shown.state) ? t(shown.state) : shown.state })} {back}
    </div>
  );
}
