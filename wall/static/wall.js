// The wall: one document from the board, drawn again at each message and each second, for as long as the page lives.

import { Clock } from "./clock.js";
import { Feed } from "./feed.js";
import { Notices } from "./notices.js";
import { Queues } from "./queues.js";
import { OLD_MS, STALE_MS, breaches, overall } from "./states.js";
import { Tiles } from "./tiles.js";
import { attribute, find, mark, shape, show, style, text } from "./dom.js";
import { language, load } from "./words.js";

const asked = new URLSearchParams(location.search);
const clock = new Clock();
const notices = new Notices(find("notices"), find("notices-label"), find("notice-list"));
const tiles = new Tiles(find("tiles"));
const queues = new Queues(find("strip"), find("strip-label"), find("queues"));
const badge = { node: find("overall"), mark: mark(), word: document.createElement("span") };
badge.node.append(badge.mark, badge.word);

let doc = null; // the latest document
let fresh = null; // until when numbers are known to be live, by the server's clock
let words = null;
let loading = null; // the language that is on its way
let said = null; // the state that was announced last

const feed = new Feed(`/events${location.search}`, {
  wall(message) {
    if (message.v !== 1) return reloadSoon();
    clock.hear(message.now);
    const [before, wasFresh] = [doc, fresh];
    try {
      doc = message;
      hearOf(message.as_of);
      chooseWords();
      render();
    } catch (error) {
      // A document that cannot be drawn is none: what was shown grows stale, and says so.
      [doc, fresh] = [before, wasFresh];
      console.warn("a document that cannot be shown", error);
    }
  },
  heartbeat(message) {
    clock.hear(message.now);
    // A board whose own source is gone still has a pulse: where it says how old its numbers are, that counts.
    hearOf("as_of" in message ? message.as_of : message.now);
    render();
  },
});

function hearOf(instant) {
  const at = instant === null ? NaN : Date.parse(instant);
  if (Number.isFinite(at)) fresh = Math.max(Math.min(at, clock.now()), fresh !== null && fresh <= clock.now() ? fresh : 0);
}

/** Since when numbers are stale, in milliseconds of the server's clock; null while they are live. */
function staleSince() {
  if (doc === null || fresh === null) return null;
  return Math.max(clock.now() - fresh, clock.silence() ?? 0) > STALE_MS ? fresh : null;
}

// ------------------------------------------------------------------------------------------------------- language

function chooseWords() {
  const wall = doc?.wall;
  const tag = language(asked.get("lang") ? [asked.get("lang"), "en"] : [wall?.language, ...navigator.languages]);
  if (words?.tag === tag) {
    loading = null; // another that is on its way is no longer wanted
    if (wall) words.timeZone = wall.time_zone;
    return;
  }
  if (loading === tag) return;
  loading = tag;
  load(tag).then(
    (loaded) => {
      if (loading !== tag) return;
      loading = null;
      words = loaded;
      if (doc) words.timeZone = doc.wall.time_zone;
      render();
    },
    () => {
      if (loading === tag) loading = null; // the board is away: tried again at the next look
    },
  );
}

// --------------------------------------------------------------------------------------------------------- drawing

function render() {
  chooseTheme();
  if (words === null) return chooseWords();
  const root = document.documentElement;
  attribute(root, "lang", words.tag);
  attribute(root, "dir", words.direction);
  const now = clock.now();
  const stale = staleSince();
  // What is stale stands as it stood: whether the oldest still waits is not known.
  const at = stale === null ? now : stale;
  attribute(find("wall"), "data-as-of", doc?.as_of);
  attribute(find("wall"), "data-fresh", doc === null ? "never" : stale === null ? "live" : "stale");
  head(stale);
  notices.render(doc, words, now, stale);
  const isEmpty = doc === null || doc.state.no_data;
  show(find("empty"), isEmpty);
  show(find("tiles"), !isEmpty);
  if (isEmpty) {
    empty();
    show(find("strip"), false);
  } else {
    tiles.render(doc, words, at, stale !== null);
    queues.render(doc, words, at, stale !== null);
  }
  foot(now, stale);
  announce(stale);
}

function chooseTheme() {
  const theme = asked.get("theme") ?? doc?.wall.theme ?? "dark";
  attribute(document.documentElement, "data-theme", theme === "light" ? "light" : "dark");
}

function head(stale) {
  const wall = doc?.wall;
  const title = wall?.title ?? (wall?.queues ? words.list(wall.queues) : words.say("title"));
  text(find("title"), title);
  text(document.querySelector("title"), title);
  const state = doc === null ? "connecting" : stale !== null ? "stale" : overall(doc);
  attribute(badge.node, "data-state", state);
  shape(badge.mark, state);
  text(badge.word, words.say(`overall.${state}`));
}

function empty() {
  const key = doc === null ? "no_data.connecting" : "no_data";
  text(find("empty-title"), words.say(doc === null ? key : "no_data.title"));
  text(find("empty-step"), words.say(`${key}.step`));
  text(find("empty-command"), doc === null ? "deskpulse board" : "deskpulse demo");
}

function foot(now, stale) {
  const updated = find("updated");
  const age = fresh === null ? null : Math.max(0, now - fresh);
  text(updated, age === null ? words.say("footer.never") : words.say("footer.updated", { ago: words.ago(Math.floor(age / 1_000)) }));
  attribute(updated, "data-state", stale !== null ? "breaching" : age !== null && age > OLD_MS ? "at_risk" : null);
  const { ready = 0, total = 0 } = doc?.state.partitions ?? {};
  text(find("partitions"), doc === null ? "" : words.say("footer.partitions", { ready, n: total }));
  attribute(find("partitions"), "data-state", ready < total ? "at_risk" : null);
  shows(doc);
  text(find("date"), words.date(now));
  text(find("clock"), words.clock(now));
}

/** Whose numbers these are, where one worker is shown that is not the only one. */
function shows(doc) {
  const { partitions, shows: worker } = doc?.state ?? {};
  const isOneOfSeveral = Boolean(worker) && partitions.ready + partitions.catching_up < partitions.total;
  text(find("shows"), isOneOfSeveral ? words.say("footer.shows", { worker }) : "");
  show(find("shows"), isOneOfSeveral);
}

/** Tells a screen reader of changes of state, and of nothing else. */
function announce(stale) {
  const state = doc === null ? null : stale !== null ? "stale" : overall(doc);
  if (state === said || state === null) return;
  const parts = said === "stale" ? [words.say("announce.live")] : [];
  if (state === "stale") parts.push(words.say("notice.stale", { time: words.time(stale, clock.now()) }));
  else if (!words.has(`announce.${state}`)) parts.push(words.say(`overall.${state}`));
  else parts.push(words.say(`announce.${state}`, { n: state === "breaching" ? breaches(doc) : doc.breaching.at_risk }));
  text(find("status"), parts.join(". "));
  said = state;
}

// ------------------------------------------------------------------------------------------------------ for months

// A few pixels a minute, so that no edge burns into the screen; within the padding, so that nothing is cut.
const SHIFTS = [[0, 0], [2, 1], [4, 3], [2, 4], [0, 3], [-2, 4], [-4, 2], [-3, 0], [-4, -2], [-2, -4], [1, -3], [3, -2]];

function shift() {
  const [x, y] = SHIFTS[Math.floor(Date.now() / 60_000) % SHIFTS.length];
  style(find("wall"), "transform", `translate(${x}px, ${y}px)`);
}

/** A board of another version was started: its page understands its documents. */
function reloadSoon() {
  const last = Number(sessionStorage.getItem("reloaded") ?? 0);
  if (Math.abs(Date.now() - last) < 60_000) return;
  sessionStorage.setItem("reloaded", String(Date.now()));
  location.reload();
}

function look() {
  setTimeout(look, 1_000 - (clock.now() % 1_000) + 5); // first, so that nothing below can end it
  feed.watch();
  shift();
  render();
}

async function stayAwake() {
  try {
    if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen");
  } catch {
    // not allowed here: the display's own settings decide
  }
}

document.addEventListener("visibilitychange", stayAwake);
stayAwake();
feed.open();
look();
