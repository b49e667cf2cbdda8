"""The floor beyond the SLA: more escalations than a week ago, tickets without a policy, labels that were folded."""

from __future__ import annotations

from typing import Final

from alerting.promql import believed, bridge, promql, quoted
from alerting.rules import TICKET, Alert, Concern, Omission, Recording, Rule
from alerting.settings import Settings
from alerting.windows import short_window
from metrics.policies import Window

SURGE: Final = "SupportEscalationSurge"
WITHOUT_POLICY: Final = "SupportTicketsWithoutPolicy"
OVERFLOW: Final = "SupportLabelOverflow"

ESCALATED: Final = "queue_window:support_tickets_window_escalated:believed"
SURGE_LEAST: Final = 5
SURGE_FACTOR: Final = 3


def concern(settings: Settings) -> Concern:
    """The file ``floor.yml``."""
    window = short_window(settings.windows)
    common = (_without_policy(settings.interval), _overflow())
    if window is None:
        omission = Omission(SURGE, "it needs a window of 15m to 3h in `windows.rolling`")
        return Concern(name="floor", title="The floor", alerts=common, omissions=(omission,))
    series = f"support_tickets_window_escalated{{window={quoted(window.name)}}}"
    recording = Recording(
        ESCALATED, believed(ESCALATED, series, settings.interval), "Tickets escalated in the window, as last believed."
    )
    return Concern(name="floor", title="The floor", recordings=(recording,), alerts=(_surge(window), *common))


def _surge(window: Window) -> Alert:
    expr = promql(
        """\
max by (queue) (
  $escalated >= $least
  and on (queue) $escalated >= on (queue) $factor * (
    max by (queue) (last_over_time($escalated[5m] offset 1w)) or on (queue) 0 * $escalated
  )
  and on () max(last_over_time(support_window_complete{window=$window}[5m] offset 1w)) == 1
)""",
        escalated=ESCALATED,
        least=SURGE_LEAST,
        factor=SURGE_FACTOR,
        window=quoted(window.name),
    )
    rule = Rule(
        expr=expr,
        severity=TICKET,
        summary=f"{{{{ $labels.queue }}}}: {{{{ $value }}}} tickets escalated in {window.name}",
        description=f"In queue {{{{ $labels.queue }}}} {{{{ $value }}}} tickets were escalated in the last"
        f" {window.name}, at least {SURGE_FACTOR} times as many as at the same hour a week ago.",
    )
    return Alert(
        name=SURGE,
        rules=(rule,),
        means=f"At least {SURGE_LEAST} tickets of a queue were escalated for the first time in the last {window.name}, "
        f"and at least {SURGE_FACTOR} times as many as in the same {window.name} a week ago.",
        look=(
            ("escalated, by queue", f"support_tickets_window_escalated{{window={quoted(window.name)}}}"),
            ("a week ago", f"support_tickets_window_escalated{{window={quoted(window.name)}}} offset 1w"),
            ("open and escalated", "sum by (queue) (max without (instance, job) (support_tickets_escalated_open))"),
        ),
        act="Something broke for many customers at once, or a rule of the help desk escalates on its own. Read three "
        "of the tickets.",
        wrong="Silent until Prometheus has a week of history. A holiday a week ago makes today look like a surge.",
    )


def _without_policy(interval: int) -> Alert:
    series = f"last_over_time(support_tickets_without_policy[{bridge(interval)}])"
    rule = Rule(
        expr=f"sum by (queue) ({series}) > 0",
        lasting="10m",
        severity=TICKET,
        summary="{{ $labels.queue }}: {{ $value }} open tickets have no SLA policy",
        description="{{ $value }} open tickets of queue {{ $labels.queue }} match no [[sla]] policy: nothing is"
        " promised for them, and they can breach nothing.",
        tickets="state=without_policy&queue={{ $labels.queue | urlquery }}",
    )
    return Alert(
        name=WITHOUT_POLICY,
        rules=(rule,),
        means="Open tickets match none of the SLA policies. They have no clock, and no alert will tell of them.",
        look=(
            ("the tickets", "/api/tickets?state=without_policy"),
            ("how many, by queue", "sum by (queue) (support_tickets_without_policy)"),
        ),
        act="Add a policy that matches them; one without `match` at the end catches all. A corrected policy holds for "
        "open tickets too.",
        wrong="A queue that was renamed in the help desk needs an entry in `labels.aliases`.",
    )


def _overflow() -> Alert:
    rule = Rule(
        expr="sum by (label) (increase(support_label_overflow_total[1h])) > 0",
        severity=TICKET,
        summary="Tickets with an unknown {{ $labels.label }}",
        description='About {{ $value | printf "%.0f" }} tickets in the last hour had a {{ $labels.label }} that is not'
        ' among the known values, and count as "other".',
    )
    return Alert(
        name=OVERFLOW,
        rules=(rule,),
        means="Tickets came with a queue, priority or channel that [labels] does not list (or, without a list, beyond "
        'the first 50). They are counted as "other", so their own queue shows too little.',
        look=(("by label", "sum by (label) (increase(support_label_overflow_total[1h]))"),),
        act="Add the value to [labels], or to `labels.aliases` where it is an old name. `/snapshot` and "
        "`/api/tickets?queue=other` show which tickets they are.",
        wrong='Nothing is lost: "other" has them. If that is what you want, silence it.',
    )
