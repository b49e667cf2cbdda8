"""Feed trouble, which is not floor trouble: a source that is silent in its hours, or whose events come late.

Only sources of [[feeds]] are judged, each by its own bounds, which the worker exports beside its numbers.
"""

from __future__ import annotations

from typing import Final

from alerting.promql import bridge, promql
from alerting.rules import TICKET, Alert, Concern, Rule
from alerting.settings import Settings

SILENT: Final = "SupportFeedSilent"
LATE: Final = "SupportFeedLate"

#: Longer than the two minutes of records whose median the delay is (metrics/feeds.py): what arrives at once, as an
#: import does or the history with which the demo begins, looks late for so long and is no trouble.
_LASTING: Final = "3m"


def concern(settings: Settings) -> Concern:
    """The file ``feeds.yml``."""
    return Concern(name="feeds", title="Feeds", alerts=(_silent(settings.interval), _late(settings.interval)))


def _silent(interval: int) -> Alert:
    expr = promql(
        """\
(
  max by (source) (max_over_time(support_feed_last_event_timestamp_seconds[1d]))
  < on (source)
  max by (source) (last_over_time(support_feed_silent_before_timestamp_seconds[$bridge]))
)
and on () (min(last_over_time(support_pipeline_partition_ready[$bridge])) == 1)""",
        bridge=bridge(interval),
    )
    rule = Rule(
        expr=expr,
        lasting="1m",
        severity=TICKET,
        summary="{{ $labels.source }} is silent",
        description="The last event of {{ $labels.source }} is of {{ $value | humanizeTimestamp }}, longer ago than its"
        " `silent_after` allows in its hours. What happened there since is in no number; breaches may be answered"
        " already.",
    )
    return Alert(
        name=SILENT,
        rules=(rule,),
        means="No event of this source for longer than its `silent_after`, within its calendar. Not while a partition "
        "catches up: then its events may only be unread.",
        look=(
            ("minutes since the last event, by source", _since("support_feed_last_event_timestamp_seconds")),
            ("minutes after which it counts as silent", _since("support_feed_silent_before_timestamp_seconds")),
            ("records read", "sum by (topic) (rate(support_pipeline_events_total[5m]))"),
        ),
        act="Look at the sender: the help desk's webhooks, the connector, its credentials. If nothing is wrong there "
        "and it was just quiet, raise `silent_after` or give the feed a calendar.",
        wrong="A quiet hour. After a restart of the workers the last event is remembered for a day, then nobody knows "
        "of it. A source that never sent anything is not seen at all. docs/feeds.md tells the troubles apart.",
    )


def _since(name: str) -> str:
    return f"(time() - max by (source) ({name})) / 60"


def _late(interval: int) -> Alert:
    expr = promql(
        """\
max by (source) (last_over_time(support_feed_delivery_delay_seconds[$bridge]))
> on (source)
max by (source) (last_over_time(support_feed_late_after_seconds[$bridge]))""",
        bridge=bridge(interval),
    )
    rule = Rule(
        expr=expr,
        lasting=_LASTING,
        severity=TICKET,
        summary="{{ $labels.source }} comes late, by {{ $value | humanizeDuration }}",
        description="Events of {{ $labels.source }} reach Kafka {{ $value | humanizeDuration }} after they happened"
        " (median), more than its `late_after`. Replies are missing for so long: breaches may be answered already.",
    )
    return Alert(
        name=LATE,
        rules=(rule,),
        means="Half of this source's recent events reached Kafka later than its `late_after` after they happened, for "
        "three minutes.",
        look=(
            ("seconds late, by source", "max by (source) (support_feed_delivery_delay_seconds)"),
            ("what is allowed", "max by (source) (support_feed_late_after_seconds)"),
        ),
        act="Look at the sender's queue, and whether it polls: a help desk that is asked every ten minutes is ten "
        "minutes late. Until it is mended, check a breach in the help desk before waking anybody else.",
        wrong="A clock that is behind at the source makes its events look late. An import of today's events looks the "
        "same for two minutes, which is why the alert waits for three; older ones do not count. docs/feeds.md tells "
        "the troubles apart.",
    )
