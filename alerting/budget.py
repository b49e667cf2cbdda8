"""First response's error budget: a share of late replies, over a short and a long window, that uses it up too fast.

From event-time windows and never from counters, which a restart or a catch-up bends. By the lower bound of the
share's interval, so that few replies wake nobody. What a threshold can reach is worked out here, when the rules are
made: see ``objectives``.
"""

from __future__ import annotations

from typing import Final

from alerting.objectives import FACTOR, REPLIES_LEAST, REPLIES_MOST, Objective, Threshold, by_queue, threshold
from alerting.promql import any_of, believed, decimal, promql, quoted
from alerting.rules import PAGE, Alert, Concern, Omission, Recording, Rule
from alerting.settings import Settings
from alerting.windows import long_window, short_window
from metrics.intervals import Z
from metrics.policies import Window

BURN: Final = "SupportFirstResponseSLABudgetBurn"

MET: Final = "queue_window:support_first_response_window_met:believed"
BREACHED: Final = "queue_window:support_first_response_window_breached:believed"
JUDGED: Final = "queue_window:support_first_response_window_judged:believed"
LOWER: Final = "queue_window:support_first_response_window_breached_ratio:lower95"

#: Wilson's lower bound of b late replies of n, with z: (b + z²/2 - z·sqrt(b·(n - b)/n + z²/4)) / (n + z²).
_WILSON: Final = """\
(
  $late + $half - $z * sqrt($late * $met / $judged + $quarter)
) / ($judged + $square)"""


def concern(settings: Settings) -> Concern:
    """The file ``budget.yml``."""
    title = "First response, budget"
    short, long = short_window(settings.windows), long_window(settings.windows)
    if short is None or long is None:
        why = "it needs a window of 15m to 3h and one of over 3h to 2d in `windows.rolling`"
        return Concern(name="budget", title=title, omissions=(Omission(BURN, why),))
    reachable = [(objective, threshold(objective.budget)) for objective in by_queue(settings)]
    rules = [_rule(objective, bound, short, long) for objective, bound in reachable if bound is not None]
    if not rules:
        why = "no policy has an objective whose budget could burn faster than it allows and be seen in 100 replies"
        return Concern(name="budget", title=title, omissions=(Omission(BURN, why),))
    notes = [_note(objective, bound) for objective, bound in reachable]
    if (short.name, long.name) != ("1h", "6h"):
        notes.append(f"Judged over {short.name} and {long.name}: nearest to 1h and 6h of `windows.rolling`.")
    return Concern(
        name="budget",
        title=title,
        recordings=_recordings(settings, short, long),
        alerts=(_alert(rules, short, long),),
        notes=tuple(notes),
    )


def _note(objective: Objective, bound: Threshold | None) -> str:
    """What holds for these queues, for the runbook."""
    queues = f"`{objective.matcher.removesuffix(',')}`" if objective.matcher else "All queues"
    promised = f"{queues}, objective {decimal(objective.ratio)}"
    if bound is None:
        return f"{promised}: no rule. So many replies may be late that {REPLIES_MOST} could not show more."
    return f"{promised}: fires over {decimal(bound.ratio)} late replies, from {bound.replies} replies on."


def _recordings(settings: Settings, short: Window, long: Window) -> tuple[Recording, ...]:
    windows = f"{{window=~{any_of((short.name, long.name))}}}"
    parts = {MET: "support_first_response_window_met", BREACHED: "support_first_response_window_breached"}
    values = {"late": BREACHED, "met": MET, "judged": JUDGED}
    numbers = {"z": Z, "half": Z**2 / 2, "quarter": Z**2 / 4, "square": Z**2}
    bound = promql(_WILSON, **values, **{name: decimal(number) for name, number in numbers.items()})
    return (
        *(
            Recording(record, believed(record, series + windows, settings.interval), f"{series}, as last believed.")
            for record, series in parts.items()
        ),
        Recording(JUDGED, f"({MET} + {BREACHED}) > 0", "First replies that had a target."),
        Recording(LOWER, bound, "Share of late replies, lower bound of its 95 % interval (Wilson)."),
    )


def _rule(objective: Objective, bound: Threshold, short: Window, long: Window) -> Rule:
    expr = promql(
        """\
max by (queue) ($lower{$short} > $ratio)
and on (queue)
max by (queue) ($lower{$long} > $ratio)
and on (queue)
max by (queue) ($judged{$short} >= $least)""",
        lower=LOWER,
        judged=JUDGED,
        short=f"{objective.matcher}window={quoted(short.name)}",
        long=f"{objective.matcher}window={quoted(long.name)}",
        ratio=decimal(bound.ratio),
        least=REPLIES_LEAST,
    )
    budget, limit = (decimal(round(100 * share, 4)) for share in (objective.budget, bound.ratio))
    return Rule(
        expr=expr,
        severity=PAGE,
        labels={"objective": decimal(objective.ratio)},
        summary="{{ $labels.queue }}: first replies are late, at least {{ $value | humanizePercentage }} of them",
        description=f"Of the first replies of queue {{{{ $labels.queue }}}} in the last {short.name} at least"
        f" {{{{ $value | humanizePercentage }}}} came after their target (95 % sure), and in the last {long.name} as"
        f" many: {budget} % may (objective {decimal(objective.ratio)}); this fires over {limit} %, which takes at least"
        f" {bound.replies} replies." + _counts(short) + _counts(long),
    )


def _counts(window: Window) -> str:
    """How many of how many, where that is known."""
    late, judged = (record + "{queue=%q,window=%q}" for record in (BREACHED, JUDGED))
    return f"""
{{{{- with printf `{late}` $labels.queue {quoted(window.name)} | query }}}} {window.name}: {{{{ . | first | value }}}}\
{{{{ end }}}}
{{{{- with printf `{judged}` $labels.queue {quoted(window.name)} | query }}}} of {{{{ . | first | value }}}} late.\
{{{{ end }}}}"""


def _alert(rules: list[Rule], short: Window, long: Window) -> Alert:
    return Alert(
        name=BURN,
        rules=tuple(rules),
        means=f"So many first replies come after their target that the objective will be missed: {FACTOR} times the "
        "share that it allows, or half of what is beyond that share where five times is more than all. Both in the "
        f"last {short.name} and the last {long.name}, each with its interval's lower bound, and from {REPLIES_LEAST} "
        "replies on. The objective of a queue is the smallest of the policies that can match it.",
        look=(
            ("share of late replies, and its lower bound", LOWER),
            ("how many replies that is of", JUDGED),
            ("with those still waiting", 'support_sla_attainment_now_ratio{sla="first_response"}'),
        ),
        act="This is about replies that were given: the floor works, but too slowly. Compare with the volume "
        "(`support_tickets_window_created`) and the staff, move people, or tell customers. Tickets that nobody has "
        "answered are not in it: for those there is SupportFirstResponseSLABreached.",
        wrong="A queue whose policies have different objectives is held to the smallest. The interval keeps it silent "
        "with few replies, also where all of them are late. While a partition is not ready the last numbers stand.",
    )
