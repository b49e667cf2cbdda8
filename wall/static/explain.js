// Why a ticket counts as it does: every clock with its policy, its due instant and the time that was counted, as nodes.
//
// What the program says in its own words (`why`) is English, and marked as such.

import { make, mark, shape } from "./dom.js";

const STATES = { breaching: "breaching", breached: "breaching", at_risk: "at_risk", met: "ok" };

/** One section for each clock of an explanation. */
export function clocks(explanation, words) {
  return explanation.clocks.map((clock) => section(clock, words));
}

/** A state of a clock as shape, word and colour. */
export function badge(state, words) {
  const node = make("span", "badge");
  const known = STATES[state] ?? "unknown";
  node.dataset.state = known;
  const svg = mark();
  shape(svg, known);
  node.append(svg, make("span", "", words.say(`clock.${state ?? "none"}`)));
  return node;
}

function section(clock, words) {
  const node = make("section", "of-clock");
  const title = make("h3");
  title.append(make("span", "", words.say(`clock.${clock.sla}`)), badge(clock.state, words));
  node.append(title, quoted(clock.why, words));
  if (clock.state !== null) node.append(facts(clock, words));
  if (clock.tried.length > 0) node.append(make("h4", "", words.say("explain.policies")), policies(clock.tried, words));
  if (clock.stretches.length > 0) {
    node.append(make("h4", "", words.say("explain.stretches")), stretches(clock.stretches, words));
  }
  return node;
}

function facts(clock, words) {
  const list = make("dl");
  const instant = (text) => (text === null ? "–" : words.full(Date.parse(text)));
  const span = (seconds) => (seconds === null ? "–" : words.span(seconds));
  const told = [
    ["tickets.policy", clock.policy ?? "–"],
    ["explain.target", span(clock.target_seconds)],
    ["explain.calendar", clock.calendar ?? words.say("explain.always")],
    ["explain.counted", span(clock.counted_seconds)],
    ["tickets.due", instant(clock.due)],
    ["explain.settled", instant(clock.settled)],
  ];
  for (const [key, text] of told) {
    const value = make("dd");
    value.append(make("bdi", "", text));
    list.append(make("dt", "", words.say(key)), value);
  }
  return list;
}

function policies(tried, words) {
  const list = make("ul");
  for (const { policy, holds, why } of tried) {
    const item = make("li");
    item.append(make("bdi", "", policy), `: ${words.say(holds ? "explain.holds" : "explain.passes")}`, quoted(why, words));
    list.append(item);
  }
  return list;
}

function stretches(found, words) {
  const list = make("ul");
  for (const { start, end, is_counted: isCounted, why } of found) {
    const item = make("li");
    const times = [start, end].map((text) => words.full(Date.parse(text)));
    item.append(
      make("bdi", "", times.join(" – ")),
      `: ${words.say(isCounted ? "explain.stretch_counted" : "explain.stretch_left_out")}`,
      quoted(why, words),
    );
    list.append(item);
  }
  return list;
}

function quoted(text, words) {
  const said = make("bdi", "", text);
  said.lang = "en";
  said.dir = "ltr";
  const node = make("p", "quoted");
  node.title = words.say("explain.original"); // in the page's own language
  node.append(said);
  return node;
}
