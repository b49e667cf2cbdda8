"""From workers to walls: how old what is shown is, the mirror, the displays, and whether both sides agree."""

from __future__ import annotations

from alerting.panels import OPS, Seen
from alerting.settings import Settings
from alerting.wall import STALE_SECONDS
from dashboards.judgement import NONE_IS_CALM
from dashboards.links import panel
from dashboards.panel import Colour, Panel, Query, Role, Row, Step
from dashboards.queries import by, greatest, per_second, selected, summed
from metrics import board_names, names
from metrics.metric import Metric


def delivery(settings: Settings) -> Row:
    """What boards show."""
    return Row("Delivery", (_age(), _missing(), _written(), _displays(), _shown(), _difference(settings)))


def _age() -> Panel:
    return Panel(
        key="snapshot_age",
        title="Age of what the walls show",
        says="How old the newest snapshot of each board is. Walls turn stale after 15 seconds. Less is better.",
        act="Ask `/readyz` of the board: start Redis, or look at the workers.",
        unit="s",
        queries=(
            Query(expr=f"time() - max by (instance) ({board_names.SNAPSHOT_AT.name})", legend="{{instance}}"),
        ),
        steps=(Step(None, Colour.GOOD), Step(STALE_SECONDS, Colour.BREACH)),
        least=0,
    )  # fmt: skip


def _missing() -> Panel:
    return Panel(
        key="partitions_missing",
        title="Partitions that a board lacks",
        says="Partitions whose numbers are missing on the walls, or there in part. None is good.",
        act="Compare with the partitions that are ready: where these are all, the mirror is the trouble.",
        unit="short",
        decimals=0,
        queries=(Query(expr=f"max by (instance) ({board_names.PARTITIONS_MISSING.name})", legend="{{instance}}"),),
        steps=NONE_IS_CALM,
        least=0,
    )


def _written() -> Panel:
    return Panel(
        key="mirror",
        title="Mirror written a second",
        says="How often workers write their numbers to Redis, and how often they could not. No data without Redis.",
        act="Any that fails for minutes: look at Redis; workers never wait for it.",
        unit="cps",
        decimals=2,
        queries=(
            Query(expr=per_second(names.PUBLISHES), legend="written"),
            Query(expr=per_second(names.PUBLISH_FAILURES), legend="failed"),
        ),
        least=0,
    )


def _displays() -> Panel:
    gone = f"sum by (reason) (increase({selected(board_names.DISCONNECTS)}[$__rate_interval]))"
    return Panel(
        key="displays",
        title="Displays connected, and gone",
        says="Displays that show a wall, and those that left: closed by themselves, or slow and so dropped.",
        act="Slow ones again and again: the network of that display, or a proxy that buffers.",
        unit="short",
        decimals=0,
        queries=(
            Query(expr=f"sum({board_names.CLIENTS.name})", legend="connected"),
            Query(expr=gone, legend="{{reason}}", role=Role.SAMPLE),
        ),
        least=0,
    )


def _shown() -> Panel:
    return Panel(
        key="shown",
        title="What the walls show",
        says="Open, waiting and breached on a board that merges several workers, of the selected queues. No data of a "
        "lone worker, which exports the same itself.",
        act="Compare with the workers' own beside it.",
        unit="short",
        decimals=0,
        queries=(
            Query(expr=summed(board_names.TICKETS_OPEN), legend="open"),
            Query(expr=summed(board_names.AWAITING_FIRST_RESPONSE), legend="awaiting a first response"),
            Query(expr=summed(board_names.LIVE_BREACHES), legend="breached now, all clocks"),
        ),
        links=(panel(Seen(OPS, "open"), "The workers' own, by queue"),),
        least=0,
    )


def _difference(settings: Settings) -> Panel:
    compared = (
        (board_names.TICKETS_OPEN, names.TICKETS_OPEN, "open"),
        (board_names.AWAITING_FIRST_RESPONSE, names.AWAITING_FIRST_RESPONSE, "awaiting"),
    )
    seconds = settings.interval // 1_000_000_000
    return Panel(
        key="wall_difference",
        title="Walls against workers",
        says="By how much a board's numbers differ from the sum over the workers, by queue. A busy floor differs for "
        f"a scrape ({seconds} s), never for minutes. 0 is good.",
        act="Do all use the same Redis, configuration and release? Then restart the board.",
        unit="short",
        decimals=0,
        queries=tuple(
            Query(expr=_less(board, workers), legend=f"{{{{queue}}}}, {shown}") for board, workers, shown in compared
        ),
    )


def _less(board: Metric, workers: Metric) -> str:
    by_queue = f"sum{by('queue')}(max{by(*workers.labels)}({selected(workers, priority='')}))"
    return f"{greatest(board, 'queue')} - on (queue) ({by_queue} or 0 * {greatest(board, 'queue')})"
