"""Workers: which are there, which partitions they have read to the end, what they read and refuse."""

from __future__ import annotations

from typing import Final

from alerting.pipeline import JOB
from alerting.wall import JOB as BOARD
from dashboards.judgement import NONE_IS_CALM
from dashboards.panel import Colour, Panel, Query, Role, Row, Shape, Step, Word
from dashboards.queries import greatest, once, per_second, selected
from metrics import names

_JOBS: Final = f'job=~"{JOB}|{BOARD}"'
_READY: Final = (Word(0, "CATCHING UP", Colour.AT_RISK), Word(1, "READY", Colour.GOOD))
_UP: Final = (Word(0, "NOT REACHED", Colour.BREACH), Word(1, "REACHED", Colour.GOOD))
_WORKING: Final = (Word(0, "OK", Colour.GOOD), Word(1, "RECOVERING", Colour.AT_RISK))


def health() -> Row:
    """What to look at first."""
    return Row("Is it whole?", (_ready(), _by_partition(), _processes(), _firing(), _running()))


def _ready() -> Panel:
    return Panel(
        key="partitions_ready",
        title="Partitions ready, of all",
        says="Partitions that are recovered and read to the end, and how many there are. A partition that is missing "
        "is in no live number. Every topic has as many.",
        act="Ask `/readyz` of each worker what it waits for; start a worker that is gone.",
        unit="short",
        decimals=0,
        queries=(
            Query(expr=f"count({once(names.PARTITION_READY)} == 1) or vector(0)", legend="ready"),
            Query(expr=greatest(names.PARTITIONS), legend="all", role=Role.REFERENCE),
            Query(expr=greatest(names.TOPIC_PARTITIONS, "topic"), legend="{{topic}}", role=Role.REFERENCE),
        ),
        least=0,
    )


def _by_partition() -> Panel:
    return Panel(
        key="partitions",
        title="Each partition over time",
        says="READY: recovered and read to the end. CATCHING UP: not yet. A gap: no worker that is reached has it.",
        act="A gap for minutes: start a worker. Stripes: partitions keep changing hands, see the rebalances.",
        unit="short",
        queries=(Query(expr=once(names.PARTITION_READY), legend="{{partition}}"),),
        shape=Shape.STATES,
        words=_READY,
    )


def _processes() -> Panel:
    return Panel(
        key="processes",
        title="Workers and boards that are reached",
        says="Whether Prometheus reaches each of them.",
        act="Start it, or take it out of what is scraped; a scrape too slow fails too, see `/targets` of Prometheus.",
        unit="short",
        queries=(Query(expr=f"max by (job, instance) (up{{{_JOBS}}})", legend="{{job}} {{instance}}"),),
        shape=Shape.STATES,
        words=_UP,
    )


def _firing() -> Panel:
    alerts = 'max by (alertname, severity, queue, policy) (ALERTS{alertname=~"Support.*|Watchdog",alertstate="firing"})'
    return Panel(
        key="alerts_firing",
        title="Alerts that fire",
        says="All of them, by name, severity, queue and policy. The Watchdog always fires: without it, alerts do not "
        "work at all.",
        act="Take the pages first; each name is a heading of the runbook.",
        unit="short",
        queries=(Query(expr=alerts, legend="Firing", words=(Word(1, "FIRING", Colour.AT_RISK),)),),
        shape=Shape.TABLE,
        width=12,
        sort="severity",
    )


def _running() -> Panel:
    build = f"max by (instance, version, revision, python) ({selected(names.BUILD)})"
    config = f"max by (instance, sha256) ({selected(names.CONFIG)})"
    return Panel(
        key="running",
        title="What is running",
        says="Release, revision, Python and the hash of the configuration file of each process.",
        act="All workers and boards should say the same; where they do not, an upgrade is under way or stuck.",
        unit="short",
        queries=(Query(expr=f"{build} * on (instance) group_left (sha256) {config}", legend="Running"),),
        shape=Shape.TABLE,
        words=(Word(1, "YES", Colour.GOOD),),
        width=12,
    )


def intake() -> Row:
    """What is read from Kafka."""
    return Row("Intake", (_read(), _lag(), _newest(), _letters(), _unchanged(), _misrouted()))


def _read() -> Panel:
    return Panel(
        key="events",
        title="Records read a second, by topic",
        says="Of all workers together.",
        act="Nothing at all where there should be something: look at the feeds, then at the broker.",
        unit="cps",
        decimals=2,
        queries=(Query(expr=per_second(names.EVENTS, "topic"), legend="{{topic}}"),),
        least=0,
    )


def _lag() -> Panel:
    return Panel(
        key="lag",
        title="Records still to be read, by topic",
        says="Between what is processed and the end of the topics, over all partitions. Less is better.",
        act="Where it grows for minutes, add a worker; where it stands, look at `/readyz`.",
        unit="short",
        decimals=0,
        queries=(Query(expr=f"sum by (topic) ({once(names.CONSUMER_LAG)})", legend="{{topic}}"),),
        least=0,
    )


def _newest() -> Panel:
    return Panel(
        key="last_event",
        title="Since the newest event, by partition",
        says="How long ago the newest event of each partition happened. On a quiet floor that is long.",
        act="Of one partition only: look at its producer; of all: at the feeds.",
        unit="s",
        queries=(Query(expr=f"time() - {once(names.LAST_EVENT)}", legend="{{partition}}"),),
        least=0,
    )


def _letters() -> Panel:
    lettered = f"sum by (topic, reason) (increase({selected(names.DEAD_LETTERED)}[$__rate_interval]))"
    return Panel(
        key="dead_letters",
        title="Refused records, by topic and reason",
        says="Records sent to the dead letters; what they said is in no number.",
        act="Read one with its headers, mend the sender, send the records again.",
        unit="short",
        decimals=0,
        queries=(Query(expr=lettered, legend="{{topic}}: {{reason}}"),),
        least=0,
    )


def _unchanged() -> Panel:
    return Panel(
        key="unchanged",
        title="Events that changed nothing, a second",
        says="Duplicates, which are applied already or without effect, and events older than the retention of tickets "
        "that are not known. Both are read and counted nowhere else.",
        act="Many duplicates: a sender repeats itself, which costs time only. Too old: an import beyond the retention.",
        unit="cps",
        decimals=2,
        queries=(
            Query(expr=per_second(names.DUPLICATE), legend="duplicate"),
            Query(expr=per_second(names.TOO_OLD), legend="too old"),
        ),
        least=0,
    )


def _misrouted() -> Panel:
    return Panel(
        key="misrouted",
        title="Batches in the wrong partition",
        says="Batches with a key that belongs to another partition: tickets are split, and a reply is not found with "
        "its ticket. None is good.",
        act="Find the producer whose partitioner is not murmur2.",
        unit="short",
        decimals=0,
        queries=(Query(expr=f"sum(increase({names.MISROUTED.name}[$__rate_interval]))", legend="batches"),),
        steps=NONE_IS_CALM,
        least=0,
    )


def recovery() -> Row:
    """Who has which partitions, and how long it takes to read them back."""
    return Row(
        "Partitions and their state", (_rebalances(), _recovering(), _changelog(), _tables(), _history(), _scrape())
    )


def _rebalances() -> Panel:
    return Panel(
        key="rebalances",
        title="Rebalances in ten minutes, by worker",
        says="How often partitions were shared out anew. Each makes numbers partial for seconds.",
        act="Over five for a quarter of an hour: find the worker that restarts and read its last words.",
        unit="short",
        decimals=0,
        queries=(Query(expr=f"max by (instance) (increase({names.REBALANCES.name}[10m]))", legend="{{instance}}"),),
        steps=(Step(None, Colour.GOOD), Step(5, Colour.AT_RISK)),
        least=0,
    )


def _recovering() -> Panel:
    recovering = f"max by (instance) ({names.RECOVERING.name})"
    return Panel(
        key="recovery",
        title="Recovering, and how long it took",
        says="1 while a worker reads a partition's table back, and how long the last time took.",
        act="Where `/readyz` moves, wait; where it stands still, look at the broker.",
        unit="s",
        queries=(
            Query(expr=recovering, legend="{{instance}} recovering", role=Role.SAMPLE, unit="short", decimals=0,
                  words=_WORKING),
            Query(expr=f"max by (instance) ({names.RECOVERY_SECONDS.name})", legend="{{instance}} took"),
        ),
        least=0,
    )  # fmt: skip


def _changelog() -> Panel:
    return Panel(
        key="changelog",
        title="Changelog records a second",
        says="Written with each changed ticket, and read back in a recovery.",
        act="Read back again and again: the worker starts over each time, see the rebalances.",
        unit="cps",
        decimals=2,
        queries=(
            Query(expr=per_second(names.CHANGELOG_RECORDS), legend="written"),
            Query(expr=per_second(names.RECOVERED_RECORDS), legend="read back"),
        ),
        least=0,
    )


def _tables() -> Panel:
    return Panel(
        key="table_keys",
        title="Entries kept, and tickets dropped a second",
        says="Entries of the tables over all partitions, and how fast tickets beyond the retention go.",
        act="Memory follows it: shorten `[retention] settled`, or spread the partitions over more workers.",
        unit="short",
        decimals=0,
        queries=(
            Query(expr=f"sum by (table) ({once(names.TABLE_KEYS)})", legend="{{table}}"),
            Query(expr=per_second(names.EXPIRED), legend="dropped", role=Role.SAMPLE, unit="cps", decimals=2),
        ),
        least=0,
    )


def _history() -> Panel:
    return Panel(
        key="history",
        title="How far history reaches back",
        says="Since the earliest event that is known, by partition: a window longer than this is not whole.",
        act="Far shorter than it was: the topics' retention ended, or the table was made anew.",
        unit="s",
        queries=(Query(expr=f"time() - {once(names.HISTORY_SINCE)}", legend="{{partition}}"),),
        least=0,
    )


def _scrape() -> Panel:
    return Panel(
        key="scrape",
        title="What a scrape costs",
        says="How long a scrape takes, how long it keeps batches waiting, and how many samples it brings.",
        act="A scrape near its interval fails: scrape less often, or list the queues in `[labels]`.",
        unit="s",
        queries=(
            Query(expr=f"max by (job, instance) (scrape_duration_seconds{{{_JOBS}}})", legend="{{job}} {{instance}}"),
            Query(expr=f"max by (instance) ({names.COLLECT_SECONDS.name})", legend="{{instance}} batches wait"),
            Query(expr=f"max by (job, instance) (scrape_samples_scraped{{{_JOBS}}})",
                  legend="{{job}} {{instance}}, samples", role=Role.SAMPLE, unit="short", decimals=0),
        ),
        least=0,
    )  # fmt: skip
