"""What is open, waiting and due in one partition, as functions of (state, now).

No timer has to fire for a number to be right. Counts and multisets of instants by (queue, priority). Adding and
removing one ticket is O(1); looking costs a pass over the occupied buckets of instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from metrics.contribution import SLAS, Live

_BUCKET_BITS: Final = 38  # buckets of 2^38 ns, about 4.6 minutes


class Instants:
    """A multiset of instants in nanoseconds, in unsorted buckets: O(1) to change, a pass over buckets to ask."""

    __slots__ = ("_buckets", "_sizes")

    def __init__(self) -> None:
        self._buckets: dict[int, dict[int, int]] = {}
        self._sizes: dict[int, int] = {}

    def change(self, instant: int, sign: int) -> None:
        """Add one (1) or take one away (-1)."""
        number = instant >> _BUCKET_BITS
        bucket = self._buckets.setdefault(number, {})
        count = bucket.get(instant, 0) + sign
        size = self._sizes.get(number, 0) + sign
        if count:
            bucket[instant] = count
        else:
            del bucket[instant]
        if size:
            self._sizes[number] = size
        else:
            del self._sizes[number], self._buckets[number]

    def before(self, now: int) -> int:
        """How many are earlier than ``now``."""
        edge = now >> _BUCKET_BITS
        whole = sum(size for number, size in self._sizes.items() if number < edge)
        return whole + sum(count for instant, count in self._buckets.get(edge, {}).items() if instant < now)

    def earliest(self) -> int | None:
        """The smallest of all, or None."""
        return min(self._buckets[min(self._buckets)]) if self._buckets else None

    def next_after(self, now: int) -> int | None:
        """The smallest later than ``now``, or None."""
        edge = now >> _BUCKET_BITS
        later = [instant for instant in self._buckets.get(edge, ()) if instant > now]
        if later:
            return min(later)
        numbers = [number for number in self._buckets if number > edge]
        return min(self._buckets[min(numbers)]) if numbers else None

    def between(self, after: int, upto: int) -> Iterator[tuple[int, int]]:
        """(instant, count) of those with ``after < instant <= upto``, in no order."""
        first, last = after >> _BUCKET_BITS, upto >> _BUCKET_BITS
        for number, bucket in self._buckets.items():
            if first <= number <= last:
                for instant, count in bucket.items():
                    if after < instant <= upto:
                        yield instant, count

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(instant, count) of all, in no order."""
        for bucket in self._buckets.values():
            yield from bucket.items()


class LiveSet:
    """Open tickets of one queue and priority."""

    __slots__ = (
        "awaiting_first_response", "awaiting_first_response_since", "awaiting_reply", "awaiting_reply_since",
        "due", "escalated", "open", "paused", "risk", "tickets", "uncounted_since", "without_policy",
    )  # fmt: skip

    def __init__(self) -> None:
        self.tickets = self.open = self.awaiting_first_response = self.awaiting_reply = 0
        self.paused = self.escalated = self.without_policy = 0
        self.awaiting_first_response_since = Instants()
        self.awaiting_reply_since = Instants()
        self.uncounted_since = Instants()  # awaiting their first response, created before `live_since`
        self.due = tuple(Instants() for _ in SLAS)
        self.risk = tuple(Instants() for _ in SLAS)

    def change(self, live: Live, sign: int) -> None:
        """Add a ticket (1) or take it away (-1)."""
        self.tickets += sign
        if not live.is_counted:
            if live.awaiting_first_response_since is not None:
                self.uncounted_since.change(live.awaiting_first_response_since, sign)
            return
        self.open += sign
        self.paused += sign * live.is_paused
        self.escalated += sign * live.is_escalated
        self.without_policy += sign * (not live.has_policy)
        if live.awaiting_first_response_since is not None:
            self.awaiting_first_response += sign
            self.awaiting_first_response_since.change(live.awaiting_first_response_since, sign)
        if live.awaiting_reply_since is not None:
            self.awaiting_reply += sign
            self.awaiting_reply_since.change(live.awaiting_reply_since, sign)
        for sla, due, risk in live.clocks:
            if due is not None:
                self.due[sla].change(due, sign)
            if risk is not None:
                self.risk[sla].change(risk, sign)

    def live_breaches(self, sla: int, now: int) -> int:
        """Clocks that run, or stand, past their due instant."""
        return self.due[sla].before(now)

    def at_risk(self, sla: int, now: int) -> int:
        """Clocks with less than the configured share left that are not breaching."""
        return self.risk[sla].before(now) - self.due[sla].before(now)


LiveSets = dict[tuple[str, str], LiveSet]


def change(sets: LiveSets, live: Live, sign: int) -> None:
    """Add or take away one ticket; a (queue, priority) without any ticket vanishes."""
    labels = live.queue, live.priority
    found = sets.get(labels)
    if found is None:
        found = sets[labels] = LiveSet()
    found.change(live, sign)
    if not found.tickets:
        del sets[labels]
