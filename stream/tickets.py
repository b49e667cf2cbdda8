"""The tickets of this worker's partitions: bytes in, changed states and refusals out, numbers kept beside them.

The pure core behind the interface of ``stream.records``: no Kafka, no clock, no sleeping. States are kept
encoded; a touched ticket is decoded once a batch, and its contribution replaced by difference.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Container, Sequence
from typing import Any, Final

import msgspec

from metrics.contribution import NOTHING, Contribution
from metrics.floor import Observer, PartitionFloor
from metrics.instants import DAY
from metrics.measures import Vocabulary
from metrics.policies import Rules
from metrics.snapshot import Part, snapshot
from stream.contributions import contribution_of
from stream.encoding import decode, encode
from stream.events import Event, Refusal
from stream.events import decode as decode_event
from stream.records import Applied, Reason, Records, Refused
from stream.ticket import COUNTS, UNCHANGED, Ticket
from stream.timeline import timeline_of

STATE_BYTES_MAX: Final = 900_000

#: Tickets of a partition that are kept decoded beside their state.
HOT_MAX: Final = 4_096

#: The key under which a partition's earliest and latest event time are kept; no subject begins with NUL.
HISTORY_KEY: Final = b"\x00history"


class Admission(msgspec.Struct, frozen=True):
    """Which events are let in beyond being well-formed. Replay lets in all of them."""

    refuse_future: bool = True
    drop_old: bool = True
    not_after: int | None = None  # leave out what is later than this instant, without a word


class _Touched(msgspec.Struct):
    """A ticket decoded, and what it contributes as the numbers stand."""

    ticket: Ticket
    before: Contribution
    changed: int = UNCHANGED
    day: int | None = None  # under which it waits to expire, where that is known


class TicketPartition:
    """The tickets of one partition, their derived numbers, and what is known of its history."""

    def __init__(self, rules: Rules, vocabulary: Vocabulary, admission: Admission, observe: Observer | None) -> None:
        self.floor = PartitionFloor(vocabulary, rules.retention)
        self.history_since: int | None = None
        self.newest_event: int | None = None
        self.too_old = 0
        self.duplicates = 0
        self._rules = rules
        self._vocabulary = vocabulary
        self._admission = admission
        self._observe = observe
        self._states: dict[bytes, bytes] = {}
        #: The latest touched, decoded, each with its present contribution. Ordered: the front goes in O(1).
        self._hot: OrderedDict[bytes, _Touched] = OrderedDict()
        self._by_day: dict[int, set[bytes]] = {}  # day of the last event -> keys that may expire then

    def __len__(self) -> int:
        return len(self._states)

    def ticket(self, subject: str) -> Ticket | None:
        """What is kept of one subject."""
        state = self._states.get(subject.encode())
        return decode(state) if state is not None else None

    # ------------------------------------------------------------------------------------------------ apply

    def apply(self, records: Records, now: int) -> Applied:
        """Apply one batch; never raises for bad data. ``now`` is the clock, in nanoseconds."""
        refused: list[Refused] = []
        touched: dict[bytes, _Touched] = {}
        history = self.history_since, self.newest_event
        for index, (key, value) in enumerate(zip(records.keys, records.values, strict=True)):
            outcome = self._admit(key, value, now, touched)
            if isinstance(outcome, Refusal):
                refused.append(Refused(index, outcome.reason, outcome.detail))
            elif outcome is not None:
                self._join(touched, *outcome)
        changed = [
            (key, self._settle(key, entry, records, now, refused)) for key, entry in touched.items() if entry.changed
        ]
        changed = [(key, state) for key, state in changed if state]
        self._keep_hot(touched)
        if (self.history_since, self.newest_event) != history:
            changed.append((HISTORY_KEY, f"{self.history_since} {self.newest_event}".encode()))
        return Applied(changed, refused)

    def _admit(
        self, key: bytes | None, value: bytes | None, now: int, touched: Container[bytes]
    ) -> tuple[bytes, Event, int] | Refusal | None:
        """The event to apply, or why its record is refused, or None where it is left out by rule."""
        decoded = decode_event(value)
        if isinstance(decoded, Refusal):
            return decoded
        event, instant = decoded
        subject = event.subject.encode()
        if subject[0] == 0:
            return Refusal(Reason.BAD_FIELD, f"the subject {event.subject!r} begins with NUL")
        admission = self._admission
        if key != subject:
            return Refusal(Reason.KEY, f"the record's key {key!r} is not the subject {event.subject!r}")
        if admission.refuse_future and instant > now + self._rules.future:
            return Refusal(Reason.FUTURE, f"{event.time} is more than the tolerance ahead of the clock")
        if admission.not_after is not None and instant > admission.not_after:
            return None
        if admission.drop_old and instant < now - self._rules.retention and not (key in self._states or key in touched):
            self.too_old += 1
            return None
        return subject, event, instant

    def _join(self, touched: dict[bytes, _Touched], key: bytes, event: Event, instant: int) -> None:
        entry = touched.get(key)
        if entry is None:
            entry = touched[key] = self._load(key)
        changed = entry.ticket.apply(event, instant)
        entry.changed = max(entry.changed, changed)
        self.duplicates += not changed
        if self.history_since is None or instant < self.history_since:
            self.history_since = instant
        if self.newest_event is None or instant > self.newest_event:
            self.newest_event = instant

    def _load(self, key: bytes) -> _Touched:
        hot = self._hot.pop(key, None)
        if hot is not None:
            return hot
        state = self._states.get(key)
        if state is None:
            return _Touched(Ticket(), NOTHING)
        ticket = decode(state)
        return _Touched(ticket, contribution_of(ticket, self._rules, self._vocabulary))

    def _settle(self, key: bytes, entry: _Touched, records: Records, now: int, refused: list[Refused]) -> bytes:
        """Keep a touched ticket's new state and numbers; returns the state, empty where nothing could be kept."""
        state = encode(entry.ticket)
        if len(state) > STATE_BYTES_MAX:
            entry.ticket = self._without_excess(key, records, now, refused)
            if entry.ticket == Ticket():
                return b""
            state = encode(entry.ticket)
        self._states[key] = state
        day = entry.ticket.last_event // DAY
        if day != entry.day:
            entry.day = day
            self._by_day.setdefault(day, set()).add(key)
        if entry.changed == COUNTS:
            after = contribution_of(entry.ticket, self._rules, self._vocabulary)
            self.floor.replace(entry.before, after, self._observe)
            entry.before = after
        return state

    def _keep_hot(self, touched: dict[bytes, _Touched]) -> None:
        """What was touched now is likely to be touched again soon; the longest untouched go first."""
        hot = self._hot
        for key, entry in touched.items():
            entry.changed = UNCHANGED
            hot[key] = entry
        while len(hot) > HOT_MAX:
            hot.popitem(last=False)

    def _without_excess(self, key: bytes, records: Records, now: int, refused: list[Refused]) -> Ticket:
        """Apply the batch to one ticket again, record by record, refusing those that would make it too large."""
        ticket, is_known, too_old = self._load(key).ticket, False, self.too_old
        for index, (own, value) in enumerate(zip(records.keys, records.values, strict=True)):
            outcome = self._admit(own, value, now, (key,) if is_known else ()) if own == key else None
            if outcome is None or isinstance(outcome, Refusal):
                continue
            trial = decode(encode(ticket))
            trial.apply(*outcome[1:])
            if len(encode(trial)) > STATE_BYTES_MAX:
                detail = f"the state of {key!r} would be larger than {STATE_BYTES_MAX:,} bytes"
                refused.append(Refused(index, Reason.TOO_LARGE, detail))
            else:
                ticket, is_known = trial, True
        self.too_old = too_old  # counted in the first pass
        return ticket

    # ---------------------------------------------------------------------------------------------- restore

    def restore(self, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Take entries back from the changelog in its order; a value of None is a tombstone.

        Raises:
            StateError: a state was written by a newer version.
        """
        for key, state in dict(zip(keys, values, strict=True)).items():
            if key == HISTORY_KEY:
                self.history_since, self.newest_event = map(int, (state or b"").split())
            else:
                self._restore(key, state)

    def _restore(self, key: bytes, state: bytes | None) -> None:
        before = self._load(key).before  # no longer hot
        after = NOTHING
        if state is None:
            self._states.pop(key, None)
        else:
            ticket = decode(state)
            self._states[key] = state
            self._by_day.setdefault(ticket.last_event // DAY, set()).add(key)
            after = contribution_of(ticket, self._rules, self._vocabulary)
        self.floor.replace(before, after)

    # --------------------------------------------------------------------------------------------- retention

    def expire(self, now: int) -> list[bytes]:
        """Drop what is beyond its retention; returns the keys, each of which needs a tombstone.

        Open tickets are always kept, so are facts; what was reopened since comes up again at its new last event.
        """
        oldest_day = (now - self._rules.retention) // DAY
        dropped: list[bytes] = []
        for day in [day for day in self._by_day if day < oldest_day]:
            for key in self._by_day.pop(day):
                if self._has_expired(key, oldest_day):
                    self._restore(key, None)
                    dropped.append(key)
                elif key in self._hot:
                    self._hot[key].day = None  # it no longer waits under that day
        return dropped

    def _has_expired(self, key: bytes, oldest_day: int) -> bool:
        state = self._states.get(key)
        if state is None:
            return False
        ticket = decode(state)
        if ticket.facts or ticket.last_event // DAY >= oldest_day:
            return False
        line = timeline_of(ticket, self._rules.skew)
        return line is None or not line.is_open or bool(ticket.verdict and ticket.verdict[3])


class Tickets:
    """All partitions that this worker owns: what the rim opens, feeds and drops, and the snapshot looks at."""

    def __init__(self, rules: Rules, admission: Admission, observe: Observer | None = None) -> None:
        self.rules = rules
        self.vocabulary = Vocabulary()
        self.partitions: dict[int, TicketPartition] = {}
        self._admission = admission
        self._observe = observe

    def open(self, partition: int) -> TicketPartition:
        """A new, empty state for a partition that was just assigned."""
        opened = TicketPartition(self.rules, self.vocabulary, self._admission, self._observe)
        self.partitions[partition] = opened
        return opened

    def drop(self, partition: int) -> None:
        """Forget a partition: its tickets, panes and live sets are gone with it."""
        self.partitions.pop(partition, None)

    @property
    def newest_event(self) -> int | None:
        """The latest instant of any event applied: a snapshot as of an earlier one would be wrong."""
        return max((p.newest_event for p in self.partitions.values() if p.newest_event is not None), default=None)

    def snapshot(self, now: int, ready: Collection[int], total: int) -> dict[str, Any]:
        """The snapshot as of ``now``; ``ready`` are the partitions whose topics are read to the end."""
        parts = [Part(p.floor, number in ready, p.history_since) for number, p in sorted(self.partitions.items())]
        behind = sum(not part.is_ready for part in parts)
        return snapshot(parts, self.rules, self.vocabulary, now, catching_up=behind, total=total)
