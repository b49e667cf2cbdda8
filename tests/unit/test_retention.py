"""What is dropped, what is kept, and what is refused: retention, late duplicates, history, and the limit of a state."""

from typing import Any

import pytest

from metrics.policies import Rules
from stream.encoding import encode
from stream.records import Reason
from stream.ticket import Ticket
from stream.tickets import HISTORY_KEY, STATE_BYTES_MAX, Admission, TicketPartition, Tickets
from tests.happenings import Happening, created, feed, happening, joined, snapshot_of
from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant, text_of

START = instant("2026-01-10T06:00:00Z")
RETENTION = 62 * DAY
MUCH_LATER = START + RETENTION + 10 * DAY


def floor(*, admission: Admission | None = None) -> tuple[Tickets, TicketPartition]:
    tickets = Tickets(Rules(), admission or Admission())
    return tickets, tickets.open(0)


def settled(subject: str, at: int = START) -> list[Happening]:
    reply = happening("ticket.replied", at + MINUTE, subject, agent="sara")
    return [created(at, subject), reply, happening("ticket.resolved", at + HOUR, subject)]


def subjects(dropped: list[bytes]) -> list[str]:
    return sorted(key.decode() for key in dropped)


def fact(at: int) -> Happening:
    period = {"start": "2025-12-01", "end": "2025-12-31"}
    subject = "fact:customers:all:2025-12-01"
    return happening("business.reported", at, subject, fact="customers", value=7, period=period)


def test_settled_tickets_beyond_the_retention_are_dropped_with_their_keys_and_open_ones_and_facts_are_kept() -> None:
    _, partition = floor()
    log = [*settled("settled"), created(START, "open"), fact(START), *settled("new", START + 20 * DAY)]
    log.append(happening("survey.answered", START, "survey:old", survey="csat", score=5))
    log.append(happening("ticket.escalated", START, "orphan"))
    log += [created(START, "spam"), happening("ticket.discarded", START, "spam", reason="spam")]
    feed(partition, *log, now=START + 20 * DAY + HOUR)
    assert partition.expire(START + RETENTION - DAY) == []
    assert subjects(partition.expire(MUCH_LATER)) == ["orphan", "settled", "spam", "survey:old"]
    assert [partition.ticket(subject) is None for subject in ("settled", "open", "new")] == [True, False, False]
    assert partition.ticket("fact:customers:all:2025-12-01") is not None
    assert partition.expire(MUCH_LATER) == []


@pytest.mark.parametrize(("before_the_edge", "dropped"), [(SECOND, ["T"]), (0, []), (-SECOND, [])])
def test_retention_goes_by_whole_days_of_the_last_event_so_nothing_is_dropped_too_early(
    before_the_edge: int, dropped: list[str]
) -> None:
    _, partition = floor()
    midnight = START // DAY * DAY + DAY
    log = [created(midnight - 3 * HOUR, "T"), happening("ticket.resolved", midnight - before_the_edge, "T")]
    feed(partition, *log, now=midnight + DAY)
    assert subjects(partition.expire(midnight + RETENTION)) == dropped
    assert subjects(partition.expire(midnight + RETENTION + DAY)) + dropped == ["T"]


def test_a_ticket_reopened_since_is_kept_and_expires_by_its_new_last_event() -> None:
    _, partition = floor()
    feed(partition, *settled("T"), now=START + DAY)
    feed(partition, happening("ticket.reopened", START + 50 * DAY, "T"), now=START + 50 * DAY)
    assert partition.expire(MUCH_LATER) == []
    feed(partition, happening("ticket.resolved", MUCH_LATER, "T"), now=MUCH_LATER)
    assert partition.expire(MUCH_LATER + RETENTION - DAY) == []
    assert subjects(partition.expire(MUCH_LATER + RETENTION + DAY)) == ["T"]


def test_an_open_ticket_that_a_late_event_resolves_expires_at_the_next_look() -> None:
    _, partition = floor()
    feed(partition, created(START, "T"), happening("ticket.escalated", START + HOUR, "T"), now=START + HOUR)
    assert partition.expire(MUCH_LATER) == []
    feed(partition, happening("ticket.resolved", START + MINUTE, "T"), now=MUCH_LATER)
    assert subjects(partition.expire(MUCH_LATER)) == ["T"]


def test_dropping_takes_the_numbers_back_and_leaves_the_same_floor_as_never_having_seen_it() -> None:
    tickets, partition = floor()
    feed(partition, *settled("T"), created(START, "open"), now=START + DAY)
    partition.expire(MUCH_LATER)
    others, other = floor(admission=Admission(drop_old=False))
    feed(other, created(START, "open"), now=MUCH_LATER)
    assert snapshot_of(tickets, MUCH_LATER) == snapshot_of(others, MUCH_LATER)
    assert partition.floor.entries_by_queue == other.floor.entries_by_queue


def test_late_duplicates_of_a_dropped_ticket_are_left_out_and_counted() -> None:
    tickets, partition = floor()
    feed(partition, *settled("T"), now=START + DAY)
    partition.expire(MUCH_LATER)
    before = snapshot_of(tickets, MUCH_LATER)
    applied = feed(partition, *settled("T"), *settled("T"), now=MUCH_LATER)
    assert (applied.changed, applied.refused, partition.too_old) == ([], [], 6)
    assert partition.ticket("T") is None
    assert snapshot_of(tickets, MUCH_LATER) == before


def test_an_old_event_of_a_known_ticket_and_one_exactly_at_the_retention_are_let_in() -> None:
    _, partition = floor()
    feed(partition, created(START, "open"), now=START)
    feed(partition, happening("ticket.escalated", START, "open"), now=MUCH_LATER)
    feed(partition, created(MUCH_LATER - RETENTION, "edge"), now=MUCH_LATER)
    feed(partition, created(MUCH_LATER - RETENTION - 1, "beyond"), now=MUCH_LATER)
    feed(partition, created(MUCH_LATER, "mixed"), created(START, "mixed"), now=MUCH_LATER)
    assert partition.too_old == 1
    assert [partition.ticket(subject) is not None for subject in ("edge", "beyond", "mixed")] == [True, False, True]


def test_replay_drops_nothing_for_its_age() -> None:
    _, partition = floor(admission=Admission(refuse_future=False, drop_old=False))
    feed(partition, *settled("T"), now=MUCH_LATER)
    assert (partition.too_old, len(partition)) == (0, 1)


def test_the_beginning_of_history_survives_the_tickets_and_a_restart() -> None:
    tickets, partition = floor()
    applied = feed(partition, *settled("T"), created(START + DAY, "open"), now=START + DAY)
    changelog: dict[bytes, bytes | None] = dict(applied.changed)
    assert HISTORY_KEY in changelog
    changelog |= dict.fromkeys(partition.expire(MUCH_LATER))
    assert snapshot_of(tickets, MUCH_LATER)["history_since"] == text_of(START, digits=0)
    again, restored = floor()
    restored.restore(list(changelog), list(changelog.values()))
    assert (restored.history_since, len(restored)) == (START, 1)
    assert snapshot_of(again, MUCH_LATER) == snapshot_of(tickets, MUCH_LATER)


def test_the_table_keeps_the_earliest_and_the_latest_event_time_and_only_when_one_moves() -> None:
    _, partition = floor()
    feed(partition, created(START, "T"), now=START)
    earlier = feed(partition, happening("ticket.escalated", START - 1, "T"), now=START)
    assert dict(earlier.changed)[HISTORY_KEY] == f"{START - 1} {START}".encode()
    assert HISTORY_KEY not in dict(feed(partition, created(START - 1, "U"), now=START).changed)
    bot = feed(partition, happening("ticket.replied", START + 1, "T", agent="bot", author="bot"), now=START)
    assert dict(bot.changed) == {HISTORY_KEY: f"{START - 1} {START + 1}".encode()}


@pytest.mark.parametrize("subject", [HISTORY_KEY.decode(), "\x00other"])
def test_no_subject_can_take_the_place_of_what_the_partition_keeps_of_itself(subject: str) -> None:
    _, partition = floor()
    applied = feed(partition, created(START, subject), created(START, "T"), now=START)
    _, restored = floor()
    for key, value in applied.changed:  # a changelog compacted at any point
        restored.restore([key], [value])
    assert (restored.history_since, partition.ticket("T") is not None) == (START, True)


# ------------------------------------------------------------------------------------------------ the state's limit


def comment(number: int, size: int, at: int = START) -> Happening:
    given: dict[str, Any] = {"survey": "csat", "score": 5, "response": f"r{number}", "comment": "x" * size}
    return happening("survey.answered", at + number, "T", **given)


def test_the_one_record_that_makes_a_state_too_large_is_refused_and_the_rest_is_kept() -> None:
    _, partition = floor()
    log = [created(START, "T"), comment(1, 400_000), comment(2, 600_000), comment(3, 400_000), *settled("other")]
    applied = feed(partition, *log, now=START + HOUR)
    assert [(refused.index, refused.reason) for refused in applied.refused] == [(2, Reason.TOO_LARGE)]
    kept = partition.ticket("T")
    assert kept is not None
    assert [answer.response for answer in kept.answers] == ["r1", "r3"]
    assert encode(kept) == dict(applied.changed)[b"T"] == encode(joined([log[0], log[1], log[3]]))
    assert partition.ticket("other") == joined(settled("other"))


def test_a_state_of_exactly_the_limit_is_kept_and_one_byte_more_is_not() -> None:
    room = STATE_BYTES_MAX - len(encode(joined([comment(1, 100_000)]))) + 100_000
    assert len(encode(joined([comment(1, room)]))) == STATE_BYTES_MAX
    _, partition = floor()
    assert feed(partition, comment(1, room), now=START + 1).refused == []
    _, partition = floor()
    refused = feed(partition, comment(1, room + 1), now=START + 1).refused
    assert [entry.reason for entry in refused] == [Reason.TOO_LARGE]
    _, partition = floor()
    refused = feed(partition, comment(1, room), comment(2, 1), now=START + 2).refused
    assert [(entry.index, entry.reason) for entry in refused] == [(1, Reason.TOO_LARGE)]


def test_a_full_ticket_goes_on_with_small_events_batch_after_batch() -> None:
    tickets, partition = floor()
    feed(partition, created(START, "T"), comment(1, 890_000), now=START + HOUR)
    applied = feed(partition, comment(2, 20_000), happening("ticket.resolved", START + HOUR, "T"), now=START + HOUR)
    assert [refused.index for refused in applied.refused] == [0]
    assert snapshot_of(tickets, START + HOUR)["all"]["open"] == 0
    assert snapshot_of(tickets, START + HOUR)["all"]["windows"]["6h"]["csat"]["responses"] == 1


def test_a_subject_whose_only_record_is_too_large_leaves_no_entry_behind() -> None:
    _, partition = floor()
    applied = feed(partition, comment(1, 950_000), now=START + HOUR)
    assert [refused.reason for refused in applied.refused] == [Reason.TOO_LARGE]
    assert b"T" not in dict(applied.changed)
    assert partition.ticket("T") in (None, Ticket())
    assert len(partition) == 0
