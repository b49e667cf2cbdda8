"""The tickets of this worker's partitions: bytes in, changed states and refusals out, numbers kept beside them.

The pure core behind the interface of ``stream.records``: no Kafka, no clock, no sleeping. States are kept
encoded. An event changes its ticket's state at once; what the change does to the numbers is settled when somebody
looks, once for all changes of a ticket since: what it contributes now is added, what it contributed is taken back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from metrics.activity import RECENT
from metrics.components import Asked, Components, Part, gather
from metrics.contribution import Contributions
from metrics.documents import held
from metrics.facts import Days
from metrics.feeds import Feeds, Heard, as_json
from metrics.floor import Observer, PartitionFloor
from metrics.instants import DAY, EARLIEST, LATEST
from metrics.measures import MEASURE_MASK, MEASURE_SHIFT, QUEUE_SHIFT, Moment, Vocabulary
from metrics.policies import Rules
from metrics.snapshot import snapshot
from stream.contributions import contribute
from stream.encoding import decode, encode
from stream.events import Event, Refusal
from stream.events import decode as decode_event
from stream.keys_by_day import KeysByDay
from stream.places import Places
from stream.records import Applied, Reason, Records, Refused
from stream.ticket import COUNTS, UNCHANGED, Ticket
from stream.timeline import timeline_of

STATE_BYTES_MAX: Final = 900_000

#: Changed tickets of a process that may wait for the next look: as many as it brings up to date in about 0.1 s, or more
#: while events of the past are read. Beyond, those that waited longest are brought up to date, so many at once.
UNSETTLED_MAX: Final = 8_192
UNSETTLED_BEHIND_MAX: Final = 65_536
SETTLED_AT_ONCE: Final = 2_048
SETTLED_TOGETHER: Final = 256

#: The subjects of so many tickets, then the state of each. So few, since a garbage collection holds all threads while
#: it looks through new containers; in one tuple, since more of them bring more collections.
COPIED_TOGETHER: Final = 32
Entries = tuple[bytes, ...]

#: The key under which a partition's earliest and latest event time are kept; no subject begins with NUL.
HISTORY_KEY: Final = b"\x00history"


def pairs(entries: Entries) -> Iterator[tuple[bytes, bytes]]:
    """Each subject of one part of a partition's entries with its state."""
    half = len(entries) // 2
    return zip(entries[:half], entries[half:], strict=True)


class Admission(msgspec.Struct, frozen=True):
    """Which events are let in beyond being well-formed. Replay lets in all of them."""

    refuse_future: bool = True
    drop_old: bool = True
    not_after: int | None = None  # leave out what is later than this instant, without a word


class _Batch:
    """One batch in work: between which instants events are let in, and what came of them."""

    __slots__ = ("heard", "instants", "latest", "not_after", "oldest", "refused", "values")

    def __init__(self, values: Sequence[bytes | None], admission: Admission, rules: Rules, now: int) -> None:
        self.values = values
        self.latest = now + rules.future if admission.refuse_future else LATEST
        self.not_after = LATEST if admission.not_after is None else admission.not_after
        self.oldest = now - rules.retention if admission.drop_old else EARLIEST
        self.refused: list[Refused] = []
        self.instants: list[int] = []  # of the events let in
        self.heard: list[Heard] | None = [] if rules.feeds else None  # the same, where sources are listened for

    def admits(self, instant: int, *, is_known: bool) -> bool:
        """Whether an event of a ticket that is known or not is let in, and not silently or loudly left out."""
        return instant <= min(self.latest, self.not_after) and (is_known or instant >= self.oldest)


class TicketPartition:
    """The tickets of one partition, their derived numbers, and what is known of its history."""

    def __init__(self, places: Places, admission: Admission, observe: Observer | None, feeds: Feeds) -> None:
        self.history_since: int | None = None
        self.newest_event: int | None = None
        self.too_old = 0
        self.duplicates = 0
        #: This partition's part of the tickets that may wait for a look.
        self.share = 1.0
        rules = places.rules
        self._floor = PartitionFloor(places.vocabulary, rules.retention, rules.time_zone, by_minute=rules.by_minute)
        self._places = places
        self._rules = places.rules
        self._admission = admission
        self._observe = observe
        self._feeds = feeds
        self._recent_from = LATEST  # the earliest event that can count as activity
        self._states: dict[bytes, bytes] = {}
        #: Tickets that changed since the numbers were last brought up to date, with the state that these are made of.
        self._unsettled: dict[bytes, bytes | None] = {}
        #: Day of the last event -> keys that may expire then; a key may wait under an earlier day, or twice, in vain.
        self._by_day = KeysByDay()
        self._expired_upto = EARLIEST  # the first day that was not looked at yet

    def __len__(self) -> int:
        return len(self._states)

    @property
    def floor(self) -> PartitionFloor:
        """The numbers, up to date."""
        self._settle(len(self._unsettled))
        return self._floor

    def ticket(self, subject: str) -> Ticket | None:
        """What is kept of one subject."""
        state = self._states.get(subject.encode())
        return decode(state) if state is not None else None

    def entries(self) -> list[Entries]:
        """Every subject with its state as it is now, in parts; between two of them other threads get their turns."""
        subjects, states = iter(self._states), iter(self._states.values())
        return [
            tuple(islice(subjects, COPIED_TOGETHER)) + tuple(islice(states, COPIED_TOGETHER))
            for _ in range(0, len(self._states), COPIED_TOGETHER)
        ]

    # ------------------------------------------------------------------------------------------------ apply

    def apply(self, records: Records, now: int) -> Applied:
        """Apply one batch; never raises for bad data. ``now`` is the clock, in nanoseconds."""
        batch = _Batch(records.values, self._admission, self._rules, now)
        places: dict[bytes | None, list[int]] = {}
        for index, key in enumerate(records.keys):
            found = places.get(key)
            if found is None:
                places[key] = [index]
            else:
                found.append(index)
        changed = []
        # Ticket by ticket: what one ticket needs stays in the processor's cache, and its state is written once a batch.
        for key, indexes in places.items():
            state = self._join(key or b"", indexes, batch)
            if state:
                changed.append((key or b"", state))
        if batch.instants and self._remember(batch.instants):
            changed.append((HISTORY_KEY, f"{self.history_since} {self.newest_event}".encode()))
        if batch.heard:
            self._feeds.note(batch.heard, records.timestamps_ms, now)
        self._recent_from = now - RECENT
        is_behind = not batch.instants or max(batch.instants) < self._recent_from
        if len(self._unsettled) > self.share * (UNSETTLED_BEHIND_MAX if is_behind else UNSETTLED_MAX):
            self._settle(SETTLED_AT_ONCE)
        batch.refused.sort(key=lambda refused: refused.index)
        return Applied(changed, batch.refused)

    def _join(self, key: bytes, indexes: list[int], batch: _Batch) -> bytes:
        """Join one key's events into their ticket; returns its new state, empty where nothing changed."""
        before = self._states.get(key)
        ticket, changed = None, UNCHANGED
        for index in indexes:
            decoded = decode_event(batch.values[index])
            if isinstance(decoded, Refusal):
                batch.refused.append(Refused(index, decoded.reason, decoded.detail))
                continue
            event, instant = decoded
            if event.subject.encode() != key or key[0] == 0 or instant > batch.latest:
                batch.refused.append(_refused(index, key, event))
                continue
            if instant > batch.not_after:
                continue
            if ticket is None:
                if before is None and instant < batch.oldest:
                    self.too_old += 1
                    continue
                ticket = Ticket() if before is None else decode(before)
            batch.instants.append(instant)
            if batch.heard is not None:
                batch.heard.append((index, event.source, instant))
            change = ticket.apply(event, instant)
            if change > changed:
                changed = change
            elif not change:
                self.duplicates += 1
        if not changed or ticket is None:
            return b""
        state = encode(ticket)
        if len(state) > STATE_BYTES_MAX and not (state := self._without_excess(key, indexes, batch)):
            return b""
        self._states[key] = state
        if (changed == COUNTS or before is None) and key not in self._unsettled:
            self._unsettled[key] = before
        return state

    def _remember(self, instants: list[int]) -> bool:
        """Note how far the history of all events admitted reaches; whether that changed."""
        since, newest = min(instants), max(instants)
        if self.history_since is not None and self.newest_event is not None:
            since, newest = min(since, self.history_since), max(newest, self.newest_event)
        changed = (since, newest) != (self.history_since, self.newest_event)
        self.history_since, self.newest_event = since, newest
        return changed

    def _without_excess(self, key: bytes, indexes: list[int], batch: _Batch) -> bytes:
        """Join the events one by one, refusing those that would make the state too large; empty if that is all."""
        state = self._states.get(key, b"")
        for index in indexes:
            decoded = decode_event(batch.values[index])
            if isinstance(decoded, Refusal) or decoded[0].subject.encode() != key:
                continue
            if not batch.admits(decoded[1], is_known=bool(state)):
                continue
            ticket = decode(state) if state else Ticket()
            ticket.apply(*decoded)
            trial = encode(ticket)
            if len(trial) > STATE_BYTES_MAX:
                detail = f"the state of {key!r} would be larger than {STATE_BYTES_MAX:,} bytes"
                batch.refused.append(Refused(index, Reason.TOO_LARGE, detail))
                batch.heard = batch.heard and [one for one in batch.heard if one[0] != index]
            else:
                state = trial
        return state

    # ----------------------------------------------------------------------------------------------- settle

    def _settle(self, count: int) -> None:
        """Bring the numbers up to date with the ``count`` tickets that have waited longest for it."""
        waiting = iter(list(islice(self._unsettled, count)))
        # In small parts, whose columns are still in the processor's cache when they are added.
        while keys := list(islice(waiting, SETTLED_TOGETHER)):
            gone, new = Contributions(), Contributions()
            for key in keys:
                self._contribute(key, self._unsettled.pop(key), gone, new)
            self._floor.add(new, 1)
            self._floor.add(gone, -1)

    def _contribute(self, key: bytes, before: bytes | None, gone: Contributions, new: Contributions) -> None:
        """What one ticket contributed until now, and what it contributes from now on."""
        from_gone, from_new = len(gone.moments), len(new.moments)
        waits_under = None
        if before is not None:
            ticket = decode(before)
            contribute(ticket, self._places, gone)
            waits_under = ticket.last_event // DAY
        state = self._states.get(key)
        if state is None:
            return
        ticket = decode(state)
        place = contribute(ticket, self._places, new)
        day = ticket.last_event // DAY
        if day != waits_under or day < self._expired_upto:
            self._by_day.add(day, key)
        if place is not None and ticket.last_event >= self._recent_from and self._observe is not None:
            happened = self._happened(gone.moments[from_gone:], new.moments[from_new:])
            self._observe(place.priority, place.channel, happened)

    def _happened(self, gone: list[int], new: list[int]) -> list[Moment]:
        """What is new apart from its queue: a ticket that moves to another queue was not created again."""
        before = Counter((measure, instant, value) for _, instant, measure, value in self._named(gone))
        found = []
        for moment in self._named(new):
            known = moment[2], moment[1], moment[3]
            if before[known]:
                before[known] -= 1
            else:
                found.append(moment)
        return found

    def _named(self, moments: list[int]) -> list[Moment]:
        queues = self._places.vocabulary.queues
        return [
            (queues[cell >> QUEUE_SHIFT], instant, cell >> MEASURE_SHIFT & MEASURE_MASK, value)
            for cell, instant, value in zip(moments[::3], moments[1::3], moments[2::3], strict=True)
        ]

    # ---------------------------------------------------------------------------------------------- restore

    def restore(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Take entries back from the changelog in its order; a value of None is a tombstone.

        Raises:
            StateError: a state was written by a newer version.
        """
        self._recent_from = LATEST  # what is recovered happened in another process
        states, unsettled = self._states, self._unsettled
        for key, state in zip(keys, values, strict=True):
            if key == HISTORY_KEY:
                self.history_since, self.newest_event = map(int, (state or b"").split())
                continue
            if key not in unsettled:
                unsettled[key] = states.get(key)
            if state is None:
                states.pop(key, None)
            else:
                states[key] = state
        self._settle(len(unsettled))

    # --------------------------------------------------------------------------------------------- retention

    def expire(self, now: int) -> list[bytes]:
        """Drop what is beyond its retention; returns the keys, each of which needs a tombstone.

        Open tickets are always kept, so are facts; what was reopened since comes up again at its new last event.
        """
        self._settle(UNSETTLED_MAX)
        oldest_day = (now - self._rules.retention) // DAY
        self._expired_upto = max(self._expired_upto, oldest_day)
        dropped: list[bytes] = []
        for day in self._by_day.before(oldest_day):
            for key in self._by_day.take(day):
                state = self._states.get(key)
                if state is None:
                    continue
                ticket = decode(state)
                if ticket.last_event // DAY >= oldest_day:
                    self._by_day.add(ticket.last_event // DAY, key)
                elif self._may_go(ticket):
                    self._unsettled.setdefault(key, self._states.pop(key))
                    dropped.append(key)
        return dropped

    def _may_go(self, ticket: Ticket) -> bool:
        if ticket.facts:
            return False
        line = timeline_of(ticket, self._rules.skew)
        return line is None or not line.is_open or ticket.is_discarded


def _refused(index: int, key: bytes, event: Event) -> Refused:
    subject = event.subject
    if subject[0] == "\0":
        return Refused(index, Reason.BAD_FIELD, f"the subject {subject!r} begins with NUL")
    if not key:
        return Refused(index, Reason.KEY, f"the record has no key; it would be the subject {subject!r}")
    if key != subject.encode():
        return Refused(index, Reason.KEY, f"the record's key {key!r} is not the subject {subject!r}")
    return Refused(index, Reason.FUTURE, f"{event.time} is more than the tolerance ahead of the clock")


class Tickets:
    """All partitions that this worker owns: what the rim opens, feeds and drops, and the snapshot looks at."""

    def __init__(self, rules: Rules, admission: Admission, observe: Observer | None = None) -> None:
        self.rules = rules
        self.vocabulary = Vocabulary()
        self._places = Places(rules, self.vocabulary)
        self.partitions: dict[int, TicketPartition] = {}
        self.feeds = Feeds(rules.feeds)
        self._admission = admission
        self._observe = observe

    def open(self, partition: int) -> TicketPartition:
        """A new, empty state for a partition that was just assigned."""
        opened = TicketPartition(self._places, self._admission, self._observe, self.feeds)
        self.partitions[partition] = opened
        self._share()
        return opened

    def drop(self, partition: int) -> None:
        """Forget a partition: its tickets, panes and live sets are gone with it."""
        self.partitions.pop(partition, None)
        self._share()

    def _share(self) -> None:
        for opened in self.partitions.values():
            opened.share = 1 / len(self.partitions)

    @property
    def newest_event(self) -> int | None:
        """The latest instant of any event applied: a snapshot as of an earlier one would be wrong."""
        return max((p.newest_event for p in self.partitions.values() if p.newest_event is not None), default=None)

    def snapshot(self, now: int, ready: Collection[int], total: int) -> dict[str, Any]:
        """The snapshot as of ``now``; ``ready`` are the partitions whose topics are read to the end."""
        parts = [self._part(number, ready) for number in sorted(self.partitions)]
        behind = sum(not part.is_ready for part in parts)
        found = snapshot(parts, self.rules, self.vocabulary, now, catching_up=behind, total=total)
        if self.feeds:
            found["feeds"] = as_json(self.feeds.as_of(now), is_read=not behind)
        return found

    def gathered(self, asked: Asked, ready: Collection[int], periods: Sequence[Days]) -> dict[int, Components]:
        """What each partition comes to, for other processes: it stays as it is when tickets change."""
        return {
            number: held(gather([self._part(number, ready)], self.rules, self.vocabulary, asked), periods)
            for number in sorted(self.partitions)
        }

    def _part(self, number: int, ready: Collection[int]) -> Part:
        partition = self.partitions[number]
        return Part(partition.floor, number in ready, partition.history_since)
