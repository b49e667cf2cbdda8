"""A simulated month and what every KPI of a window comes to: docs/example-month.md, renewed as the golden text is."""

import os
from pathlib import Path

from intake.simulator.desk import DeskOptions, simulate
from metrics.calendar_periods import By, history_rules, periods, report
from metrics.catalogue_page import render_values
from metrics.components import Part
from metrics.instants import DAY, LATEST, parse_instant
from metrics.policies import Rules
from stream.records import Records
from stream.tickets import Admission, Tickets

PAGE = Path(__file__).parents[2] / "docs/example-month.md"
START = parse_instant("2026-03-01T00:00:00Z")
DESK = DeskOptions(start=START, duration=31 * DAY, seed=11, tickets_per_day=120.0)


def month() -> str:
    tickets = Tickets(history_rules(Rules()), Admission(refuse_future=False, drop_old=False))
    opened = tickets.open(0)
    sent = list(simulate(DESK))
    for begin in range(0, len(sent), 1_000):
        part = sent[begin : begin + 1_000]
        places = list(range(len(part)))
        keys: list[bytes | None] = [one.key.encode() for one in part]
        values: list[bytes | None] = [one.encode() for one in part]
        assert not opened.apply(Records("log", 0, places, places, keys, values), LATEST).refused
    now = START + 31 * DAY
    parts = [Part(opened.floor, is_ready=True, history_since=opened.history_since)]
    (window,) = report(parts, tickets.rules, tickets.vocabulary, now, periods(By.MONTH, START, now - 1, "UTC"))
    return render_values(window)


def test_every_kpi_of_a_simulated_month_comes_to_what_the_page_says() -> None:
    made = month()
    if os.environ.get("DESKPULSE_TEST_RENEW_GOLDEN"):
        PAGE.write_text(made, encoding="utf-8")
    assert made.splitlines() == PAGE.read_text(encoding="utf-8").splitlines()
