// One language: its words, and numbers, instants and durations as it writes them. All by Intl; no text is compared.

export const LANGUAGES = ["en", "fa", "he", "tr"];
const RIGHT_TO_LEFT = new Set(["fa", "he"]);
const LOCALES = { en: "en-GB", fa: "fa-IR", he: "he-IL", tr: "tr-TR" };
const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

/** The first of the wanted languages there are words for, else English. `fa-IR` is `fa`. */
export function language(...wanted) {
  const found = wanted.flat().map((tag) => String(tag ?? "").toLowerCase().split("-")[0]);
  return found.find((tag) => LANGUAGES.includes(tag)) ?? "en";
}

/** Reads the catalogue of a language. */
export async function load(tag) {
  const answer = await fetch(new URL(`words/${tag}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`no words for ${tag}: ${answer.status}`);
  return new Words(tag, await answer.json());
}

/** A text of somebody else's in a sentence, whichever way it runs: between first-strong isolate and its end. */
export const isolated = (text) => `\u2068${text}\u2069`;

export class Words {
  #catalogue;
  #formats = new Map();

  constructor(tag, catalogue) {
    this.tag = tag;
    this.locale = LOCALES[tag];
    this.direction = RIGHT_TO_LEFT.has(tag) ? "rtl" : "ltr";
    this.#catalogue = catalogue;
    this.timeZone = "UTC";
  }

  /** The text of a key, its {placeholders} filled; `n` also chooses the plural, and is written as a number. */
  say(key, values = {}) {
    let text = this.#catalogue[key];
    if (text === undefined) throw new Error(`no words for ${key} in ${this.tag}`);
    if (typeof text === "object") text = text[this.#plural(values.n)] ?? text.other;
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name];
      return isolated(typeof value === "number" ? this.number(value) : value);
    });
  }

  has(key) {
    return key in this.#catalogue;
  }

  number(value, digits = 0) {
    return this.#format("number", digits, () => {
      return new Intl.NumberFormat(this.locale, { maximumFractionDigits: digits });
    }).format(value);
  }

  signed(value) {
    return this.#format("signed", "", () => {
      return new Intl.NumberFormat(this.locale, { maximumFractionDigits: 0, signDisplay: "exceptZero" });
    }).format(value).replace("-", "−");
  }

  percent(ratio) {
    return this.#format("percent", "", () => new Intl.NumberFormat(this.locale, { style: "percent" })).format(ratio);
  }

  /** Rounded down, so that nothing short of it ever reads as 100 % or as its target. */
  percentDown(ratio) {
    return this.percent(Math.floor(ratio * 100 + 1e-9) / 100);
  }

  /** Seconds as 4:05, 1:02:05, or 2 days 03:12. */
  duration(seconds) {
    const whole = Math.max(0, Math.floor(seconds));
    const two = this.#format("two", "", () => {
      return new Intl.NumberFormat(this.locale, { minimumIntegerDigits: 2, useGrouping: false });
    });
    const [hours, minutes, rest] = [Math.floor(whole / HOUR), Math.floor(whole / MINUTE) % 60, whole % MINUTE];
    if (whole < HOUR) return `${this.number(minutes)}:${two.format(rest)}`;
    if (whole < DAY) return `${this.number(hours)}:${two.format(minutes)}:${two.format(rest)}`;
    return `${this.days(whole)} ${two.format(hours % 24)}:${two.format(minutes)}`;
  }

  /** The whole days of so many seconds. */
  days(seconds) {
    return this.#format("days", "", () => {
      return new Intl.NumberFormat(this.locale, { style: "unit", unit: "day", unitDisplay: "short" });
    }).format(Math.floor(seconds / DAY));
  }

  /** A span as people say it, in its one or two largest units: 15 min, 1 hr 30 min. */
  span(seconds) {
    const whole = Math.max(0, Math.round(seconds));
    const units = [["day", Math.floor(whole / DAY)], ["hour", Math.floor(whole / HOUR) % 24]];
    units.push(["minute", Math.floor(whole / MINUTE) % 60], ["second", whole % MINUTE]);
    const first = units.findIndex(([, count]) => count > 0);
    const said = first < 0 ? [units[3]] : units.slice(first, first + 2).filter(([, count]) => count > 0);
    return said.map(([unit, count]) => this.#unit(unit).format(count)).join(" ");
  }

  ago(seconds) {
    return this.#format("ago", "", () => {
      return new Intl.RelativeTimeFormat(this.locale, { numeric: "auto" });
    }).format(...(seconds < 2 * MINUTE ? [-seconds, "second"] : [-Math.floor(seconds / MINUTE), "minute"]));
  }

  /** The time of day in the wall's zone, 14:02; with the day where `now` has another. */
  time(instant, now = instant) {
    const [at, today] = [new Date(instant), new Date(now)];
    const clock = this.#dates({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
    const day = this.#dates({ year: "numeric", month: "numeric", day: "numeric" });
    if (day.format(at) === day.format(today)) return clock;
    const near = Math.abs(at - today) < 6 * DAY * 1_000;
    return `${this.#dates(near ? { weekday: "short" } : { day: "numeric", month: "short" }).format(at)} ${clock}`;
  }

  clock(instant) {
    return this.#dates({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(new Date(instant));
  }

  date(instant) {
    return this.#dates({ weekday: "long", day: "numeric", month: "long" }).format(new Date(instant));
  }

  full(instant) {
    const options = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" };
    return this.#dates({ ...options, hourCycle: "h23" }).format(new Date(instant));
  }

  list(texts) {
    return this.#format("list", "", () => new Intl.ListFormat(this.locale)).format(texts.map(isolated));
  }

  #plural(n) {
    return this.#format("plural", "", () => new Intl.PluralRules(this.locale)).select(n);
  }

  #unit(unit) {
    return this.#format("unit", unit, () => {
      return new Intl.NumberFormat(this.locale, { style: "unit", unit, unitDisplay: "short" });
    });
  }

  #dates(options) {
    const key = `${this.timeZone} ${JSON.stringify(options)}`;
    return this.#format("dates", key, () => {
      try {
        return new Intl.DateTimeFormat(this.locale, { ...options, timeZone: this.timeZone });
      } catch {
        return new Intl.DateTimeFormat(this.locale, { ...options, timeZone: "UTC" }); // a zone unknown to this browser
      }
    });
  }

  /** Formats are costly to make: each is made once. */
  #format(kind, key, make) {
    const name = `${kind} ${key}`;
    let found = this.#formats.get(name);
    if (found === undefined) {
      found = make();
      this.#formats.set(name, found);
    }
    return found;
  }
}
