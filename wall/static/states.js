// What a document means, as of an instant: pure functions of (document, server's time). No DOM, no clock, no words.
//
// Every state (ok, at_risk, breaching, partial, closed, unknown, …) has a shape, a word and a colour.

export const STALE_MS = 15_000;
export const OLD_MS = 10_000; // not stale yet, but no longer what a display should show

const seconds = (milliseconds) => milliseconds / 1_000;

/** Whether nothing can be said at all: no event read yet, or no partition that is ready. */
export function isUnknown(doc) {
  return doc.state.no_data || doc.state.partitions.ready === 0;
}

export function isPartial(doc) {
  const { ready, total } = doc.state.partitions;
  return ready < total;
}

/** While partitions are missing nothing is well: what is late is late, but what is not seen may be later. */
function calm(doc, state) {
  return isPartial(doc) ? "partial" : state;
}

/** The state of the whole wall: the worst of its clocks decides. */
export function overall(doc) {
  if (isUnknown(doc)) return !doc.state.no_data && doc.state.partitions.catching_up > 0 ? "catching_up" : "unknown";
  if (breaches(doc) > 0) return "breaching";
  return doc.breaching.at_risk > 0 ? "at_risk" : calm(doc, "ok");
}

export function breaches(doc) {
  const { first_response, next_response, resolution } = doc.breaching;
  return first_response + next_response + resolution;
}

export function awaiting(doc) {
  if (isUnknown(doc)) return "unknown";
  if (doc.awaiting.breaching > 0) return "breaching";
  return doc.awaiting.at_risk > 0 ? "at_risk" : calm(doc, "ok");
}

/**
 * The oldest wait: {state, waited, left, share}, in seconds of open time. `left` is negative past its due instant,
 * null where none is known; `share` is what is used of the target, 0 to 1.
 */
export function oldest(doc, now) {
  const { at, counted_from: from, due, opens_at: opens, target_seconds: target, at_risk_seconds: risk } = doc.oldest;
  if (isUnknown(doc)) return { state: "unknown", waited: null, left: null, share: null };
  const open = isOpen(doc.oldest.open, opens, now);
  if (at === null) return { state: open ? calm(doc, "ok") : "closed", waited: null, left: null, share: null };
  if (!open) return { state: "closed", waited: null, left: null, share: null };
  const waited = Math.max(0, seconds(now - Date.parse(from ?? at)));
  let left = due === null ? null : seconds(Date.parse(due) - now);
  if (target !== null && target !== undefined) left = target - waited;
  const isLate = left !== null && left < 0;
  const isRisky = risk !== null && risk !== undefined ? waited > risk : doc.oldest.is_at_risk === true;
  const share = target ? Math.min(1, waited / target) : null;
  return { state: isLate ? "breaching" : isRisky ? "at_risk" : calm(doc, "ok"), waited, left, share };
}

export function inSla(doc) {
  const { ratio, objective, sample } = doc.in_sla_today;
  if (isUnknown(doc) || ratio === null) return "unknown";
  if (sample === "not_enough") return "few";
  if (objective === null) return "neutral";
  return ratio < objective ? "missed" : calm(doc, "met");
}

/** How a number of surveys may be shown: alone, with a mark, or not at all. */
export function sample(voice) {
  return voice.sample === "none" || voice.n === 0 ? "none" : voice.sample;
}

/** Whether time runs: what was closed when the document was made opens by itself. */
function isOpen(wasOpen, opens, now) {
  return wasOpen || (opens !== null && now >= Date.parse(opens));
}

/** The state of one queue of the strip. */
export function queue(card, doc) {
  return card.state === "ok" ? calm(doc, "ok") : card.state;
}

/** Seconds of open time that the oldest of a queue waits; null where nobody does, or where that is not known. */
export function waited({ counted_from: from, is_counting: isCounting, opens_at: opens }, now) {
  if (from === null) return null;
  const until = isOpen(isCounting, opens, now) || opens === null ? now : Date.parse(opens);
  return Math.max(0, seconds(until - Date.parse(from)));
}
