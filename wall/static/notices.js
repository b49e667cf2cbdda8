// What stands between the head and the numbers: why they may not be trusted, the gravest first.

import { isPartial } from "./states.js";
import { make, mark, shape, show, text, attribute } from "./dom.js";

const ROOM = 6;

/** All that is to be told: [{state, text, step, isLoud}]. `staleSince`: milliseconds, or null while messages come. */
export function notices(doc, words, now, staleSince) {
  const told = [];
  const time = (at) => words.time(typeof at === "number" ? at : Date.parse(at), now);
  if (staleSince !== null) {
    const said = words.say("notice.stale", { time: time(staleSince) });
    told.push({ state: "breaching", text: said, step: words.say("notice.stale.step"), isLoud: true });
    return told; // all else is as old
  }
  const { ready, catching_up: behind, total } = doc.state.partitions;
  if (isPartial(doc)) told.push({ state: "at_risk", text: words.say("notice.partial", { ready, n: total }) });
  if (behind > 0) told.push({ state: "at_risk", text: words.say("notice.catching_up", { n: behind }) });
  for (const { source, state, since } of doc.state.feeds) told.push({ state: "at_risk", text: feed(source, state, since) });
  for (const { until, queues, reason } of doc.state.mutes) {
    const key = queues === null ? "notice.muted" : "notice.muted_of";
    const said = words.say(key, { time: time(until), queues: queues === null ? "" : words.list(queues) });
    told.push({ state: "closed", text: reason ? `${said}${words.say("list.separator")}\u2068${reason}\u2069` : said });
  }
  return told;

  function feed(source, state, since) {
    if (state === "late") return words.say("notice.late", { source });
    if (since === null) return words.say("notice.silent_always", { source });
    return words.say("notice.silent", { source, time: time(since) });
  }
}

export class Notices {
  #section;
  #label;
  #items;

  constructor(section, label, list) {
    this.#section = section;
    this.#label = label;
    this.#items = Array.from({ length: ROOM }, () => {
      const item = make("li", "notice");
      const svg = mark();
      const said = make("p");
      const main = make("span");
      const step = make("small");
      said.append(main, " ", step); // without the space, Persian letters would join across the two
      item.append(svg, said);
      return { item, svg, main, step };
    });
    list.append(...this.#items.map(({ item }) => item));
  }

  render(doc, words, now, staleSince) {
    const told = doc === null ? [] : notices(doc, words, now, staleSince);
    show(this.#section, told.length > 0);
    text(this.#label, words.say("notices.label"));
    this.#items.forEach(({ item, svg, main, step }, place) => {
      const notice = told[place];
      show(item, notice !== undefined);
      if (notice === undefined) return;
      attribute(item, "data-state", notice.state);
      item.classList.toggle("loud", notice.isLoud === true);
      shape(svg, notice.state);
      text(main, notice.text);
      text(step, notice.step ?? "");
      show(step, Boolean(notice.step));
    });
  }
}
