// The main numbers, at most five, and the voice of the customer beside them.
//
// `READINGS` says what each number shows, as texts: pure functions of (document, words, now). `Tiles` writes them.

import * as states from "./states.js";
import { attribute, draw, make, mark, shape, show, sparkline, style, text } from "./dom.js";

const NOTHING = "–";
const WIDE = 5; // digits, beside which a chart has no room

/** Texts side by side; a line breaks between them, and within a short one never. */
function joined(words, parts) {
  const whole = (part) => (part.length < 24 ? part.replaceAll(" ", "\u00a0") : part);
  return parts.filter(Boolean).map(whole).join(words.say("list.separator"));
}

function awaiting(doc, words) {
  const { n, breaching, at_risk: risk } = doc.awaiting;
  const details = [
    breaching > 0 && words.say("count.past_due", { n: breaching }),
    risk > 0 && words.say("count.at_risk", { n: risk }),
  ];
  // What is not seen may wait: no calm words while partitions are missing.
  if (!states.isPartial(doc) && n === 0) details.push(words.say("awaiting.none"));
  else if (!states.isPartial(doc) && !breaching && !risk) details.push(words.say("awaiting.on_time"));
  return { state: states.awaiting(doc), main: words.number(n), details: [joined(words, details)], points: doc.history.awaiting };
}

function oldest(doc, words, now) {
  const { state, waited, left, share } = states.oldest(doc, now);
  if (state === "closed") {
    const opens = doc.oldest.opens_at;
    return {
      state,
      isSaid: true,
      main: words.say("state.closed"),
      details: [
        opens === null ? "" : words.say("oldest.opens", { time: words.time(Date.parse(opens), now) }),
        words.say("count.waiting", { n: doc.awaiting.n }),
      ],
    };
  }
  if (waited === null) return { state, main: NOTHING, details: [states.isPartial(doc) ? "" : words.say("oldest.none")], share: null };
  let due = "";
  if (left !== null && left < 0) due = words.say("oldest.overdue", { duration: words.duration(-left) });
  else if (left !== null) due = words.say("oldest.due_in", { duration: words.duration(left) });
  return { state, main: words.duration(waited), details: [due], share: left !== null && left < 0 ? 1 : share };
}

function breaching(doc, words) {
  const n = states.breaches(doc);
  const parts = ["first_response", "next_response", "resolution"]
    .filter((name) => doc.breaching[name] > 0)
    .map((name) => `${words.say(`breaching.${name}`)} ${words.number(doc.breaching[name])}`);
  const risk = doc.breaching.at_risk;
  return {
    state: states.isUnknown(doc) ? "unknown" : states.overall(doc),
    main: words.number(n),
    details: [
      n > 0 ? joined(words, parts) : states.isPartial(doc) ? "" : words.say("breaching.none"),
      risk > 0 ? words.say("count.at_risk", { n: risk }) : "",
    ],
    points: doc.history.breaching,
  };
}

function inSlaToday(doc, words, now) {
  const { ratio, n, objective, since } = doc.in_sla_today;
  const state = states.inSla(doc);
  if (state === "few") {
    return { state, main: NOTHING, details: [words.say("voice.not_enough", { n }), from(since, words, now)] };
  }
  const known = [words.say("in_sla.of", { n }), objective !== null && words.say("in_sla.objective", { ratio: words.percentDown(objective) })];
  return {
    state,
    main: ratio === null ? NOTHING : words.percentDown(ratio),
    details: ratio === null ? [words.say("in_sla.none")] : [joined(words, known), from(since, words, now)],
    isCaution: doc.in_sla_today.sample === "caution",
  };
}

function open(doc, words) {
  const { n, created_1h: created, resolved_1h: resolved, normal, week_ago: before } = doc.open;
  const flow = created === null ? [] : [
    `↑ ${words.number(created)} ${words.say("open.created")}`,
    `↓ ${words.number(resolved)} ${words.say("open.resolved")}`,
  ];
  const compared = normal !== null ? words.say("open.usual", { n: Math.round(normal) })
    : before !== null ? words.say("open.week_ago", { n: before }) : "";
  return {
    state: states.isUnknown(doc) ? "unknown" : "neutral",
    main: words.number(n),
    details: [joined(words, flow), joined(words, [flow.length > 0 && words.say("open.hour"), compared])],
    points: doc.history.open,
  };
}

const from = (since, words, now) => (since === null ? "" : words.say("since", { time: words.time(Date.parse(since), now) }));

export const READINGS = { awaiting, oldest, breaching, in_sla_today: inSlaToday, open };
const LABELS = { in_sla_today: "in_sla.label" };

/** CSAT or NPS as texts. */
export function survey(name, doc, words, now) {
  const voice = doc[name];
  const number = name === "csat" ? (value) => words.percent(value) : (value) => words.signed(value);
  const value = name === "csat" ? voice.ratio : voice.score;
  const sample = states.isUnknown(doc) ? "none" : states.sample(voice);
  const isShown = sample !== "none" && sample !== "not_enough" && value !== null;
  const details = [];
  if (sample === "not_enough") details.push(words.say("voice.not_enough", { n: voice.n }));
  else if (!isShown) details.push(states.isUnknown(doc) ? "" : words.say("voice.none"));
  else {
    if (voice.lower95 !== null) {
      details.push(words.say("voice.interval", { low: number(voice.lower95), high: number(voice.upper95) }));
    }
    details.push(words.say("voice.n", { n: voice.n }));
  }
  const window = words.has(`window.${voice.window}`) ? words.say(`window.${voice.window}`) : voice.window;
  return {
    main: isShown ? number(value) : NOTHING,
    isCaution: sample === "caution",
    details,
    window: voice.since === null ? window : from(voice.since, words, now), // where history is shorter, it is no window
  };
}

/** How wide a text is, in digits. */
function width(main) {
  let digits = 0;
  for (const letter of main) digits += /[:.,٬٫'’\s]/u.test(letter) ? 0.5 : /[%٪]/u.test(letter) ? 1.5 : /\p{Cf}/u.test(letter) ? 0 : 1;
  return Math.max(2, digits);
}

class Tile {
  constructor(name) {
    this.name = name;
    this.node = make("article", "tile");
    this.node.id = `tile-${name}`;
    this.label = make("h2");
    this.badge = make("p", "badge");
    this.mark = mark();
    this.word = make("span");
    this.badge.append(this.mark, this.word);
    const top = make("div", "top");
    top.append(this.label, this.badge);
    this.number = make("p", "number");
    this.value = make("bdi");
    this.spark = sparkline();
    this.number.append(this.value, this.spark);
    this.bar = make("div", "bar");
    this.fill = make("div", "fill");
    this.bar.append(this.fill);
    this.details = make("div", "details");
    this.lines = [make("p", "strong"), make("p")];
    this.details.append(...this.lines);
    this.node.append(top, this.number, this.bar, this.details);
  }

  render(doc, words, now, isStale) {
    const reading = READINGS[this.name](doc, words, now);
    const isUnknown = reading.state === "unknown" && states.isUnknown(doc);
    const state = isStale ? "stale" : reading.state;
    text(this.label, words.say(LABELS[this.name] ?? `${this.name}.label`));
    attribute(this.node, "data-state", state);
    const hasWord = words.has(`state.${state}`) && !reading.isSaid && !(state === "unknown" && !isUnknown);
    show(this.badge, hasWord || Boolean(reading.isCaution));
    if (hasWord || reading.isCaution) {
      const shown = reading.isCaution && state !== "stale" && state !== "missed" ? "few" : state;
      attribute(this.badge, "data-state", shown);
      shape(this.mark, shown);
      text(this.word, words.say(`state.${shown}`));
    }
    const main = isUnknown ? NOTHING : reading.main;
    text(this.value, main);
    this.number.classList.toggle("nothing", main === NOTHING);
    style(this.number, "--width", String(width(main) * (reading.isSaid ? 1.25 : 1))); // words have descenders
    this.lines.forEach((line, place) => {
      const said = isUnknown || isStale ? "" : (reading.details[place] ?? "");
      text(line, said);
      show(line, said !== "");
    });
    const hasBar = typeof reading.share === "number" && !isStale;
    show(this.bar, hasBar);
    if (hasBar) style(this.fill, "inline-size", `${(reading.share * 100).toFixed(2)}%`);
    draw(this.spark, width(main) < WIDE && !isStale && !isUnknown ? reading.points : null);
  }
}

class Survey {
  constructor(name) {
    this.name = name;
    this.node = make("section", "survey");
    this.node.id = `survey-${name}`;
    this.label = make("h2");
    this.window = make("p", "window");
    this.value = make("p", "value");
    this.number = make("bdi");
    this.value.append(this.number);
    this.details = make("div", "details");
    this.badge = make("p", "badge");
    this.badge.append(mark(), make("span"));
    shape(this.badge.firstElementChild, "few");
    this.lines = [make("p"), make("p")];
    this.details.append(this.badge, ...this.lines);
    const top = make("div");
    top.append(this.label, this.window);
    this.node.append(top, this.value, this.details);
  }

  render(doc, words, now) {
    const reading = survey(this.name, doc, words, now);
    text(this.label, words.say(`${this.name}.label`));
    text(this.window, reading.window);
    text(this.number, reading.main);
    show(this.badge, reading.isCaution);
    text(this.badge.lastElementChild, words.say("voice.caution"));
    this.lines.forEach((line, place) => {
      text(line, reading.details[place] ?? "");
      show(line, Boolean(reading.details[place]));
    });
  }
}

/** The tiles of a wall, in its order; made once, written again and again. */
export class Tiles {
  #holder;
  #tiles = new Map();
  #voice = make("article", "tile voice");
  #surveys = [new Survey("csat"), new Survey("nps")];
  #shown = "";

  constructor(holder) {
    this.#holder = holder;
    this.#voice.append(...this.#surveys.map(({ node }) => node));
  }

  render(doc, words, now, isStale) {
    this.#choose(doc.wall.numbers.filter((name) => name in READINGS).slice(0, 5));
    for (const tile of this.#tiles.values()) if (tile.node.isConnected) tile.render(doc, words, now, isStale);
    for (const one of this.#surveys) one.render(doc, words, now);
  }

  #choose(names) {
    if (names.join() === this.#shown) return;
    this.#shown = names.join();
    for (const name of names) if (!this.#tiles.has(name)) this.#tiles.set(name, new Tile(name));
    this.#holder.replaceChildren(...names.map((name) => this.#tiles.get(name).node), this.#voice);
    attribute(this.#holder, "data-count", names.length);
  }
}
