"""The whole snapshot from the events, by plain loops: the numbers that the product has to come out with.

What the texts leave open, and how it is read here:

 1. Events with equal content are one. Events that share time, source and id but differ are ordered by type; of two
    values of one attribute the greater by code point is the later, of two scores the greater.
 2. A ticket's `origin` is that of its creation, the earliest `created`; a later `created` gives attributes only.
 3. An `updated` long before the creation still gives attributes: those are neither clock nor count.
 4. Discards and restores hold at any instant, and for orphans too: the answers of a discarded orphan do not count.
 5. "Later than" (a message than a reply, a resolve, the creation) compares the clamped instants.
 6. `without_policy` counts open tickets. A policy without a target for a clock gives no such clock, and still matches.
 7. `first_response_cohort` holds no ticket of `origin: agent`, and does hold those created before `live_since`;
    its `waiting` are the tickets awaiting a first response, paused or not.
 8. `complete` is false where `history_since` lies in the window by the window's own rule, and where nothing is known.
 9. "Today" begins at the last minute at which the local date turned; a midnight that a zone repeats is the first one.
10. A ticket with more than 256 escalations was first escalated at the earliest that is kept.
11. Aliases are applied once, to the queues of tickets and answers, not to the names in `match` and `labels.queues`.
12. The next-response clock does not pause. A live clock's due instant is that of the policy at `now`.
13. A live breach of `in_sla_ratio_now` is one of the live set: none of a ticket created before `live_since`.
14. An answer takes its ticket's queue also where the answer came before the creation.
15. `as_of` is by default the latest instant of any event, `history_since` the earliest at or before `as_of`:
    orphans, surveys, facts and what came too long before its creation included.
16. `first_resolution` is not retracted by a reopen.
17. Student's bounds of `ces` are not clipped to its scale.
18. A queue is shown where it holds a ticket's latest queue, a counted answer or a survey sent, however old.
19. `first_response_business` is null where no policy of the configuration names a calendar. Else its durations are the
    open hours from creation to reply of the replies whose policy, as of the reply, names one (with or without a target
    for the first response, and before `live_since` too); its verdicts and ratios are those of `first_response`.
20. Before the `from` of its first version a calendar is closed. A date of `holidays` has its own hours, or none, also
    where it is a public holiday or its weekday is closed.
21. A clock whose due instant never comes is neither breaching nor breached.
22. A clock that has run for its target at the very end of an open time was due then, not at the next opening.
23. A clock is late for `retargeted_late` and `discarded_late` by what happened before the change, and by the policy
    before it; of the discard, by the policy as of it. Only the first response and the resolution are counted, none of a
    ticket created before `live_since`, and a queue is shown too where only such a discarded ticket is in it.
24. A ticket is a complaint while its latest `kind` is exactly `complaint`. `complaints.resolved` counts the changes to
    resolved of complaints.
25. A conversion is one of the interaction where it lies at or after the first reply (without one, the creation) and at
    most `within` later. The first reply of a ticket of `origin: agent` is one here.
26. `messages_unanswered`: tickets resolved now, stamped by the last change to resolved, with a customer's message later
    than the last public human reply (or, for `origin: agent` without one, the creation) and before that change. A reply
    after the change answers the message. Tickets that are `closed_unanswered` are not among them.
27. `normal` is as of the last whole hour of UTC, `until`, but for `open.now`: spans of whole hours that end there, for
    windows of whole hours up to 7 days; open just before that instant. A week is 168 hours, also over a clock change.
    A number is null where the history, for `open` also `live_since`, does not begin before the hour it needs first, or
    where that hour does not lie after `as_of` + `future` - retention. Attributes and discards are those of now.
28. `resolved_now`: tickets resolved now whose last change to resolved lies in an hour as whole as that.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.oracle import voice
from tests.oracle.attainment import judged
from tests.oracle.clocks import (
    LiveClock,
    first_response_in_open_hours,
    first_response_met,
    is_live,
    live_clocks,
    policy_of,
    resolution_met,
)
from tests.oracle.configuration import DEFAULT, OracleConfiguration
from tests.oracle.durations import cohort, summary
from tests.oracle.instants import text_of
from tests.oracle.late_changes import discarded_late, retargeted_late
from tests.oracle.normal import normal, resolved_now
from tests.oracle.outcomes import outcomes
from tests.oracle.quality import data_quality
from tests.oracle.surveys import Answer, answers_of
from tests.oracle.tickets import Happening, Ticket, distinct, is_discarded, ticket_of
from tests.oracle.windows import Window, windows_of

CLOCKS = ("first_response", "next_response", "resolution")


@dataclass(frozen=True)
class Judged:
    """A ticket with the verdicts on its clocks as of now."""

    ticket: Ticket
    is_live: bool
    has_policy: bool
    first_response_met: bool | None
    first_response_in_open_hours: int | None
    resolution_met: bool | None
    clocks: Mapping[str, LiveClock]
    retargeted_late: Sequence[int]


@dataclass
class Members:
    """What one scope is made of."""

    in_open_hours: bool  # whether any policy names a calendar
    tickets: list[Judged] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    sent: list[voice.SentSurvey] = field(default_factory=list)
    discarded_late: list[int] = field(default_factory=list)


def snapshot(
    events: Iterable[Mapping[str, Any]],
    at: int | None = None,
    configuration: OracleConfiguration = DEFAULT,
    windows: Sequence[Window] | None = None,
) -> dict[str, Any]:
    """The snapshot as of `at` (default: the latest event), leaving out every later event; no `partitions`.

    ValueError where there is neither an event nor an `at`.
    """
    subjects = distinct(events, at)
    instants = [happening.at for happenings in subjects.values() for happening in happenings]
    if at is None and not instants:
        raise ValueError("no event, and no instant asked for")
    now = max(instants) if at is None else at
    since = min(instants, default=None)
    scopes = _scopes(subjects, now, configuration)
    windows = windows_of(now, configuration) if windows is None else windows
    shown = {name: _scope(members, now, windows, since, configuration) for name, members in scopes.items()}
    return {
        "as_of": text_of(now),
        "history_since": None if since is None else text_of(since),
        "data_quality": data_quality(subjects, configuration),
        "all": shown.pop(None),
        "queues": shown,
    }


def _scopes(
    subjects: Mapping[str, list[Happening]], now: int, configuration: OracleConfiguration
) -> dict[str | None, Members]:
    """Everything that counts, once under None and once under its queue."""
    scopes: dict[str | None, Members] = defaultdict(lambda: Members(configuration.names_a_calendar))
    everything = scopes[None]
    for happenings in subjects.values():
        ticket = ticket_of(happenings, configuration)
        if is_discarded(happenings):
            if ticket is not None and (late := discarded_late(happenings, configuration)):
                everything.discarded_late += late
                scopes[configuration.shown_queue(ticket.value("queue", now))].discarded_late += late
            continue
        if ticket is not None:
            judgement = _judge(ticket, happenings, now, configuration)
            everything.tickets.append(judgement)
            scopes[configuration.shown_queue(ticket.value("queue", now))].tickets.append(judgement)
        for answer in answers_of(happenings):
            queue = answer.queue if ticket is None else ticket.value("queue", now)
            everything.answers.append(answer)
            scopes[configuration.shown_queue(queue)].answers.append(answer)
        for sent in voice.sent_of(happenings):
            queue = sent.queue if ticket is None else ticket.value("queue", now)
            everything.sent.append(sent)
            scopes[configuration.shown_queue(queue)].sent.append(sent)
    return scopes


def _judge(ticket: Ticket, happenings: Sequence[Happening], now: int, configuration: OracleConfiguration) -> Judged:
    return Judged(
        ticket=ticket,
        is_live=is_live(ticket, configuration),
        has_policy=policy_of(ticket, now, configuration) is not None,
        first_response_met=first_response_met(ticket, configuration),
        first_response_in_open_hours=first_response_in_open_hours(ticket, configuration),
        resolution_met=resolution_met(ticket, configuration),
        clocks=live_clocks(ticket, now, configuration),
        retargeted_late=retargeted_late(ticket, happenings, configuration),
    )


def _scope(
    members: Members, now: int, windows: Sequence[Window], since: int | None, configuration: OracleConfiguration
) -> dict[str, Any]:
    opened = [judgement for judgement in members.tickets if judgement.is_live and judgement.ticket.is_open]
    by_priority: dict[str, list[Judged]] = defaultdict(list)
    for judgement in opened:
        by_priority[configuration.shown_priority(judgement.ticket.value("priority", now))].append(judgement)
    return {
        **_standing(opened, now),
        "resolved_now": resolved_now(members.tickets, now, configuration),
        "normal": normal(members.tickets, now, since, configuration),
        "priorities": {name: _standing(some, now) for name, some in by_priority.items()},
        "windows": {
            window.name: _window(members, now, window, since, configuration)
            | outcomes([j.ticket for j in members.tickets], now, window, configuration)
            | voice.window_numbers(members.answers, members.sent, window, now, since, configuration)
            for window in windows
        },
    }


def _standing(opened: Sequence[Judged], now: int) -> dict[str, Any]:
    waiting = [judgement.ticket.creation for judgement in opened if judgement.ticket.is_waiting]
    awaited = [t for t in (judgement.ticket.awaiting_reply_since for judgement in opened) if t is not None]
    return {
        "open": len(opened),
        "awaiting_first_response": len(waiting),
        "awaiting_reply": len(awaited),
        "paused": sum(1 for judgement in opened if judgement.ticket.is_paused),
        "escalated_open": sum(1 for judgement in opened if judgement.ticket.first_escalation is not None),
        "without_policy": sum(1 for judgement in opened if not judgement.has_policy),
        "oldest_awaiting_first_response_at": _earliest(waiting),
        "oldest_awaiting_reply_at": _earliest(awaited),
        "sla": {name: _sla([j.clocks[name] for j in opened if name in j.clocks], now) for name in CLOCKS},
    }


def _earliest(instants: Iterable[int]) -> str | None:
    known = list(instants)
    return text_of(min(known)) if known else None


def _sla(clocks: Sequence[LiveClock], now: int) -> dict[str, Any]:
    dues = [(clock.due, clock.is_breaching) for clock in clocks if clock.due is not None]
    return {
        "live_breaches": sum(1 for clock in clocks if clock.is_breaching),
        "at_risk": sum(1 for clock in clocks if clock.is_at_risk),
        "next_due_at": _earliest(due for due, _ in dues if due > now),
        "most_overdue_due_at": _earliest(due for due, is_breaching in dues if is_breaching),
        "overdue_ratio": max((c.overdue_ratio for c in clocks if c.overdue_ratio is not None), default=None),
    }


def _window(
    members: Members, now: int, window: Window, since: int | None, configuration: OracleConfiguration
) -> dict[str, Any]:
    tickets = [judgement.ticket for judgement in members.tickets]
    changes = [change for ticket in tickets for at, change in ticket.changes if window.holds(at)]
    replied = [j for j in members.tickets if not j.ticket.from_agent and window.holds(j.ticket.first_reply)]
    resolved = [j for j in members.tickets if not j.ticket.is_open and window.holds(j.ticket.resolves[-1])]
    first_resolved = [ticket for ticket in tickets if ticket.resolves and window.holds(ticket.resolves[0])]
    first_response = judged(
        [_reply_time(judgement.ticket) for judgement in replied],
        [judgement.first_response_met for judgement in replied],
        _late_now(members.tickets, "first_response", window),
        configuration,
    )
    open_hours = [j.first_response_in_open_hours for j in replied if j.first_response_in_open_hours is not None]
    return {
        "complete": since is not None and not window.holds(since),
        "created": sum(1 for ticket in tickets if window.holds(ticket.creation)),
        "replied": len(replied),
        "resolved": changes.count("resolved"),
        "reopened": changes.count("reopened"),
        "escalated": sum(1 for ticket in tickets if window.holds(ticket.first_escalation)),
        "closed_unanswered": sum(1 for j in resolved if not j.ticket.from_agent and j.ticket.first_reply is None),
        "retargeted_late": sum(window.holds(at) for j in members.tickets for at in j.retargeted_late),
        "discarded_late": sum(window.holds(at) for at in members.discarded_late),
        "first_response": first_response,
        "first_response_business": first_response | summary(open_hours, configuration)
        if members.in_open_hours
        else None,
        "first_resolution": summary([ticket.resolves[0] - ticket.creation for ticket in first_resolved], configuration),
        "resolution": judged(
            [judgement.ticket.resolves[-1] - judgement.ticket.creation for judgement in resolved],
            [judgement.resolution_met for judgement in resolved],
            _late_now(members.tickets, "resolution", window),
            configuration,
        ),
        "first_response_cohort": _cohort(tickets, now, window, configuration),
    }


def _reply_time(ticket: Ticket) -> int:
    assert ticket.first_reply is not None
    return ticket.first_reply - ticket.creation


def _late_now(tickets: Sequence[Judged], name: str, window: Window) -> int:
    clocks = [judgement.clocks[name] for judgement in tickets if name in judgement.clocks]
    return sum(1 for clock in clocks if clock.is_breaching and window.holds(clock.due))


def _cohort(tickets: Sequence[Ticket], now: int, window: Window, configuration: OracleConfiguration) -> dict[str, Any]:
    created = [ticket for ticket in tickets if window.holds(ticket.creation) and not ticket.from_agent]
    answers = [_reply_time(ticket) for ticket in created if ticket.first_reply is not None]
    waiting = [now - ticket.creation for ticket in created if ticket.is_waiting]
    closed = [t.resolves[-1] - t.creation for t in created if t.first_reply is None and not t.is_open]
    return cohort(answers, waiting + closed, len(waiting), configuration)
