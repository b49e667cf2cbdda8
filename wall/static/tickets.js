// The tickets behind a number, for a desk: the list of the API as it answers, and why each counts, on a click.

import { badge, clocks } from "./explain.js";
import { attribute, find, make, show, text } from "./dom.js";
import { language, load } from "./words.js";

const STATES = ["breaching", "at_risk", "waiting", "awaiting_reply", "without_policy"];
/** States of a clock, which may be asked for by clock. */
const CLOCK_STATES = ["breaching", "at_risk"];
const SLAS = ["first_response", "next_response", "resolution"];
const FIELDS = ["queue", "priority", "policy"];
const COLUMNS = ["id", "queue", "priority", "policy", "clock", "since", "due", "overdue", "explain"];
const LIMIT = 200;

const asked = new URLSearchParams(location.search);
const words = await load(language(asked.get("lang") ? [asked.get("lang"), "en"] : navigator.languages));
words.timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;
let latest = 0; // the request whose answer is shown: an earlier one that comes later is not

function label() {
  const root = document.documentElement;
  attribute(root, "lang", words.tag);
  attribute(root, "dir", words.direction);
  attribute(root, "data-theme", asked.get("theme") === "dark" ? "dark" : "light");
  document.title = words.say("tickets.title");
  text(find("title"), words.say("tickets.title"));
  text(find("wall"), words.say("tickets.wall"));
  for (const name of ["state", ...FIELDS]) text(find(`${name}-label`), words.say(`tickets.${name}`));
  text(find("sla-label"), words.say("tickets.clock"));
  text(find("refresh"), words.say("tickets.refresh"));
  text(find("csv"), words.say("tickets.csv"));
  text(find("close"), words.say("tickets.close"));
  for (const name of FIELDS) find(name).placeholder = words.say("tickets.all");
  for (const state of STATES) find("state").append(choice(state, words.say(`tickets.${state}`)));
  find("sla").append(choice("", words.say("tickets.all")));
  for (const sla of SLAS) find("sla").append(choice(sla, words.say(`clock.${sla}`)));
  for (const column of COLUMNS) {
    const cell = make("th", "", column === "explain" ? null : words.say(`tickets.${column}`));
    cell.scope = "col";
    if (column === "explain") cell.append(make("span", "unseen", words.say("tickets.explain")));
    find("columns").append(cell);
  }
}

function choice(value, said) {
  const option = make("option", "", said);
  option.value = value;
  return option;
}

/** What the address asks for, into the form: all that the API knows, so that nothing of a link is lost. */
function fill() {
  if (STATES.includes(asked.get("state"))) find("state").value = asked.get("state");
  for (const name of FIELDS) find(name).value = given(name).join(",");
  const slas = given("sla").join(",");
  if (slas !== "" && !SLAS.includes(slas)) {
    const said = slas.split(",").map((sla) => (SLAS.includes(sla) ? words.say(`clock.${sla}`) : sla));
    find("sla").append(choice(slas, said.join(words.say("list.separator"))));
  }
  find("sla").value = slas;
}

function given(name) {
  return asked.getAll(name).filter((value) => value !== "");
}

/** Names that the address has one by one stay so: one may have a comma itself. */
function values(name) {
  const value = find(name).value.trim();
  if (value === given(name).join(",").trim()) return given(name);
  return value === "" ? [] : [value];
}

/** What the form says, as a query of the API; also kept in the address, so that the list can be passed on. */
function query() {
  const wanted = new URLSearchParams({ state: find("state").value });
  for (const name of FIELDS) for (const value of values(name)) wanted.append(name, value);
  const isOfClocks = CLOCK_STATES.includes(find("state").value);
  find("sla").disabled = !isOfClocks;
  if (isOfClocks && find("sla").value !== "") wanted.set("sla", find("sla").value);
  const address = new URLSearchParams(wanted);
  for (const name of ["lang", "theme"]) if (asked.has(name)) address.set(name, asked.get(name));
  history.replaceState(null, "", `?${address}`);
  attribute(find("csv"), "href", `/api/tickets?${wanted}&limit=10000&format=csv`);
  wanted.set("limit", LIMIT);
  return wanted;
}

async function read(address) {
  const answer = await fetch(address, { headers: { Accept: "application/json" } });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error ?? String(answer.status));
  return body;
}

async function refresh() {
  const own = ++latest;
  try {
    const list = await read(`/api/tickets?${query()}`);
    if (own === latest) showList(list);
  } catch (error) {
    if (own === latest) failed(error);
  }
}

function failed(error) {
  text(find("said"), words.say("tickets.failed", { reason: error.message }));
  attribute(find("said"), "data-state", "breaching");
  show(find("scroll"), false);
  show(find("partial"), false);
}

function showList({ as_of: at, partitions: { ready, total: partitions }, total, tickets }) {
  const said = total === 0 ? [words.say("tickets.none")] : [words.say("tickets.count", { n: total })];
  if (tickets.length < total) said.push(words.say("tickets.shown", { n: tickets.length }));
  said.push(words.say("tickets.as_of", { time: words.full(Date.parse(at)) }));
  text(find("said"), said.join(words.say("list.separator")));
  attribute(find("said"), "data-state", null);
  show(find("partial"), ready < partitions);
  text(find("partial"), words.say("tickets.partial", { ready, n: partitions }));
  find("rows").replaceChildren(...tickets.map(row));
  show(find("scroll"), tickets.length > 0);
}

function row(ticket) {
  const node = make("tr");
  const instant = (at) => (at === null ? "–" : words.full(Date.parse(at)));
  const id = make(isWebAddress(ticket.link) ? "a" : "bdi", "", ticket.id);
  if (id.tagName === "A") {
    id.href = ticket.link;
    id.rel = "noopener noreferrer";
    id.target = "_blank";
  }
  const first = make("th");
  first.scope = "row";
  first.append(id);
  node.append(first);
  for (const value of [ticket.queue, ticket.priority, ticket.policy ?? "–"]) cell(make("bdi", "", value));
  const clock = make("span");
  if (ticket.sla === null) clock.append(words.say("clock.none"));
  else clock.append(words.say(`clock.${ticket.sla}`), " ", ticket.state === null ? "" : badge(ticket.state, words));
  cell(clock);
  for (const at of [ticket.since, ticket.due]) cell(make("bdi", "", instant(at)));
  cell(make("bdi", "", ticket.overdue_seconds === null ? "" : words.span(ticket.overdue_seconds)));
  const why = make("button", "", words.say("tickets.explain"));
  why.type = "button";
  why.dataset.ticket = ticket.id;
  attribute(why, "aria-label", `${words.say("tickets.explain")} ${ticket.id}`);
  cell(why);
  return node;

  function cell(content) {
    const made = make("td");
    made.append(content);
    node.append(made);
  }
}

/** Links are built by the configuration of somebody else: nothing but the web is opened. */
function isWebAddress(link) {
  return typeof link === "string" && /^https?:\/\//i.test(link);
}

async function explain(ticket) {
  text(find("explanation-title"), words.say("explain.title", { ticket }));
  find("clocks").replaceChildren();
  find("explanation").showModal();
  try {
    const explanation = await read(`/api/tickets/${encodeURIComponent(ticket)}/explain`);
    find("clocks").replaceChildren(...clocks(explanation, words));
  } catch (error) {
    find("clocks").replaceChildren(make("p", "", words.say("tickets.failed", { reason: error.message })));
  }
}

label();
fill();
find("asked").addEventListener("submit", (event) => {
  event.preventDefault();
  refresh();
});
for (const name of ["state", "sla"]) find(name).addEventListener("change", refresh);
find("rows").addEventListener("click", (event) => {
  const button = event.target.closest("button[data-ticket]");
  if (button !== null) explain(button.dataset.ticket);
});
find("close").addEventListener("click", () => find("explanation").close());
refresh();
