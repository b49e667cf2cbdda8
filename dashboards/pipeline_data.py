"""Whether what arrives is whole: feeds that are silent or late, labels that are folded, events that cannot count."""

from __future__ import annotations

from dashboards.judgement import NONE_IS_CALM
from dashboards.panel import Colour, Panel, Query, Role, Row, Shape, Word
from dashboards.queries import greatest, selected
from metrics import names
from metrics.metric import Metric


def feeds() -> Row:
    """The sources of `[[feeds]]`."""
    return Row("Feeds", (_silence(), _delay()))


def _silence() -> Panel:
    return Panel(
        key="feed_silence",
        title="Since each source was heard, and how long it may be silent",
        says="Time since the newest event of each source, and dashed the time after which it counts as silent, in its "
        "hours. No data without `[[feeds]]`.",
        act="Look at the sender: webhooks, connector, credentials. Answered tickets may look unanswered meanwhile.",
        unit="s",
        queries=(
            Query(expr=f"time() - {greatest(names.FEED_LAST_EVENT, 'source')}", legend="{{source}}"),
            Query(expr=f"time() - {greatest(names.FEED_SILENT_BEFORE, 'source')}", legend="{{source}}, silent after",
                  role=Role.REFERENCE),
        ),
        width=12,
        least=0,
    )  # fmt: skip


def _delay() -> Panel:
    return Panel(
        key="feed_delay",
        title="How late events arrive, and how late they may",
        says="From event to record, the median of the last two minutes, and dashed what `late_after` allows.",
        act="Look at the sender's queue, and whether it polls; check a breach in the help desk before waking anybody.",
        unit="s",
        queries=(
            Query(expr=greatest(names.FEED_DELAY, "source"), legend="{{source}}"),
            Query(expr=greatest(names.FEED_LATE_AFTER, "source"), legend="{{source}}, late after", role=Role.REFERENCE),
        ),
        width=12,
        least=0,
    )


def quality() -> Row:
    """What was kept but could not be counted as it stands."""
    return Row("Quality of the data", (_overflow(), _odd(), _taken_away(), _complete()))


def _overflow() -> Panel:
    return Panel(
        key="label_overflow",
        title="Tickets folded into other, an hour",
        says="Tickets created with a queue, priority or channel that is not among the known values.",
        act="Add the value to `[labels]`, or to `labels.aliases` where it is an old name.",
        unit="short",
        decimals=0,
        queries=(Query(expr=f"sum by (label) (increase({selected(names.LABEL_OVERFLOW)}[1h]))", legend="{{label}}"),),
        least=0,
    )


def _sum(metric: Metric) -> str:
    """Of all partitions of a worker, so summed over workers."""
    return f"sum({selected(metric)})"


def _odd() -> Panel:
    return Panel(
        key="odd_events",
        title="Events that cannot count as they stand",
        says="Tickets whose creation is not known yet, events before their ticket's creation (shortly: counted as at "
        "it; earlier: left out of all clocks), and histories that are full.",
        act="Growing: a sender's clock is off, or its creations are missing; docs/data-quality.md tells them apart.",
        unit="short",
        decimals=0,
        queries=(
            Query(expr=_sum(names.ORPHANED), legend="without a creation"),
            Query(expr=_sum(names.CLOCK_SKEW), legend="shortly before creation"),
            Query(expr=_sum(names.BEFORE_CREATION), legend="before creation"),
            Query(expr=_sum(names.FULL_HISTORIES), legend="full histories"),
        ),
        least=0,
    )


def _taken_away() -> Panel:
    retargeted, discarded = (
        f"sum by (queue) (increase({selected(metric)}[1h]))" for metric in (names.RETARGETED_LATE, names.DISCARDED_LATE)
    )
    return Panel(
        key="taken_away",
        title="Breaches taken away, an hour",
        says="Clocks that were past due when their target was relaxed, as by a lower priority, or their ticket was "
        "discarded. None is good: each makes attainment look better.",
        act="Ask who changed these tickets, and why.",
        unit="short",
        decimals=0,
        queries=(
            Query(expr=retargeted, legend="{{queue}}, target relaxed"),
            Query(expr=discarded, legend="{{queue}}, ticket discarded"),
        ),
        steps=NONE_IS_CALM,
        least=0,
    )


def _complete() -> Panel:
    return Panel(
        key="window_complete",
        title="Windows that are whole",
        says="Whether the history known covers the whole of each window.",
        act="Of one that is not, read its numbers as of a part: it fills by itself as time passes.",
        unit="short",
        queries=(Query(expr=greatest(names.WINDOW_COMPLETE, "window", window=""), legend="{{window}}"),),
        shape=Shape.STATES,
        words=(Word(0, "IN PART", Colour.AT_RISK), Word(1, "WHOLE", Colour.GOOD)),
    )
