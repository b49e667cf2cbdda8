"""Business facts of the simulated floor: hours, wages and customers each day, people, customers and money each month.

What others reached comes from two: a sister floor tells each day by the same definitions, a trade association each
month, and one of its figures by another definition, so that the comparison is refused.

The month before the opening is reported at the opening, so that a short history has figures too. A month's figures
begin where the last one's ended; some are reported again later with a correction.
"""

from __future__ import annotations

from datetime import date, timedelta
from math import fsum
from typing import Final

from intake.simulator.agenda import Agenda
from intake.simulator.dice import Dice
from intake.simulator.local_time import LocalTime
from intake.simulator.post import Post, System
from metrics.instants import DAY, HOUR, MINUTE

_WAGE_PER_HOUR: Final = 31.0
_HOURS_PER_MONTH: Final = 140.0  # of one agent, for the month before the opening
_OVERHEAD_PLANNED: Final = 1.2  # what a day's wages are taken times; a month has what was booked
_CSAT: Final = "top-2-box of 1-5"
_NPS: Final = "promoters 9-10, detractors 0-6 of 0-10"
_FIRST_RESPONSE: Final = "median, creation to first human reply, calendar time"
_OF_THE_TRADE: Final = (
    ("benchmark.csat_satisfied", 0.82, "", _CSAT),
    ("benchmark.nps", 31.0, "", _NPS),
    ("benchmark.first_response_p50", 42.0, "min", "median, creation to first reply of any kind, office hours"),
)
#: The sister floor's first response where a floor works at its ordinary pace.
_SISTER_RESPONSE_SECONDS: Final = 700.0


class Books:
    """Keeps what the facts are made of. ``hours`` are per queue; a fact without a queue is the whole floor's."""

    def __init__(
        self,
        *,
        agenda: Agenda,
        post: Post,
        dice: Dice,
        local_time: LocalTime,
        queues: tuple[str, ...],
        agents: int,
        customers: int,
        pace: float,
    ) -> None:
        self._agenda = agenda
        self._post = post
        self._dice = dice
        self._local_time = local_time
        self._queues = queues
        self._agents = agents
        self._customers = customers
        self._pace = pace
        self._staffed_today = [0] * len(queues)
        self._hours_of_month = agents * _HOURS_PER_MONTH

    def open(self, now: int, day: date) -> None:
        """Report the month before ``day``, on which the floor opens."""
        self._agenda.note(now + MINUTE, self._report_month, day.replace(day=1) - timedelta(days=1))

    def staffed(self, queue: int, nanoseconds: int) -> None:
        """An agent of the queue is there for so long today."""
        self._staffed_today[queue] += nanoseconds

    def close_day(self, now: int, day: date) -> None:
        """Note the reports on the local ``day``, which ends ``now``, and on its month where that ends too."""
        hours = [round(staffed / HOUR, 2) for staffed in self._staffed_today]
        self._staffed_today = [0] * len(self._queues)
        self._hours_of_month += fsum(hours)
        self._agenda.note(now + self._dice.between(5 * MINUTE, 20 * MINUTE), self._report_day, day, hours)
        if (day + timedelta(days=1)).day == 1:
            self._agenda.note(self._local_time.at(day + timedelta(days=2), 9 * 60), self._report_month, day)

    def _report_day(self, now: int, day: date, hours: list[float]) -> None:
        for queue, value in zip(self._queues, hours, strict=True):
            self._report(now, "staffed_hours", value, day, day, queue=queue, unit="h")
        self._report(now, "staffed_hours", round(fsum(hours), 2), day, day, unit="h")
        self._report(now, "cost", round(fsum(hours) * _WAGE_PER_HOUR * _OVERHEAD_PLANNED, 2), day, day, unit="EUR")
        self._report(now, "customers", self._customers, day, day, unit="customers")
        self._report_sister(now, day)
        if self._dice.chance(0.05):
            index = self._dice.below(len(hours))
            hours[index] = round(hours[index] * 0.95, 2)
            self._agenda.note(now + DAY, self._correct_hours, day, index, hours)

    def _report_sister(self, now: int, day: date) -> None:
        draw = self._dice.uniform
        for fact, value, unit, definition in (
            ("benchmark.csat_satisfied", round(0.66 + 0.1 * draw(), 3), "ratio", _CSAT),
            ("benchmark.nps", round(4 + 12 * draw(), 1), "points", _NPS),
            ("benchmark.first_response_p50", self._sister_response(), "s", _FIRST_RESPONSE),
        ):
            self._report(now, fact, value, day, day, unit=unit, reported_by="sister floor", definition=definition)

    def _sister_response(self) -> float:
        return round(_SISTER_RESPONSE_SECONDS * self._pace * (0.8 + 0.4 * self._dice.uniform()), 1)

    def _correct_hours(self, now: int, day: date, index: int, hours: list[float]) -> None:
        self._report(now, "staffed_hours", hours[index], day, day, queue=self._queues[index], unit="h")
        self._report(now, "staffed_hours", round(fsum(hours), 2), day, day, unit="h")

    def _report_month(self, now: int, last: date) -> None:
        first = last.replace(day=1)
        for fact, value, unit in (*self._customer_facts(), *self._people_facts(), *self._money_facts()):
            self._report(now, fact, value, first, last, unit=unit)
        for fact, value, unit, definition in _OF_THE_TRADE:
            self._report(
                now, fact, value, first, last, unit=unit, reported_by="trade association", definition=definition
            )

    def _customer_facts(self) -> list[tuple[str, float, str]]:
        start = self._customers
        new, left = (int(start * (rate + 0.01 * self._dice.uniform())) for rate in (0.025, 0.018))
        self._customers = start + new - left
        return [
            ("customers_start", start, "customers"),
            ("customers_new", new, "customers"),
            ("customers_end", self._customers, "customers"),
            ("customers", self._customers, "customers"),
        ]

    def _people_facts(self) -> list[tuple[str, float, str]]:
        """Who leaves is replaced within the month: the crew of the shifts stays as large."""
        separations = sum(self._dice.chance(0.02) for _ in range(self._agents))
        return [
            ("employees_start", self._agents, "people"),
            ("employees_end", self._agents, "people"),
            ("separations", separations, "people"),
            ("stayed", self._agents - separations, "people"),
        ]

    def _money_facts(self) -> list[tuple[str, float, str]]:
        cost = round(self._hours_of_month * _WAGE_PER_HOUR * (1.15 + 0.1 * self._dice.uniform()), 2)
        self._hours_of_month = 0.0
        return [
            ("cost", cost, "EUR"),
            ("inflow", round(cost * (2.6 + self._dice.uniform()), 2), "EUR"),
            ("outflow", round(cost * (2.3 + self._dice.uniform()), 2), "EUR"),
        ]

    def _report(
        self,
        now: int,
        fact: str,
        value: float,
        first: date,
        last: date,
        *,
        queue: str | None = None,
        unit: str | None = None,
        reported_by: str = "back office",
        definition: str | None = None,
    ) -> None:
        data = {
            "fact": fact,
            "value": value,
            "period": {"start": first.isoformat(), "end": last.isoformat()},
            "queue": queue,
            "unit": unit or None,
            "reported_by": reported_by,
            "definition": definition,
        }
        data = {name: given for name, given in data.items() if given is not None}
        self._post.send(now, "business.reported", f"fact:{fact}:{queue or 'all'}:{first}", data, System.BOOKS)
