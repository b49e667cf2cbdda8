"""Answers beside their tickets, over random logs: what drivers are sought in is what plain loops over events find."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from stream.answered import answered
from tests.happenings import floor_of, rules_of
from tests.logs import shuffled
from tests.oracle.configuration import OracleConfiguration, configuration_of
from tests.oracle.surveys import answers_of
from tests.oracle.tickets import distinct, is_discarded, ticket_of
from tests.properties.test_exactness import DOCUMENTS, WEEKS, Weeks, instants_of

Row = tuple[str, int, bool, int | None, int, str, str, bool]


def expected(log: list[dict[str, Any]], start: int, end: int, configuration: OracleConfiguration) -> list[Row]:
    """(subject, score, satisfied, wait, reopens, channel, queue, escalated) of each answer that counts."""
    rows: list[Row] = []
    for subject, happenings in distinct(log, None).items():
        ticket = ticket_of(happenings, configuration)
        if ticket is None or is_discarded(happenings):
            continue
        now = max(happening.at for happening in happenings)
        for one in answers_of(happenings):
            if (one.survey, one.scale) != ("csat", (1, 5)) or not start <= one.at < end:
                continue
            is_replied = not ticket.from_agent and ticket.first_reply is not None and ticket.first_reply <= one.at
            rows.append(
                (
                    subject,
                    one.score,
                    one.score in (4, 5),
                    (ticket.first_reply or 0) - ticket.creation if is_replied else None,
                    sum(1 for at, change in ticket.changes if change == "reopened" and at <= one.at),
                    ticket.value("channel", now) or "other",
                    configuration.shown_queue(ticket.value("queue", now)),
                    ticket.first_escalation is not None and ticket.first_escalation <= one.at,
                )
            )
    return sorted(rows, key=repr)


@settings(max_examples=60)
@given(WEEKS, DOCUMENTS, st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 10_000))
def test_each_answer_stands_beside_what_its_ticket_had_gone_through_by_then(
    weeks: Weeks, document: dict[str, Any], seed: int, one: int, other: int
) -> None:
    log = weeks.log
    instants = instants_of(log)
    start, end = sorted((instants[one % len(instants)], instants[other % len(instants)]))
    for first, last in ((start, end), (instants[0], instants[-1] + 1)):
        tickets = floor_of(shuffled(log, seed), rules_of(document), partitions=1 + seed % 3)
        found = answered(tickets, first, last)
        wanted = expected(log, first, last, configuration_of(document))
        rows = [
            (a.score, a.is_satisfied, a.first_response, a.reopens, a.channel, a.queue, a.is_escalated) for a in found
        ]
        assert sorted(rows, key=repr) == sorted((row[1:] for row in wanted), key=repr)
