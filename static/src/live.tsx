/** The live page begins here: one connection, one store, one tree. */
import "./live.css";
import { effect, untracked } from "@preact/signals";
import { render } from "preact";
import * as clock from "./state/clock";
import * as derived from "./state/derived";
import { page } from "./state/page";
import { actOf } from "./state/keys";
import { Pace } from "./state/pacing";
import * as past from "./state/past";
import { nothing } from "./state/picture";
import * as renewing from "./state/renewing";
import * as rest from "./state/rest";
import * as routes from "./state/routes";
import * as store from "./state/store";
import * as theme from "./state/theme";
import { language } from "./i18n/words";
import { stepped, zoom } from "./state/zooming";
import { glow } from "./views/glow";
import "./views/plain";
import { Shell } from "./views/shell";
import { titleOf } from "./views/title";
import { Connection } from "./wire/connection";
import type { Socket } from "./wire/connection";

const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/live`;
let news = nothing();
const pace = new Pace(() => {
  const told = news;
  news = nothing();
  store.touched(told);
  glow(told.uids);
});
const connection = new Connection(page.cluster, () => new WebSocket(address) as Socket, {
  firstPaint(paint) {
    store.firstPaint.value = paint;
  },
  whole(whole) {
    if (store.isPast.peek()) return;
    store.picture.replace(whole);
    store.replaced();
  },
  changes(message) {
    if (store.isPast.peek()) return;
    store.picture.apply(message, news);
    pace.ask();
  },
  heartbeat(heartbeat, lateMs) {
    clock.hearServerTime(heartbeat.server_time_ms + lateMs);
    store.hear(heartbeat.contact, lateMs);
  },
  operation(operation) {
    store.moved(operation.id);
  },
  ended(reason) {
    store.endedBecause.value = reason;
  },
  opened(open) {
    store.connected.value = open;
  },
  current(current) {
    store.follows(current);
  },
}, rest.isSignedOut);

theme.restore();
document.documentElement.lang = language.peek();
clock.startTicking((milliseconds) => {
  store.slept(milliseconds);
  connection.renew();
});
connection.start();
addEventListener("online", () => connection.hurry());
addEventListener("popstate", () => (store.route.value = routes.parse(location.pathname, location.search)));
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) connection.hurry();
});
addEventListener("keydown", (event) => {
  const writing = event.target instanceof Element && event.target.closest("input, select, textarea") !== null;
  const act = actOf(event, writing, document.querySelector(".stage") !== null);
  if (!act || document.querySelector(":popover-open")) return;
  if (act === "search") {
    const field = document.getElementById("search");
    if (!field) return;
    event.preventDefault();
    field.focus();
  } else if (act === "keys") document.getElementById("keys")?.showPopover();
  else if (act === "close") {
    if (store.route.peek().selection) store.select(null);
    else if (store.isPast.peek()) store.go({ at: "" });
  } else zoom.value = act === "whole" ? 1 : stepped(zoom.peek(), act === "closer" ? 1 : -1);
});
void store.loadCluster();
renewing.afterBreaks();
renewing.untilAnswered(store.clusterError, store.loadCluster);
renewing.untilAnswered(store.applicationsError, store.loadApplications);
renewing.whileOpen();
derived.watchMismatches();

let before = "";
effect(() => {
  const { at } = store.route.value;
  if (at === before) return;
  before = at;
  if (at) void past.show(at);
  else {
    untracked(past.leave);
    connection.anew();
  }
});

renewing.afterChanges(
  () => (store.loaded.value ? derived.applicationsFingerprint(store.follow(...derived.APPLICATION_KINDS)) : null), store.loadApplications,
);

effect(() => {
  document.title = titleOf(store.freshState.value, store.route.value);
});

const root = document.getElementById("app");
if (root) {
  root.textContent = "";
  render(<Shell />, root);
}
