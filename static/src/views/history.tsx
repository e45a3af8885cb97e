/** Every switch and change of sizes of the cluster and, of one, each entry of the audit; and the audit itself, with what belongs to none of them. */
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { entryWord, ifStopped, stateMeans } from "../i18n/switching";
import { t } from "../i18n/words";
import { page } from "../state/page";
import * as rest from "../state/rest";
import { KINDS, kinds, mayRead } from "../state/audit";
import type { AuditKind } from "../state/audit";
import { FRESH } from "../state/routes";
import type { Route } from "../state/routes";
import * as store from "../state/store";
import { useAsked } from "./asking";
import type { Asked } from "./asking";
import { Recipe } from "./checks";
import { Link } from "./link";
import { after, moment, zone } from "./moments";
import { Original } from "./original";
import { Refused } from "./refused";
import { Sentence } from "./sentence";
import { Hold, Purpose, Standing } from "./sizing";
import { Ending, Meanings, Steps } from "./switching";

const SHORT = 120;
const ENTRIES_AT_ONCE = 100;
const LINES_AT_ONCE = 200;

export function History(): JSX.Element {
  const { switchId, size, audit } = store.route.value;
  return (
    <>
      <h1>{t("history")}</h1>
      <nav class="choices" aria-label={t("history")}>
        <Link to={FRESH} here={!audit && !size}>{t("switches")}</Link>
        <Link to={{ ...FRESH, size: "all" }} here={!audit && size !== ""}>{t("sizes")}</Link>
        <Link to={{ ...FRESH, audit: "everything" }} here={audit !== null}>{t("wholeAudit")}</Link>
      </nav>
      {audit ? <Audit kind={audit} />
        : size === "all" ? <EverySize />
        : size ? <SizeStory key={size} id={size} />
        : switchId ? <Story key={switchId} id={switchId} />
        : <Every />}
    </>
  );
}

/** Above moments; whoever compares them with another one's has to know their zone. */
function When(): JSX.Element {
  return <>{t("when")} <span class="quiet">({zone()})</span></>;
}

/** Why an answer was refused, or that it is on its way; nothing once it is there. */
function Waiting({ of }: { of: Asked<unknown> }): JSX.Element {
  return (
    <>
      <Refused of={of.refusal} card />
      {!of.value && !of.refusal && <p class="card" role="status">{t("loading")}</p>}
    </>
  );
}

function Every(): JSX.Element {
  const before = store.route.value.older;
  const asked = useAsked(() => rest.switches(page.cluster, LINES_AT_ONCE, before), before, store.operations.value.count);
  if (!asked.value) return <Waiting of={asked} />;
  if (asked.value.length === 0 && !before) return <p class="card">{t("noSwitches")} <Link to={{ ...FRESH, page: "traffic" }}>{t("traffic")}</Link></p>;
  return (
    <div class="scroll">
      <Refused of={asked.refusal} />
      <table>
        <thead>
          <tr><th><When /></th><th>{t("namespace")}</th><th>{t("service")}</th><th>{t("fromTo")}</th><th>{t("state")}</th><th>{t("who")}</th></tr>
        </thead>
        <tbody>
          {asked.value.map((one) => (
            <tr key={one.id}>
              <td><Link to={{ switchId: one.id, audit: one.differs.includes("row") ? "everything" : null }}>{moment(one.requested_at)}</Link></td>
              <td>{one.namespace}</td>
              <td>{one.service}</td>
              <td>{one.from} → {one.to}</td>
              <td><Ending told={one} /></td>
              <td>{one.actor}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Meanings of={asked.value.map((one) => one.state)} />
      <Pieces before={before} of={asked.value} />
    </div>
  );
}

/** Of a row that is gone there is only the audit. */
function toSize(one: rest.Size): Partial<Route> {
  return one.differs.includes("row") ? { size: "", switchId: one.id, audit: "everything" } : { size: one.id };
}

/** Below a list that comes in pieces: its beginning, and what is older than the last line of a full piece. */
function Pieces({ before, of }: { before: string; of: readonly { readonly id: string }[] }): JSX.Element {
  return (
    <p class="row below">
      {before && <Link to={{ older: "" }}>{t("newest")}</Link>}
      {of.length === LINES_AT_ONCE && <Link to={{ older: of.at(-1)!.id }}>{t("older")}</Link>}
    </p>
  );
}

function EverySize(): JSX.Element {
  const before = store.route.value.older;
  const asked = useAsked(() => rest.sizes(page.cluster, LINES_AT_ONCE, before), before, store.operations.value.count);
  if (!asked.value) return <Waiting of={asked} />;
  if (asked.value.length === 0 && !before) return <p class="card">{t("noSizes")}</p>;
  return (
    <div class="scroll">
      <Refused of={asked.refusal} />
      <table>
        <thead>
          <tr>
            <th><When /></th><th>{t("namespace")}</th><th>{t("service")}</th><th>{t("what")}</th><th>{t("wantedSize")}</th><th>{t("state")}</th><th>{t("who")}</th>
          </tr>
        </thead>
        <tbody>
          {asked.value.map((one) => (
            <tr key={one.id}>
              <td><Link to={toSize(one)}>{moment(one.requested_at)}</Link></td>
              <td>{one.namespace}</td>
              <td>{one.service}</td>
              <td>{t(`purpose_${one.purpose}`, { side: one.side })}</td>
              <td>{t("pods", { count: one.target })}</td>
              <td><Standing of={one} /></td>
              <td>{one.actor}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Meanings of={asked.value.map((one) => one.state)} />
      <Pieces before={before} of={asked.value} />
    </div>
  );
}

/** What an entry holds, folded away where it is long: the record is complete, and the table can be read. */
function Told({ body }: { body: Readonly<Record<string, unknown>> }): JSX.Element | null {
  const parts = Object.entries(body).filter(([, value]) => value !== "");
  if (parts.length === 0) return null;
  const isFlat = parts.every(([, value]) => value === null || typeof value !== "object");
  const text = isFlat ? parts.map(([name, value]) => `${name}: ${String(value)}`).join(" · ") : JSON.stringify(body);
  if (text.length <= SHORT) return <code class="wrap">{text}</code>;
  return <details><summary>{t("details")}</summary><pre>{JSON.stringify(body, null, 1)}</pre></details>;
}

function Entries({ of }: { of: readonly rest.Entry[] }): JSX.Element {
  return (
    <div class="scroll">
      <table>
        <thead><tr><th>#</th><th><When /></th><th>{t("who")}</th><th>{t("what")}</th><th>{t("details")}</th></tr></thead>
        <tbody>
          {of.map((entry, number) => (
            <tr key={entry.sequence}>
              <td>{entry.sequence}</td>
              <td title={moment(entry.at)}>{number === 0 ? moment(entry.at) : after(entry.at, of[0]!.at)}</td>
              <td>{entry.actor}</td>
              <td title={entry.action}>{entryWord(entry.action)}</td>
              <td class="wrap"><Told body={entry.body} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Story({ id }: { id: string }): JSX.Element {
  const asked = useAsked(() => rest.story(id), id, store.operations.value.count);
  const told = asked.value;
  return (
    <>
      <p class="row above"><Link to={{ switchId: "" }}>{t("allSwitches")}</Link></p>
      <Waiting of={asked} />
      {told && (
        <article class="card">
          <h2>{t("switchOf", { service: `${told.namespace}/${told.service}`, from: told.from, to: told.to })}</h2>
          <p><Ending told={told} /> · {t("by", { person: told.actor })} · {moment(told.requested_at)}</p>
          {told.detail && <div class="quiet wrap"><Original text={told.detail} /></div>}
          <p class="quiet">{stateMeans(told.state)} {ifStopped(told.state)}</p>
          {told.recipes.map((recipe) => <Recipe key={recipe.code + recipe.tool} recipe={recipe} />)}
          <Steps steps={told.steps} />
          <h3>{t("entries")}</h3>
          <Entries of={told.entries} />
          {told.sizes.map((size) => (
            <section key={size.id}>
              <h3><Purpose of={size} />: <Standing of={size} /></h3>
              <Hold told={size} />
              <Entries of={size.entries} />
            </section>
          ))}
        </article>
      )}
    </>
  );
}

function SizeStory({ id }: { id: string }): JSX.Element {
  const asked = useAsked(() => rest.size(id), id, store.operations.value.count);
  const told = asked.value;
  return (
    <>
      <p class="row above"><Link to={{ size: "all" }}>{t("allSizes")}</Link></p>
      <Waiting of={asked} />
      {told && (
        <article class="card">
          <h2>{told.namespace}/{told.service}: {t(`purpose_${told.purpose}`, { side: told.side })}</h2>
          <p><Standing of={told} /> · {t("by", { person: told.actor })} · {moment(told.requested_at)}</p>
          {told.numbers.map((one) => <p key={one.kind + one.name} class="quiet">{one.kind} {one.name}: {one.was} → {one.to}</p>)}
          <Hold told={told} />
          <p class="quiet">{stateMeans(told.state)} {ifStopped(told.state)}</p>
          <h3>{t("entries")}</h3>
          <Entries of={told.entries} />
        </article>
      )}
    </>
  );
}

/** The audit of the installation, page by page; what the reader may not read is not there. */
function Audit({ kind }: { kind: AuditKind }): JSX.Element {
  const { person, switchId, before } = store.route.value;
  const key = `${kind} ${person} ${switchId} ${before}`;
  const newest = useAsked(
    () => rest.audit({ actions: KINDS[kind], person, operation: switchId, before, limit: ENTRIES_AT_ONCE }), key, before ? 0 : store.operations.value.count,
  );
  const asked = newest.about === key ? newest : { ...newest, value: null, refusal: null };
  useEffect(() => scrollTo(0, 0), [before]);
  const kindChosen = useRef<HTMLSelectElement>(null);
  const without = (filter: Partial<Route>): void => {
    // The button goes with its filter, and is not to take the focus with it.
    kindChosen.current?.focus();
    store.go({ ...filter, before: 0 });
  };
  const entries = asked.value;
  const oldest = entries?.length === ENTRIES_AT_ONCE ? entries.at(-1)!.sequence : 0;
  return (
    <>
      <div class="tools">
        <select ref={kindChosen} aria-label={t("what")} value={kind} onChange={(event) => store.go({ audit: event.currentTarget.value as AuditKind, before: 0 })}>
          {kinds.filter((one) => one === kind || mayRead(one, page.role)).map((one) => <option key={one} value={one}>{t(`audit_${one}`)}</option>)}
        </select>
        {person && <Filter text={t("by", { person })} drop={() => without({ person: "" })} />}
        {switchId && <Filter text={entries?.find((one) => one.subject)?.subject ?? switchId} drop={() => without({ switchId: "" })} />}
        <button type="button" class="button" onClick={asked.again}>{t("reload")}</button>
      </div>
      {page.role !== "admin" && <p class="quiet row above">{t("notForYou")}</p>}
      <Waiting of={asked} />
      {entries?.length === 0 && mayRead(kind, page.role) && <p class="card">{t("noEntries")}</p>}
      {entries && entries.length > 0 && <Verified entries={entries} />}
      {entries && entries.length > 0 && <AuditTable entries={entries} />}
      <p class="row below">
        {before > 0 && <Link to={{ before: 0 }}>{t("newest")}</Link>}
        {oldest > 0 && <Link to={{ before: oldest }}>{t("older")}</Link>}
      </p>
    </>
  );
}

/** A condition that is set, and is taken away by a press. */
function Filter({ text, drop }: { text: string; drop: () => void }): JSX.Element {
  return (
    <button type="button" class="button" aria-label={t("withoutFilter", { filter: text })} onClick={drop}>
      {text} <span aria-hidden="true">✕</span>
    </button>
  );
}

function Verified({ entries }: { entries: readonly rest.AuditEntry[] }): JSX.Element {
  const count = entries.filter((one) => one.problems.length > 0).length;
  if (count) return <p class="card bad-text" role="alert"><Sentence text={t("entriesDoubted", { count })} /></p>;
  return <p class="quiet row above"><Sentence text={t("entriesHold")} /></p>;
}

function AuditTable({ entries }: { entries: readonly rest.AuditEntry[] }): JSX.Element {
  return (
    <div class="scroll">
      <table>
        <thead><tr><th>#</th><th><When /></th><th>{t("who")}</th><th>{t("what")}</th><th>{t("about")}</th><th>{t("details")}</th></tr></thead>
        <tbody>
          {entries.map((one) => (
            <tr key={one.sequence} data-condition={one.problems.length ? "bad" : undefined}>
              <td>{one.sequence}</td>
              <td>{moment(one.at)}</td>
              <td><Link to={{ person: one.actor, before: 0 }}>{one.actor}</Link></td>
              <td title={one.action}>{entryWord(one.action)}</td>
              <td class="wrap"><About entry={one} /></td>
              <td class="wrap">
                {one.problems.length > 0 && <p class="bad-text">{t("entryDoubted")} <Original text={one.problems.join(" ")} /></p>}
                <Told body={one.body} />
                <AskedFrom of={one.asked_from} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function AskedFrom({ of }: { of: rest.AuditEntry["asked_from"] }): JSX.Element | null {
  const parts = rest.PLACES.filter((name) => of[name]).map((name) => `${t(`from_${name}`)} ${of[name]!}`);
  return parts.length > 0 ? <p class="quiet">{parts.join(" · ")}</p> : null;
}

/** The operation that an entry belongs to, and the cluster where it is not the page's own or there is nothing else to say. */
function About({ entry }: { entry: rest.AuditEntry }): JSX.Element {
  const cluster = page.clusters.find((one) => one.id === entry.cluster)?.name ?? entry.cluster;
  return (
    <>
      {entry.operation && <Link to={{ audit: "everything", switchId: entry.operation, person: "", before: 0 }}>{entry.subject || entry.operation}</Link>}
      {(!entry.operation || entry.cluster !== page.cluster) && <span> {cluster}</span>}
    </>
  );
}
