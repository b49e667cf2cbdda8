"""The wall: a board that is down, numbers that stand still, and numbers that are not those of the workers.

A board of one worker reads that worker's memory, so only a board that merges several can differ from them. What they
export is compared with what the board showed half a minute before: within a minute around that, a right number was the
workers' own at some time, however busy the floor and whichever of both was scraped first.
"""

from __future__ import annotations

from typing import Final

from alerting.promql import ALL_READY, promql
from alerting.rules import PAGE, TICKET, Alert, Concern, Omission, Recording, Rule
from alerting.settings import Settings

JOB: Final = "deskpulse-board"
DOWN: Final = "SupportBoardDown"
STALE: Final = "SupportWallSnapshotStale"
DISAGREES: Final = "SupportWallDisagreesWithPrometheus"

STALE_SECONDS: Final = 60
_LASTING: Final = "5m"

#: What is compared: its name for people, the board's metric, the workers', and what Prometheus records of these.
_COMPARED: Final = (
    ("open", "support_board_tickets_open", "support_tickets_open", "support_workers_tickets:open"),
    (
        "awaiting a first response",
        "support_board_awaiting_first_response",
        "support_tickets_awaiting_first_response",
        "support_workers_tickets:awaiting_first_response",
    ),
)


def concern(settings: Settings) -> Concern:
    """The file ``wall.yml``."""
    if settings.board.is_merging:
        return Concern(
            name="wall", title="The wall", recordings=_recordings(), alerts=(_down(), _stale(), _disagrees())
        )
    why = "no `[redis] url`: each board shows the memory of its own worker"
    return Concern(name="wall", title="The wall", alerts=(_down(), _stale()), omissions=(Omission(DISAGREES, why),))


def _recordings() -> tuple[Recording, ...]:
    return tuple(
        Recording(
            record,
            promql(
                """\
sum by (queue) (max by (queue, priority, partition) ($series))
or
0 * max by (queue) ($board)""",
                series=series,
                board=board,
            ),
            f"Tickets {name} by queue, as the workers say; 0 of a queue that the board alone has.",
        )
        for name, board, series, record in _COMPARED
    )


def _down() -> Alert:
    down = Rule(
        expr=f'up{{job="{JOB}"}} == 0',
        lasting="2m",
        severity=PAGE,
        summary="The board at {{ $labels.instance }} is not reached",
        description="Prometheus has not reached the board at {{ $labels.instance }} for two minutes. If it is down, its"
        " walls say NO DATA. Pages of breaches come from the workers, and go on.",
    )
    unwatched = Rule(
        expr=f'absent(up{{job="{JOB}"}})',
        lasting="15m",
        severity=TICKET,
        summary="Prometheus does not watch the board",
        description=f"For a quarter of an hour the job {JOB} has had no target: a board that is down, or whose numbers"
        " stand still, pages nobody.",
    )
    return Alert(
        name=DOWN,
        rules=(down, unwatched),
        means="Prometheus cannot scrape the board. Where the board itself is down, every wall reads NO DATA and the "
        "lists of tickets do not open: the floor works blind, although all is counted. As a ticket: Prometheus has no "
        "board to scrape at all.",
        look=(
            ("boards that are reached", f'up{{job="{JOB}"}}'),
            ("why not", "/targets of Prometheus"),
            ("its own state", "/healthz of the board"),
        ),
        act="Start it: `deskpulse board --config FILE` with Redis, else the worker that it is part of. Where that "
        "worker runs, its first lines on stderr say whether the board's port was taken. Walls are live again by "
        "themselves. "
        f"Where Prometheus has no target, put the job `{JOB}` of the generated `prometheus.yml` into yours.",
        wrong="The board runs and Prometheus cannot reach it: `alerts.board_target`, a firewall, or a token that is "
        "not the board's (`/targets` says 401). Of several boards behind a proxy one may be down unseen by a wall. "
        "Without Redis a worker that ends takes its board with it: SupportWorkerDown tells the same.",
    )


def _stale() -> Alert:
    expr = promql(
        """\
time() - max by (instance) (support_board_snapshot_timestamp_seconds) > $seconds
or
max by (instance) (up{job="$job"} == 1)
unless on (instance) support_board_snapshot_timestamp_seconds""",
        seconds=STALE_SECONDS,
        job=JOB,
    )
    rule = Rule(
        expr=expr,
        lasting="1m",
        severity=PAGE,
        summary="The wall of {{ $labels.instance }} is not live",
        description="The board at {{ $labels.instance }} is there, and its numbers are more than a minute old, or it"
        " has none. Its walls say so. Pages of breaches come from the workers, and go on.",
    )
    return Alert(
        name=STALE,
        rules=(rule,),
        means="The board answers, but the newest snapshot that it can show is more than a minute old, or there is "
        "none. Every wall reads NO DATA by then: the floor works blind.",
        look=(
            ("age of the numbers, in seconds", "time() - support_board_snapshot_timestamp_seconds"),
            ("partitions that the board lacks", "support_board_partitions_missing"),
            ("workers that cannot write to Redis", "rate(support_snapshot_publish_failures_total[5m])"),
            ("what the board says itself", "/readyz of the board"),
        ),
        act="Ask the board's `/readyz`: it says whether Redis cannot be asked, or what it holds cannot be read. Start "
        "Redis; it needs no data back, workers write anew within seconds. Where Redis is well, look at the workers.",
        wrong="A clock of the board, a worker or Prometheus that is off by a minute. A board that is down is not "
        f"seen here: that is {DOWN}.",
    )


def _disagrees() -> Alert:
    rules = tuple(
        Rule(
            expr=_differs(board, record),
            lasting=_LASTING,
            severity=TICKET,
            labels={"number": name},
            summary=f"The wall and the workers disagree on {{{{ $labels.queue }}}}: tickets {name}",
            description=f"For five minutes the board's number of tickets {name} in {{{{ $labels.queue }}}} has been"
            " none that the workers had: now {{ $value }}. All partitions are ready. One of both is wrong.",
        )
        for name, board, _, record in _COMPARED
    )
    return Alert(
        name=DISAGREES,
        rules=rules,
        means="For five minutes, with all partitions ready and the wall live, the board has shown a number of tickets "
        "in this queue that the workers together did not have at any time in the minute around.",
        look=(
            ("the board's, by queue", "max by (queue) (support_board_tickets_open)"),
            ("the workers'", _COMPARED[0][3]),
            ("workers that are reached", 'up{job="deskpulse"}'),
            ("documents that are written", "rate(support_snapshot_publishes_total[5m])"),
        ),
        act="Are all workers scraped, and none of another floor? Do workers and board have the same configuration and "
        "release? Do all of them use the same Redis database, and nobody else? Then restart the board, and where that "
        "changes nothing, the workers one by one. Keep both numbers for a report: this should not happen.",
        wrong="A worker that Prometheus does not know. Without `labels.queues` and with more than 50 queues, each "
        "process folds others into `other`.",
    )


def _differs(board: str, record: str) -> str:
    """The board's number of half a minute ago, where the workers had less, or more, all through a minute."""
    return promql(
        """\
(
  (max by (queue) ($board offset 30s) or 0 * $record)
  > on (queue) max_over_time($record[1m])
  or
  (max by (queue) ($board offset 30s) or 0 * $record)
  < on (queue) min_over_time($record[1m])
)
and on () $all_ready
and on () (time() - max(support_board_snapshot_timestamp_seconds) < $seconds)""",
        board=board,
        record=record,
        all_ready=ALL_READY,
        seconds=STALE_SECONDS,
    )
