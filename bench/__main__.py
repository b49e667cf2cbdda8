"""`make bench`: what deskpulse does beside its limits and beside what a user would pick instead, in one run.

Medians, and ratios of figures of the same run. Each contender gets a fresh process; the broker shares the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import platform
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import (
    breaches,
    contenders,
    displays,
    documents,
    growth,
    latency,
    mirror,
    paging,
    recovery,
    scrapes,
)
from bench.brokers import broker, default_broker
from bench.floor_log import log
from bench.rows import Row, isolated, markdown

Parts = dict[str, Callable[[], list[Row]]]

PAGE = """\
# Benchmarks

<!-- Written by `make bench OUTPUT=docs/benchmarks.md`; do not edit. -->

{machine}.

Only ratios within one run say something: broker, contender and whatever else runs share the machine. Throughput is
the median of {runs} runs of {events:,} events of a simulated desk (Quix Streams: a quarter, Faust: a tenth), each in a
fresh process with a new consumer group and an empty changelog; decode and the pure core alone go by processor time.

All contenders call the same pure core with the same rules and 4 partitions, and bring its numbers up to date at the
end, as whoever looks at them does; so does the pure core alone. Faust has an agent per topic and writes its Table at
each event. Quix Streams sets its RocksDB state at each event; to share that state, its six topics have to
be concatenated, which reads them aligned by time, so it is measured on one topic with all events, too. Both are as by
default otherwise, and measured until the last event is processed; deskpulse until its last changelog record is
acknowledged. Ratios are by the clock and, in brackets, by the processor time of the contender's process, to which other
processes do less.

"Loop held" is the longest time in which a task beside the measured one could not run; while idle, other processes are
to blame. "Goal" is what was asked for; nothing of this is asserted by a test. A load of more than 1 before the start
means that other work ran beside it: times by the clock are then too long by a factor that changes from part to part.

{tables}"""


def main() -> None:
    """Run the chosen parts, print each when it is done, write the page if asked."""
    options = arguments()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # new topics have no leader for a moment
    machine = (
        f"{options.broker} broker, {os.cpu_count()} cores ({platform.machine()}), Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} before the start"
    )
    console = Console(width=150)
    console.print(machine)
    found: dict[str, list[Row]] = {}
    for name, part in parts(options).items():
        if not options.only or name in options.only:
            began = time.perf_counter()
            found[name] = part()
            console.print(table(name, found[name], time.perf_counter() - began))
            if options.output is not None:
                text = PAGE.format(machine=machine, runs=options.runs, events=options.events, tables=markdown(found))
                options.output.write_text(text, encoding="utf-8")


def arguments() -> argparse.Namespace:
    """Whatever makes a run shorter or longer."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__.splitlines()[0])
    names = list(parts(argparse.Namespace()))
    parser.add_argument("--only", action="append", choices=names, help="run this part; may be given several times")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--tickets", type=int, default=1_000_000, help="the most that recovery and growth go to")
    parser.add_argument("--seconds", type=float, default=10.0, help="of the latency part, on each path")
    parser.add_argument("--broker", choices=("apache", "embedded"), default=default_broker())
    parser.add_argument("--output", type=Path)
    return parser.parse_args()


def sizes(options: argparse.Namespace) -> tuple[int, ...]:
    """How many open tickets."""
    return tuple(size for size in (10_000, 100_000, 1_000_000) if size <= options.tickets)


def parts(options: argparse.Namespace) -> Parts:
    """Every part by name; nothing runs before it is called."""
    return {
        "core": lambda: isolated(contenders.core_rows, min(options.events, 100_000), options.runs),
        "contenders": lambda: on_contenders(options),
        "latency": lambda: on_latency(options),
        "displays": lambda: on_displays(options),
        "mirror": lambda: [*isolated(documents.rows, sizes(options)[1:]), *on_mirror(options)],
        "paging": lambda: paging.rows(options.broker),
        "recovery": lambda: on_recovery(options),
        "metrics": lambda: isolated(scrapes.rows, 30),
        "breaches": lambda: isolated(breaches.rows, sizes(options)),
        "growth": lambda: [
            *isolated(growth.open_rows, sizes(options)),
            isolated(growth.settled_row, min(500_000, options.tickets)),
        ],
    }


def on_contenders(options: argparse.Namespace) -> list[Row]:
    """A broker of its own for each part: none finds the topics of another."""
    with broker(options.broker) as address:
        return contenders.rows(address, options.events, options.runs, is_embedded=options.broker == "embedded")


def on_latency(options: argparse.Namespace) -> list[Row]:
    """A worker's process, a sender's and this one, which asks."""
    with broker(options.broker) as address:
        return asyncio.run(latency.rows(address, options.seconds))


def on_displays(options: argparse.Namespace) -> list[Row]:
    """A worker's process with its board, a sender's and that of the displays."""
    with broker(options.broker) as address:
        return asyncio.run(displays.rows(address, options.seconds))


def on_mirror(options: argparse.Namespace) -> list[Row]:
    """Processes as in production: workers, a board, a Redis, and those of the sender and the displays."""
    if shutil.which("redis-server") is None:
        return [Row("over Redis", "not measured", "missing: redis-server; `make services` installs it on Debian")]
    with broker(options.broker) as address, broker(options.broker) as another:
        found = asyncio.run(mirror.way_rows(address, another, options.seconds))
    with broker(options.broker) as address:
        cost = mirror.cost_rows(address, options.events, options.runs, is_embedded=options.broker == "embedded")
        return [*found, *cost]


def on_recovery(options: argparse.Namespace) -> list[Row]:
    """In this process: nothing else of it matters to the worker."""
    with broker(options.broker) as address:
        states = recovery.states_of(log(20_000))
        recovering = recovery.row(address, states, options.tickets, is_embedded=options.broker == "embedded")
        return [asyncio.run(recovering)]


def table(name: str, rows: list[Row], took: float) -> Table:
    """One part, for the terminal."""
    made = Table(f"{name} ({took:.0f} s)", "figure", "beside it")
    for row in rows:
        made.add_row(row.what, row.figure, row.beside)
    return made


if __name__ == "__main__":
    main()
