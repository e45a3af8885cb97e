/** Every switch of the cluster and, of one, each entry of the audit. */
import type { JSX } from "preact";
import { entryWord, ifStopped, refusalOf, stateWord } from "../i18n/switching";
import { t } from "../i18n/words";
import { page } from "../state/page";
import * as rest from "../state/rest";
import * as store from "../state/store";
import { useAsked } from "./asking";
import { Recipe } from "./checks";
import { Link } from "./link";
import { moment, seconds } from "./moments";
import { Original } from "./original";
import { Hold } from "./sizing";
import { Ending, Steps } from "./switching";

const SHORT = 120;

export function History(): JSX.Element {
  const id = store.route.value.switchId;
  return (
    <>
      <h1>{t("history")}</h1>
      {id ? <Story key={id} id={id} /> : <Every />}
    </>
  );
}

function Every(): JSX.Element {
  const asked = useAsked(() => rest.switches(page.cluster), String(store.operations.value.count));
  if (asked.refusal) return <p class="card bad-text" role="alert">{refusalOf(asked.refusal)}</p>;
  if (!asked.value) return <p class="card" role="status">{t("loading")}</p>;
  if (asked.value.length === 0) return <p class="card">{t("noSwitches")}</p>;
  return (
    <div class="scroll">
      <table>
        <thead>
          <tr><th>{t("when")}</th><th>{t("namespace")}</th><th>{t("service")}</th><th>{t("fromTo")}</th><th>{t("state")}</th><th>{t("who")}</th></tr>
        </thead>
        <tbody>
          {asked.value.map((one) => (
            <tr key={one.id}>
              <td><Link to={{ switchId: one.id }}>{moment(one.requested_at)}</Link></td>
              <td>{one.namespace}</td>
              <td>{one.service}</td>
              <td>{one.from} → {one.to}</td>
              <td><Ending told={one} /></td>
              <td>{one.actor}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What an entry holds, folded away where it is long: the record is complete, and the table can be read. */
function Told({ body }: { body: Readonly<Record<string, unknown>> }): JSX.Element | null {
  const text = JSON.stringify(body);
  if (text === "{}") return null;
  if (text.length <= SHORT) return <code class="wrap">{text}</code>;
  return <details><summary>{t("details")}</summary><pre>{JSON.stringify(body, null, 1)}</pre></details>;
}

function Entries({ of }: { of: readonly rest.Entry[] }): JSX.Element {
  return (
    <div class="scroll">
      <table>
        <thead><tr><th>#</th><th>{t("when")}</th><th>{t("who")}</th><th>{t("what")}</th><th>{t("details")}</th></tr></thead>
        <tbody>
          {of.map((entry, number) => (
            <tr key={entry.sequence}>
              <td>{entry.sequence}</td>
              <td title={moment(entry.at)}>{number === 0 ? moment(entry.at) : `+ ${seconds(Date.parse(entry.at) - Date.parse(of[0]!.at))}`}</td>
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
  const asked = useAsked(() => rest.story(id), `${id} ${store.operations.value.count}`);
  const told = asked.value;
  return (
    <>
      <p class="row above"><Link to={{ switchId: "" }}>{t("allSwitches")}</Link></p>
      {asked.refusal && <p class="card bad-text" role="alert">{refusalOf(asked.refusal)}</p>}
      {!told && !asked.refusal && <p class="card" role="status">{t("loading")}</p>}
      {told && (
        <article class="card">
          <h2>{t("switchOf", { service: `${told.namespace}/${told.service}`, from: told.from, to: told.to })}</h2>
          <p><Ending told={told} /> · {t("by", { person: told.actor })} · {moment(told.requested_at)}</p>
          {told.detail && <div class="quiet wrap"><Original text={told.detail} /></div>}
          {told.open && <p class="quiet">{ifStopped(told.state)}</p>}
          {told.recipes.map((recipe) => <Recipe key={recipe.code + recipe.tool} recipe={recipe} />)}
          <Steps steps={told.steps} />
          <h3>{t("entries")}</h3>
          <Entries of={told.entries} />
          {told.sizes.map((size) => (
            <section key={size.id}>
              <h3>{t(`purpose_${size.purpose}`, { side: size.side })}: {stateWord(size.state)}</h3>
              <Hold told={size} />
              <Entries of={size.entries} />
            </section>
          ))}
        </article>
      )}
    </>
  );
}
