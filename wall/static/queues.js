// The strip of queues, worst first: eight cards that are written again and again, and how many more there are.

import { queue, waited } from "./states.js";
import { attribute, make, mark, shape, show, text } from "./dom.js";

const ROOM = 8;

class Card {
  constructor() {
    this.node = make("li", "card");
    const name = make("p", "name");
    this.mark = mark();
    this.name = make("bdi");
    name.append(this.mark, this.name);
    const figures = make("p", "figures");
    this.awaiting = make("bdi");
    this.wait = make("bdi", "wait");
    figures.append(this.awaiting, this.wait);
    this.word = make("p", "word");
    this.node.append(name, figures, this.word);
  }

  render(card, doc, words, now, isStale) {
    const state = isStale ? "stale" : queue(card, doc);
    attribute(this.node, "data-state", state);
    shape(this.mark, state);
    text(this.name, card.name);
    text(this.awaiting, card.state === "unknown" ? "–" : words.number(card.awaiting));
    const seconds = card.state === "unknown" ? null : waited(card, now);
    text(this.wait, seconds === null ? "" : words.duration(seconds));
    text(this.word, isStale ? words.say("state.stale") : this.#said(card, state, words));
  }

  #said(card, state, words) {
    if (card.state === "unknown") return words.say("state.unknown");
    if (card.breaching > 0) return words.say("count.past_due", { n: card.breaching });
    if (card.at_risk > 0) return words.say("count.at_risk", { n: card.at_risk });
    return card.open === 0 && state === "ok" ? words.say("queues.none") : words.say(`state.${state}`);
  }
}

export class Queues {
  #section;
  #label;
  #cards = Array.from({ length: ROOM }, () => new Card());
  #more = make("li", "card more");

  constructor(section, label, list) {
    this.#section = section;
    this.#label = label;
    list.append(...this.#cards.map(({ node }) => node), this.#more);
  }

  render(doc, words, now, isStale) {
    show(this.#section, doc.queues.length > 0);
    text(this.#label, words.say("queues.label"));
    this.#cards.forEach((card, place) => {
      const found = doc.queues[place];
      show(card.node, found !== undefined);
      if (found !== undefined) card.render(found, doc, words, now, isStale);
    });
    show(this.#more, doc.more > 0);
    if (doc.more > 0) text(this.#more, words.say("queues.more", { n: doc.more }));
  }
}
