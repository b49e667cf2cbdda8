"""PromQL as text: how values are quoted, and the expressions that several rules share.

The names of metrics stand in the expressions as they are; tests/unit/test_alerting_rules.py holds them against
metrics/names.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from string import Template
from textwrap import indent
from typing import Final

from metrics.instants import SECOND

#: Partitions are ready now, by partition: recovered and caught up. Empty where nothing is exported.
READY: Final = "(max by (partition) (support_pipeline_partition_ready) == 1)"

#: One series where every partition that the topics have is ready, else none.
ALL_READY: Final = f"(count{READY} >= max(support_pipeline_partitions))"

_META: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


def quoted(text: str) -> str:
    """A PromQL string: its escapes are Go's, of which JSON's are a part."""
    return json.dumps(text, ensure_ascii=False)


def any_of(texts: Iterable[str]) -> str:
    """A PromQL string with the regular expression that matches these texts and no other."""
    return quoted("|".join(_META.sub(r"\\\g<0>", text) for text in texts))


def promql(template: str, **values: object) -> str:
    """``template`` with ``$name`` replaced; lines of a value keep the place of its first line."""
    for name, value in values.items():
        found = re.search(rf"^( *)\${name}\b", template, re.MULTILINE)
        if found is not None and "\n" in str(value):
            values[name] = indent(str(value), found[1])[len(found[1]) :]
    return Template(template).substitute(values)


def decimal(number: float) -> str:
    """A number as PromQL and people read it, to nine digits."""
    return f"{number:.9g}"


def literal(text: str) -> str:
    """A text that Prometheus's templates leave as it is."""
    return text.replace("{{", '{{ "{{" }}')


def span(duration: int) -> str:
    """A duration of whole seconds as PromQL writes it."""
    return f"{duration // SECOND}s"


def bridge(interval: int) -> str:
    """The range over which a value outlives two scrapes that fail."""
    return span(3 * interval)


def held(record: str, present: str) -> str:
    """What ``record`` is while partitions come and go: the present value, else its own previous one until ready.

    A partition that is not ready exports nothing, so its last value stands; when it is ready again and the series is
    gone, so is the value. Where all partitions are ready nothing is held: also not for one that is no more. The
    previous value is asked for without a range, since a range would pass over the mark of its end, and raise it again.
    """
    return promql(
        """\
$present
or (
  $record
  unless on (partition) $ready
  unless on () $all_ready
)""",
        present=present,
        record=record,
        ready=READY,
        all_ready=ALL_READY,
    )


def worst_held(record: str, present: str) -> str:
    """What a maximum over all partitions is: while one of them is not ready, no less than it was before.

    For series without a label of the partition, of which nobody knows whether the missing one was the worst.
    """
    return promql(
        """\
max without (seen) (
  label_replace($present, "seen", "now", "", "")
  or
  label_replace($record unless on () $all_ready, "seen", "before", "", "")
)""",
        present=present,
        record=record,
        all_ready=ALL_READY,
    )


def believed(record: str, series: str, interval: int) -> str:
    """What ``record`` is of a window value: the present one while all partitions are ready, else the last believed.

    While a partition is missing or catches up, a window counts only a part of what happened. There is one exporter of
    window values; where it moves, two may show them for one scrape.
    """
    return _while_ready(record, f"max without (instance, job) (last_over_time({series}[{bridge(interval)}]))")


def believed_sum(record: str, series: str, interval: int) -> str:
    """The same of the sum over queues by window: first within each exporter, of which two may show the same tickets."""
    summed = f"sum by (instance, job, window) (last_over_time({series}[{bridge(interval)}]))"
    return _while_ready(record, f"max by (window) ({summed})")


def _while_ready(record: str, present: str) -> str:
    return promql(
        """\
(
  $present
  and on () $all_ready
)
or (
  $record
  unless on () $all_ready
)""",
        present=present,
        record=record,
        all_ready=ALL_READY,
    )
