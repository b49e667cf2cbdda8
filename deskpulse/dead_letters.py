"""Dead letters as values: what a record of their topic says, which are asked for, and what would become of them now.

Knows no Kafka. Whether a record would be refused again is asked of the worker's own code, with an empty table.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

import msgspec

from deskpulse.logs import address
from metrics.instants import format_instant
from metrics.policies import Rules
from stream.events import Refusal, decode
from stream.records import Records
from stream.rim.letters import REQUEUED, Back, Kept
from stream.tickets import Admission, Tickets

Place = tuple[int, int]  # partition and offset in the dead-letter topic

#: Of a payload, as much as is shown.
SHOWN_LETTERS: Final = 200
_NANOSECONDS_PER_MS: Final = 1_000_000


class DeadLetter(msgspec.Struct, frozen=True):
    """A refused record: where it stands now (``place``), where it stood, why it was refused and when (nanoseconds)."""

    place: Place
    at: int
    reason: str
    detail: str
    topic: str
    partition: int | None
    offset: int | None
    key: bytes | None
    value: bytes | None
    left_out: str | None  # why its value is not here: it was too large

    @property
    def id(self) -> str:
        """As commands name it."""
        return name_of(self.place)

    @property
    def origin(self) -> str:
        """Where it stood, for people."""
        return f"{self.topic} {_number(self.partition)}:{_number(self.offset)}"


class Note(msgspec.Struct, frozen=True):
    """That a letter was requeued, and when (nanoseconds)."""

    place: Place
    at: int


def read(kept: Kept) -> DeadLetter | Note | None:
    """What a record of the topic is; None: neither, as where somebody else wrote it."""
    at = kept.timestamp_ms * _NANOSECONDS_PER_MS
    said = {name: (value or b"").decode(errors="replace") for name, value in kept.headers.items()}
    if REQUEUED in said:
        place = place_of(said[REQUEUED])
        return None if place is None else Note(place, at)
    if "reason" not in said or "topic" not in said:
        return None
    return DeadLetter(
        (kept.partition, kept.offset), at, said["reason"], said.get("detail", ""), said["topic"],
        _integer(said.get("partition")), _integer(said.get("offset")), kept.key, kept.value, said.get("value-left-out"),
    )  # fmt: skip


def place_of(text: str) -> Place | None:
    """The place that ``PARTITION:OFFSET`` names; None where it names none."""
    partition, _, offset = text.partition(":")
    numbers = _integer(partition), _integer(offset)
    return None if None in numbers else (numbers[0] or 0, numbers[1] or 0)


def name_of(place: Place) -> str:
    """``PARTITION:OFFSET``."""
    return f"{place[0]}:{place[1]}"


def _integer(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdecimal() and len(text) < 20 else None


def _number(number: int | None) -> str:
    return "?" if number is None else str(number)


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters are asked for; what is None or empty selects nothing away."""

    reasons: Collection[str] = ()
    topics: Collection[str] = ()
    since: int | None = None
    places: Collection[Place] | None = None

    def has(self, letter: DeadLetter) -> bool:
        """Whether the letter is asked for."""
        return (
            (not self.reasons or letter.reason in self.reasons)
            and (not self.topics or letter.topic in self.topics)
            and (self.since is None or letter.at >= self.since)
            and (self.places is None or letter.place in self.places)
        )


# ------------------------------------------------------------------------------------------------------ shown


class Payload(msgspec.Struct, frozen=True):
    """A value as text, and whether it is all of it, letter by letter."""

    text: str | None
    is_exact: bool


def payload_of(letter: DeadLetter, length: int | None = SHOWN_LETTERS) -> Payload:
    """The first of the value; ``length`` None: all of it."""
    if letter.value is None:
        return Payload(None, letter.left_out is None)
    try:
        text, is_exact = letter.value.decode(), True
    except UnicodeDecodeError:
        text, is_exact = letter.value.decode(errors="replace"), False
    if length is None or len(text) <= length:
        return Payload(text, is_exact)
    return Payload(text[:length], is_exact=False)


def as_row(letter: DeadLetter, requeued_at: int | None, length: int | None) -> dict[str, Any]:
    """One line of `list --format json`."""
    payload = payload_of(letter, length)
    return {
        "id": letter.id,
        "time": format_instant(letter.at),
        "reason": letter.reason,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "key": None if letter.key is None else letter.key.decode(errors="replace"),
        "payload": payload.text,
        "is_exact": payload.is_exact,
        "requeued": None if requeued_at is None else format_instant(requeued_at),
    }


# ------------------------------------------------------------------------------------------------------ mended


class Mended(msgspec.Struct, frozen=True):
    """A mended value and the letter that it makes good."""

    place: Place
    value: bytes


class MendedProblem(msgspec.Struct, frozen=True):
    """A line of a file of mended records that cannot be used."""

    line: int
    expected: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.expected}"


class _Line(msgspec.Struct):
    id: str
    payload: str | dict[str, Any]
    is_exact: bool = True


_line: Final = msgspec.json.Decoder(_Line)


def mended(lines: Iterable[bytes]) -> Iterator[Mended | MendedProblem]:
    """Each line of JSON ``{"id": "3:17", "payload": …}`` that is not empty; a payload is an event, or its text."""
    known: dict[Place, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        found = _mended(line, number)
        if isinstance(found, Mended):
            first = known.setdefault(found.place, number)
            if first != number:
                found = MendedProblem(number, f"dead letter {name_of(found.place)} is mended in line {first} already")
        yield found


def _mended(line: bytes, number: int) -> Mended | MendedProblem:
    try:
        told = _line.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        return MendedProblem(number, f'{{"id": "3:17", "payload": …}} is expected: {error}')
    place = place_of(told.id)
    if place is None:
        return MendedProblem(number, f"id {told.id!r}: PARTITION:OFFSET is expected, as `dead-letters list` names it")
    if isinstance(told.payload, str):
        if not told.is_exact:
            return MendedProblem(
                number, "the payload is cut off or no UTF-8; `dead-letters list --whole` has all of it"
            )
        return Mended(place, told.payload.encode(errors="surrogatepass"))
    return Mended(place, json.dumps(told.payload, ensure_ascii=False, separators=(",", ":")).encode())


# ------------------------------------------------------------------------------------------------- requeued


class Held(msgspec.Struct, frozen=True):
    """A letter that is not sent, and why; ``is_done``: since it was before, and nothing is wrong."""

    letter: DeadLetter
    why: str
    is_done: bool = False

    def __str__(self) -> str:
        key = "no key" if self.letter.key is None else f"key {self.letter.key.decode(errors='replace')!r}"
        return f"{self.letter.id} ({self.letter.origin}, {key}): {self.why}"


class Judge:
    """Says of each letter what would be put back, or why it would be refused again, as a worker does at ``now``."""

    def __init__(self, rules: Rules, topics: Collection[str], now: int, *, is_forced: bool = False) -> None:
        """``topics``: those that records may go to. ``is_forced``: what would be refused is put back too."""
        self._tickets = Tickets(rules, Admission(), None)
        self._topics = topics
        self._now = now
        self._is_forced = is_forced
        self.too_old = 0  # put back, and left out by a worker that does not know the ticket

    def judged(self, letter: DeadLetter, requeued_at: int | None, mended_value: bytes | None = None) -> Back | Held:
        """The record as it is, or with the mended value: that one goes where its type belongs, under its subject."""
        if requeued_at is not None:
            return Held(letter, f"requeued already, at {format_instant(requeued_at)}", is_done=True)
        if mended_value is None and letter.left_out is not None:
            return Held(
                letter, f"its value was too large to be kept ({letter.left_out}): only a mended one can be sent"
            )
        back = _back(letter, mended_value)
        if back.topic not in self._topics:
            return Held(letter, f"its topic {back.topic!r} is none that workers read")
        refused = self._refused(back)
        if refused is not None and not self._is_forced:
            return Held(letter, f"would be refused again: {refused}")
        return back

    def _refused(self, back: Back) -> str | None:
        partition = self._tickets.open(0)
        records = Records(back.topic, 0, [0], [0], [back.key], [back.value])
        refused = partition.apply(records, self._now).refused
        self.too_old += partition.too_old
        return f"{refused[0].reason.value}: {refused[0].detail}" if refused else None


def _back(letter: DeadLetter, mended_value: bytes | None) -> Back:
    if mended_value is None:
        return Back(letter.place, letter.topic, letter.key, letter.value)
    if isinstance(decode(mended_value), Refusal):
        return Back(letter.place, letter.topic, letter.key, mended_value)
    topic, key = address(mended_value)
    return Back(letter.place, topic, key, mended_value)
