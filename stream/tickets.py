"""The tickets of this worker's partitions: bytes in, changed states and refusals out, numbers kept beside them.

The pure core behind the interface of ``stream.records``: no Kafka, no clock, no sleeping. States are kept
encoded; a touched ticket is decoded once a batch, and its contribution replaced by difference.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec

from metrics.contribution import NOTHING, Contribution
from metrics.floor import Observer, PartitionFloor
from metrics.instants import DAY, EARLIEST, LATEST
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

#: Tickets that a process keeps decoded beside their state: so many, and at most as many again.
HOT_MAX: Final = 4_096

#: The key under which a partition's earliest and latest event time are kept; no subject begins with NUL.
HISTORY_KEY: Final = b"\x00history"


class Admission(msgspec.Struct, frozen=True):
    """Which events are let in beyond being well-formed. Replay lets in all of them."""

    refuse_future: bool = True
    drop_old: bool = True
    not_after: int | None = None  # leave out what is later than this instant, without a word


class _Hot(msgspec.Struct):
    """A ticket decoded, and what it contributes as the numbers stand."""

    ticket: Ticket
    contribution: Contribution
    day: int | None = None  # under which it waits to expire, where that is known


#: One admitted event: its place in the batch, the event, its instant.
Admitted = tuple[int, Event, int]


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
        #: The latest touched, decoded, in two generations: the older one is forgotten whole.
        self.hot_max = HOT_MAX
        self._hot: dict[bytes, _Hot] = {}
        self._warm: dict[bytes, _Hot] = {}
        #: Day of the last event -> keys that may expire then; a key may wait under an earlier day, or twice, in vain.
        self._by_day: dict[int, list[bytes]] = {}
        self._expired_upto = EARLIEST  # the first day that was not looked at yet

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
        history = self.history_since, self.newest_event
        changed = []
        # Ticket by ticket: what one ticket needs stays in the processor's cache, and each is settled once a batch.
        for key, events in self._admit(records, now, refused).items():
            state = self._join(key, events, now, refused)
            if state:
                changed.append((key, state))
        if (self.history_since, self.newest_event) != history:
            changed.append((HISTORY_KEY, f"{self.history_since} {self.newest_event}".encode()))
        return Applied(changed, refused)

    def _admit(self, records: Records, now: int, refused: list[Refused]) -> dict[bytes, list[Admitted]]:
        """The events to apply, by key; the others are refused, or left out by rule."""
        admission, states = self._admission, self._states
        latest = now + self._rules.future if admission.refuse_future else LATEST
        not_after = LATEST if admission.not_after is None else admission.not_after
        oldest = now - self._rules.retention if admission.drop_old else EARLIEST
        found: dict[bytes, list[Admitted]] = {}
        for index, (key, value) in enumerate(zip(records.keys, records.values, strict=True)):
            decoded = decode_event(value)
            if isinstance(decoded, Refusal):
                refused.append(Refused(index, decoded.reason, decoded.detail))
                continue
            event, instant = decoded
            subject = event.subject.encode()
            if key != subject or subject[0] == 0 or instant > latest:
                refused.append(_refused(index, key, event))
            elif instant > not_after:
                continue
            elif (events := found.get(subject)) is not None:
                events.append((index, event, instant))
            elif instant < oldest and subject not in states:
                self.too_old += 1
            else:
                found[subject] = [(index, event, instant)]
        if found:
            instants = [instant for events in found.values() for _, _, instant in events]
            self.history_since = min(instants) if self.history_since is None else min(self.history_since, *instants)
            self.newest_event = max(instants) if self.newest_event is None else max(self.newest_event, *instants)
        return found

    def _join(self, key: bytes, events: list[Admitted], now: int, refused: list[Refused]) -> bytes:
        """Join a batch's events into their ticket; returns its new state, empty where nothing changed."""
        entry = self._load(key)
        ticket, changed = entry.ticket, UNCHANGED
        for _index, event, instant in events:
            change = ticket.apply(event, instant)
            if change > changed:
                changed = change
            elif not change:
                self.duplicates += 1
        if not changed:
            self._keep_hot(key, entry)
            return b""
        state = encode(ticket)
        if len(state) > STATE_BYTES_MAX:
            ticket = entry.ticket = self._without_excess(key, events, now, refused)
            state = encode(ticket)
            if ticket == Ticket():
                return b""
        self._keep_hot(key, entry)
        self._states[key] = state
        day = ticket.last_event // DAY
        if day != entry.day:
            entry.day = day
            self._by_day.setdefault(day, []).append(key)
        if changed == COUNTS:
            after = contribution_of(ticket, self._rules, self._vocabulary)
            self.floor.replace(entry.contribution, after, self._observe)
            entry.contribution = after
        return state

    def _load(self, key: bytes) -> _Hot:
        """The ticket of ``key``, no longer hot."""
        hot = self._hot.pop(key, None) or self._warm.pop(key, None)
        if hot is not None:
            return hot
        state = self._states.get(key)
        if state is None:
            return _Hot(Ticket(), NOTHING)
        ticket = decode(state)
        day = ticket.last_event // DAY
        contribution = contribution_of(ticket, self._rules, self._vocabulary)
        return _Hot(ticket, contribution, day if day >= self._expired_upto else None)

    def _keep_hot(self, key: bytes, entry: _Hot) -> None:
        """What was touched now is likely to be touched again soon."""
        self._hot[key] = entry
        if len(self._hot) > self.hot_max:
            self._hot, self._warm = {}, self._hot

    def _without_excess(self, key: bytes, events: list[Admitted], now: int, refused: list[Refused]) -> Ticket:
        """Apply the events to one ticket again, one by one, refusing those that would make it too large."""
        ticket, is_known = self._load(key).ticket, key in self._states
        oldest = now - self._rules.retention if self._admission.drop_old else EARLIEST
        for index, event, instant in events:
            if instant < oldest and not is_known:
                self.too_old += 1
                continue
            trial = decode(encode(ticket))
            trial.apply(event, instant)
            if len(encode(trial)) > STATE_BYTES_MAX:
                detail = f"the state of {key!r} would be larger than {STATE_BYTES_MAX:,} bytes"
                refused.append(Refused(index, Reason.TOO_LARGE, detail))
            else:
                ticket, is_known = trial, True
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
        before = self._load(key).contribution if key in self._states else NOTHING
        after = NOTHING
        if state is None:
            self._states.pop(key, None)
        else:
            ticket = decode(state)
            self._states[key] = state
            self._by_day.setdefault(ticket.last_event // DAY, []).append(key)
            after = contribution_of(ticket, self._rules, self._vocabulary)
        self.floor.replace(before, after)

    # --------------------------------------------------------------------------------------------- retention

    def expire(self, now: int) -> list[bytes]:
        """Drop what is beyond its retention; returns the keys, each of which needs a tombstone.

        Open tickets are always kept, so are facts; what was reopened since comes up again at its new last event.
        """
        oldest_day = (now - self._rules.retention) // DAY
        self._expired_upto = max(self._expired_upto, oldest_day)
        self.floor.tidy()
        dropped: list[bytes] = []
        for day in [day for day in self._by_day if day < oldest_day]:
            for key in self._by_day.pop(day):
                if self._has_expired(key, oldest_day):
                    self._restore(key, None)
                    dropped.append(key)
                elif (entry := self._hot.get(key) or self._warm.get(key)) is not None:
                    entry.day = None  # it no longer waits under that day
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


def _refused(index: int, key: bytes | None, event: Event) -> Refused:
    subject = event.subject
    if subject[0] == "\0":
        return Refused(index, Reason.BAD_FIELD, f"the subject {subject!r} begins with NUL")
    if key != subject.encode():
        return Refused(index, Reason.KEY, f"the record's key {key!r} is not the subject {subject!r}")
    return Refused(index, Reason.FUTURE, f"{event.time} is more than the tolerance ahead of the clock")


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
        self._share()
        return opened

    def drop(self, partition: int) -> None:
        """Forget a partition: its tickets, panes and live sets are gone with it."""
        self.partitions.pop(partition, None)
        self._share()

    def _share(self) -> None:
        for opened in self.partitions.values():
            opened.hot_max = HOT_MAX // len(self.partitions)

    @property
    def newest_event(self) -> int | None:
        """The latest instant of any event applied: a snapshot as of an earlier one would be wrong."""
        return max((p.newest_event for p in self.partitions.values() if p.newest_event is not None), default=None)

    def snapshot(self, now: int, ready: Collection[int], total: int) -> dict[str, Any]:
        """The snapshot as of ``now``; ``ready`` are the partitions whose topics are read to the end."""
        parts = [Part(p.floor, number in ready, p.history_since) for number, p in sorted(self.partitions.items())]
        behind = sum(not part.is_ready for part in parts)
        return snapshot(parts, self.rules, self.vocabulary, now, catching_up=behind, total=total)
