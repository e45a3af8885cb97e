/**
 * The ways in. In a large cluster those that lead in from outside, that can be switched or that lead nowhere stand first and whole; the others
 * are a word each, and folded away where they are many.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { AnyRecord } from "../wire/messages";
import { grouped, t } from "../i18n/words";
import * as derived from "../state/derived";
import * as store from "../state/store";
import { conditionOf, listenerWords, ruleWords, statusOf } from "./marks";
import { DoorPicture, doorOf } from "./pictures";
import { choose, density, isChosen } from "./sight";
import type { Sight } from "./sight";

type Door = derived.Door;

/** More plain ones than this are folded away. */
const PLAIN = 40;

export function Doors({ seen }: { seen: Sight }): JSX.Element {
  const doors = derived.doors.value;
  const plain = density.value === "roomy" ? [] : doors.filter(isPlain);
  const told = plain.length > 0 ? doors.filter((door) => !isPlain(door)) : doors;
  return (
    <section class="band" aria-label={t("doors")}>
      <h2>{t("doors")} <span class="quiet">{store.countOf("Service", doors.length, grouped)}</span></h2>
      {doors.length === 0 && !store.isMissing("Service") && <p class="quiet">{t("noDoors")}</p>}
      <div class="tiles">
        {told.map((door) => <Tile key={door.uid} record={door} seen={seen} note={`${door.namespace} · ${reachOf(door)}`} door={door} />)}
      </div>
      {plain.length > PLAIN ? <Folded doors={plain} seen={seen} /> : plain.length > 0 && <Words doors={plain} seen={seen} />}
    </section>
  );
}

/** A Service that leads only from inside to pods that are ready, and that nobody can switch: nothing has to be said of it. */
function isPlain(door: Door): boolean {
  if (door.kind !== "Service" || door.type !== "ClusterIP" || !door.selector) return false;
  return !derived.switchable.value.has(derived.serviceKey(door)) && conditionOf(door) === "ok";
}

function Words({ doors, seen }: { doors: readonly Door[]; seen: Sight }): JSX.Element {
  return (
    <ul class="words">
      {doors.map((door) => (
        <li key={door.uid}>
          <button
            type="button" class={seen.shows(door) ? "word" : "word dim"} data-uid={door.uid} title={statusOf(door)} aria-pressed={isChosen(door)}
            onClick={() => choose(door)}
          >
            <span class="quiet">{door.namespace}/</span>{door.name}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Very many: only what is sought, unless somebody wants to see them all. */
function Folded({ doors, seen }: { doors: readonly Door[]; seen: Sight }): JSX.Element {
  const [open, setOpen] = useState(false);
  const found = open ? doors : seen.seeks ? doors.filter(seen.shows) : doors.filter(isChosen);
  return (
    <>
      <p><button type="button" class="link" aria-expanded={open} onClick={() => setOpen(!open)}>{t("plainDoors", { count: doors.length })}</button></p>
      <Words doors={found.length > PLAIN && !open ? [] : found} seen={seen} />
    </>
  );
}

/** Where the way in leads from, in a few words. */
function reachOf(record: Door): string {
  switch (record.kind) {
    case "Ingress":
      return [...new Set(record.paths.map((one) => `${one.host || "*"}${one.path} → ${one.service}`))].join(", ");
    case "Gateway":
      return record.listeners.map(listenerWords).join(", ");
    case "HTTPRoute":
      return record.rules.map((rule) => `${record.hostnames.join("|") || "*"}${ruleWords(rule, record.namespace)}`).join(", ");
  }
  const door = doorOf(record);
  switch (door) {
    case "ExternalName":
      return `→ ${record.external_name}`;
    case "LoadBalancer":
      return record.addresses.join(", ") || t("noAddress");
    case "NodePort":
      return t("everyNode", { ports: record.ports.map((one) => one.node_port).join(", ") });
    default:
      return t(door === "Headless" ? "podsByName" : "insideOnly");
  }
}

export function Tile({ record, seen, note, door }: { record: AnyRecord; seen: Sight; note: string; door?: Door }): JSX.Element {
  const key = door?.kind === "Service" ? derived.serviceKey(door) : "";
  const live = derived.switchable.value.has(key) ? derived.liveByService.value.get(key) : undefined;
  return (
    <button
      type="button" class={seen.shows(record) ? "tile" : "tile dim"} data-uid={record.uid} data-condition={conditionOf(record)}
      aria-pressed={isChosen(record)} onClick={() => choose(record)}
    >
      <span class="title"><i class="dot" /><strong>{record.name}</strong>{door && <DoorPicture door={doorOf(door)} />}</span>
      <small>{door && door.kind !== "Service" ? `${door.kind} · ${statusOf(door)}` : statusOf(record)}</small>
      {note && <small class="line">{note}</small>}
      {live && (
        <span class="shares">
          {live.sides.filter((side) => side.endpoints > 0).map((side) => (
            <span key={side.value} class="share" data-side={side.colour}>{side.value} · {side.endpoints}</span>
          ))}
        </span>
      )}
    </button>
  );
}
