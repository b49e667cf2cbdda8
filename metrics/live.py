"""What is open, waiting and due in one partition, as functions of (state, now).

No timer has to fire for a number to be right. Counts and multisets of instants by (queue, priority). Adding and
removing one ticket is O(1); looking costs a pass over the occupied buckets of instants.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from metrics.contribution import NO_CLOCKS, Clocks, Live

_FINE_BITS: Final = 38  # buckets of 2^38 ns, about 4.6 minutes
_COARSE_BITS: Final = 46  # groups of 256 buckets, about 19.5 hours
_GROUP_BITS: Final = _COARSE_BITS - _FINE_BITS


class Instants:
    """A multiset of instants in nanoseconds: O(1) to change, a pass over groups, one group and one bucket to ask.

    How many a bucket and a group hold is counted again when someone asks, for the buckets changed since.
    """

    __slots__ = ("_buckets", "_changed", "_groups", "_sizes")

    def __init__(self) -> None:
        self._buckets: dict[int, dict[int, int]] = {}  # bucket -> instant -> how many
        self._sizes: dict[int, int] = {}  # bucket -> how many
        self._groups: dict[int, int] = {}  # group -> how many
        self._changed: set[int] = set()  # buckets whose size is to be counted again

    def change(self, instant: int, sign: int) -> None:
        """Add one (1) or take one away (-1)."""
        number = instant >> _FINE_BITS
        self._changed.add(number)
        bucket = self._buckets.get(number)
        if bucket is None:
            self._buckets[number] = {instant: sign}
            return
        count = bucket.get(instant, 0) + sign
        if count:
            bucket[instant] = count
        else:
            del bucket[instant]
            if not bucket:
                del self._buckets[number]

    def count(self) -> None:
        """Bring the sizes up to date; asking does it too."""
        sizes, groups = self._sizes, self._groups
        for number in self._changed:
            size = sum(self._buckets.get(number, _NONE).values())
            group, before = number >> _GROUP_BITS, sizes.pop(number, 0)
            if size:
                sizes[number] = size
            whole = groups.pop(group, 0) + size - before
            if whole:
                groups[group] = whole
        self._changed.clear()

    def before(self, now: int) -> int:
        """How many are earlier than ``now``."""
        self.count()
        group, number = now >> _COARSE_BITS, now >> _FINE_BITS
        found = sum([size for at, size in self._groups.items() if at < group])
        if group in self._groups:
            sizes, first = self._sizes, group << _GROUP_BITS
            if len(sizes) < number - first:  # few buckets in all: look at those
                found += sum([size for at, size in sizes.items() if first <= at < number])
            else:
                found += sum([sizes.get(at, 0) for at in range(first, number)])
            found += sum([count for instant, count in self._buckets.get(number, _NONE).items() if instant < now])
        return found

    def earliest(self) -> int | None:
        """The smallest of all, or None."""
        self.count()
        return self._first_of(min(self._groups)) if self._groups else None

    def next_after(self, now: int) -> int | None:
        """The smallest later than ``now``, or None."""
        self.count()
        group, number = now >> _COARSE_BITS, now >> _FINE_BITS
        later = [instant for instant in self._buckets.get(number, ()) if instant > now]
        if later:
            return min(later)
        first = self._occupied(number + 1, (group + 1) << _GROUP_BITS) if group in self._groups else None
        if first is not None:
            return min(self._buckets[first])
        groups = [at for at in self._groups if at > group]
        return self._first_of(min(groups)) if groups else None

    def buckets(self) -> Iterator[tuple[int, int, int, dict[int, int]]]:
        """(first, last instant possible, how many, instant -> how many) of each occupied bucket, in no order."""
        self.count()
        for number, bucket in self._buckets.items():
            first = number << _FINE_BITS
            yield first, first + (1 << _FINE_BITS) - 1, self._sizes[number], bucket

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """(instant, count) of all, in no order."""
        for bucket in self._buckets.values():
            yield from bucket.items()

    def _first_of(self, group: int) -> int:
        first = self._occupied(group << _GROUP_BITS, (group + 1) << _GROUP_BITS)
        assert first is not None  # a group that is kept is not empty
        return min(self._buckets[first])

    def _occupied(self, low: int, high: int) -> int | None:
        """The first occupied bucket of ``low <= number < high``, by the shorter of two ways."""
        if len(self._buckets) < high - low:
            return min([at for at in self._buckets if low <= at < high], default=None)
        return next((at for at in range(low, high) if at in self._buckets), None)


_NONE: Final[dict[int, int]] = {}


class LiveSet:
    """Open tickets of one queue and priority."""

    __slots__ = (
        "awaiting_first_response", "awaiting_first_response_since", "awaiting_reply", "awaiting_reply_since",
        "clocks", "escalated", "open", "paused", "tickets", "uncounted_since", "without_policy",
    )  # fmt: skip

    def __init__(self) -> None:
        self.tickets = self.open = self.awaiting_first_response = self.awaiting_reply = 0
        self.paused = self.escalated = self.without_policy = 0
        self.awaiting_first_response_since = Instants()
        self.awaiting_reply_since = Instants()
        self.uncounted_since = Instants()  # awaiting their first response, created before `live_since`
        self.clocks = tuple(Instants() for _ in NO_CLOCKS)

    @property
    def due(self) -> tuple[Instants, ...]:
        """Due instants by SLA."""
        return self.clocks[::2]

    @property
    def risk(self) -> tuple[Instants, ...]:
        """The instants from which each is at risk, by SLA."""
        return self.clocks[1::2]

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
        self._change_first(live.awaiting_first_response_since, sign)
        self._change_reply(live.awaiting_reply_since, sign)
        self._change_clocks(live.clocks, sign)

    def replace(self, before: Live, after: Live) -> None:
        """The same ticket, counted before and after, as it is now: only what differs is touched."""
        self.paused += after.is_paused - before.is_paused
        self.escalated += after.is_escalated - before.is_escalated
        self.without_policy += before.has_policy - after.has_policy
        if before.awaiting_first_response_since != after.awaiting_first_response_since:
            self._change_first(before.awaiting_first_response_since, -1)
            self._change_first(after.awaiting_first_response_since, 1)
        if before.awaiting_reply_since != after.awaiting_reply_since:
            self._change_reply(before.awaiting_reply_since, -1)
            self._change_reply(after.awaiting_reply_since, 1)
        if before.clocks != after.clocks:
            for instants, former, present in zip(self.clocks, before.clocks, after.clocks, strict=True):
                if former != present:
                    if former is not None:
                        instants.change(former, -1)
                    if present is not None:
                        instants.change(present, 1)

    def count(self) -> None:
        """Bring all sizes up to date."""
        for instants in (
            self.awaiting_first_response_since, self.awaiting_reply_since, self.uncounted_since, *self.clocks,
        ):  # fmt: skip
            instants.count()

    def _change_first(self, since: int | None, sign: int) -> None:
        if since is not None:
            self.awaiting_first_response += sign
            self.awaiting_first_response_since.change(since, sign)

    def _change_reply(self, since: int | None, sign: int) -> None:
        if since is not None:
            self.awaiting_reply += sign
            self.awaiting_reply_since.change(since, sign)

    def _change_clocks(self, clocks: Clocks, sign: int) -> None:
        if clocks is not NO_CLOCKS:
            for instants, instant in zip(self.clocks, clocks, strict=True):
                if instant is not None:
                    instants.change(instant, sign)


LiveSets = dict[tuple[str, str], LiveSet]


def replace(sets: LiveSets, before: Live | None, after: Live | None) -> None:
    """Take one ticket's former place and give it its new one; None where it is not open."""
    if before is not None and after is not None and before.is_counted and after.is_counted:
        labels = before.queue, before.priority
        if labels == (after.queue, after.priority):
            sets[labels].replace(before, after)
            return
    if before is not None:
        _change(sets, before, -1)
    if after is not None:
        _change(sets, after, 1)


def _change(sets: LiveSets, live: Live, sign: int) -> None:
    """Add or take away one ticket; a (queue, priority) without any ticket vanishes."""
    labels = live.queue, live.priority
    found = sets.get(labels)
    if found is None:
        found = sets[labels] = LiveSet()
    found.change(live, sign)
    if not found.tickets:
        del sets[labels]
