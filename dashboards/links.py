"""Where panels lead: to the tickets behind a number, to the panel with the details, to an alert's runbook entry."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from alerting.panels import SEEN, Seen
from alerting.settings import Settings
from dashboards.panel import Link, Shape

#: Labels as Grafana gives them, by what it shows: of series, and of the row of a table.
_LABEL: Final = "${{__field.labels.{label}:percentencode}}"
_CELL: Final = "${{__data.fields.{label}:percentencode}}"


def tickets_of_series(
    settings: Settings,
    state: str,
    *,
    by: tuple[str, ...] = ("queue",),
    shape: Shape = Shape.LINES,
    sla: str | None = None,
) -> tuple[Link, ...]:
    """The list of tickets in this state, of the labels of the series that is clicked."""
    given = urlencode({"state": state} if sla is None else {"state": state, "sla": sla})
    labels = "".join(f"&{label}={(_CELL if shape is Shape.TABLE else _LABEL).format(label=label)}" for label in by)
    return (Link("The tickets", f"{settings.base_url}{_list(settings)}?{given}{labels}", is_of_series=True),)


def _list(settings: Settings) -> str:
    """A page of the board where the address is a board's, else the worker's list as it answers."""
    return "/tickets" if settings.board.is_merging else "/api/tickets"


def panel(seen: Seen, title: str) -> Link:
    """A panel of another dashboard, with the variables and the time range of this one."""
    return Link(title, f"/d/{seen.dashboard}?viewPanel={seen.id}&${{queue:queryparam}}&${{__url_time_range}}")


def alerts_of(seen: Seen) -> tuple[str, ...]:
    """The alerts that lead to a panel."""
    return tuple(alert for alert, place in SEEN.items() if place == seen)


def runbook(alert: str, settings: Settings) -> str:
    """An alert's entry of the runbook."""
    return f"{settings.runbook_url}#{alert.lower()}"


def runbooks(seen: Seen, settings: Settings, present: frozenset[str]) -> tuple[Link, ...]:
    """The entries of the alerts that lead to a panel and are there; none where the runbook has no address."""
    if not settings.runbook_url.startswith(("http://", "https://")):
        return ()
    found = (alert for alert in alerts_of(seen) if alert in present)
    return tuple(Link(f"Runbook: {alert}", runbook(alert, settings)) for alert in found)
