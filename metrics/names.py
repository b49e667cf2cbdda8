"""Every metric by name, type, labels and meaning: what the exposition may contain.

Knows no values and no Prometheus library. Invariant: what is exported is in ``ALL``, and nothing else. Names and
labels are relied on by rules, dashboards and other programs; none changes without an issue that says so.
"""

from __future__ import annotations

from typing import Final

from metrics.metric import Kind, Metric, Section

_ACTIVITY, _LIVE, _WINDOWS, _FLOOR, _SLOW, _SETTINGS, _QUALITY, _PIPELINE, _FEEDS, _ = Section
_COUNTER, _GAUGE, _HISTOGRAM, _INFO = Kind.COUNTER, Kind.GAUGE, Kind.HISTOGRAM, Kind.INFO
_BY_CHANNEL: Final = ("queue", "priority", "channel")
_BY_PRIORITY: Final = ("queue", "priority")
_BY_SLA: Final = ("queue", "priority", "sla")
_BY_PARTITION: Final = ("partition",)
_SET: Final = ("queue", "priority", "partition")
_CLOCK: Final = ("queue", "priority", "partition", "sla")
_POLICY_CLOCK: Final = ("policy", "queue", "partition", "sla")
_WINDOW: Final = ("queue", "window")
_WINDOW_SLA: Final = ("queue", "window", "sla")
_POLICY: Final = ("policy", "queue", "priority", "sla")

# ------------------------------------------------------------------------------------------------ activity


def _counter(name: str, labels: tuple[str, ...], meaning: str, section: Section = _ACTIVITY) -> Metric:
    return Metric(name, _COUNTER, labels, meaning, section)


TICKETS_CREATED: Final = _counter("support_tickets_created_total", _BY_CHANNEL, "Tickets created.")
TICKETS_REPLIED: Final = _counter(
    "support_tickets_replied_total", _BY_CHANNEL, "Tickets that got their first agent reply."
)
TICKETS_RESOLVED: Final = _counter(
    "support_tickets_resolved_total", _BY_PRIORITY, "Tickets resolved; each resolution counts."
)
TICKETS_REOPENED: Final = _counter("support_tickets_reopened_total", _BY_PRIORITY, "Resolved tickets reopened.")
TICKETS_ESCALATED: Final = _counter(
    "support_tickets_escalated_total", _BY_PRIORITY, "Tickets escalated for the first time."
)


def _histogram(name: str, meaning: str) -> Metric:
    return Metric(name, _HISTOGRAM, _BY_PRIORITY, meaning, _ACTIVITY)


FIRST_RESPONSE: Final = _histogram("support_first_response_seconds", "Creation to first reply, calendar time.")
FIRST_RESPONSE_BUSINESS: Final = _histogram(
    "support_first_response_business_seconds",
    "Creation to first reply in open hours, where the policy names a calendar.",
)
RESOLUTION: Final = _histogram("support_resolution_seconds", "Creation to resolution, calendar time.")
SLA_SETTLED: Final = _counter("support_sla_settled_total", _BY_SLA, "SLA clocks that ended, met or breached.")
SLA_BREACHED: Final = _counter(
    "support_sla_breached_total", _BY_SLA, "Of the clocks that ended, those past their target."
)
RETARGETED_LATE: Final = _counter(
    "support_sla_retargeted_late_total",
    ("queue",),
    "Clocks past due whose target was then relaxed, as by a lower priority: breaches taken away.",
    _QUALITY,
)
DISCARDED_LATE: Final = _counter(
    "support_sla_discarded_late_total", ("queue",), "Clocks past due whose ticket was then discarded.", _QUALITY
)
CSAT_RESPONSES: Final = _counter("support_csat_responses_total", ("queue", "channel", "score"), "CSAT answers, 1 to 5.")
NPS_RESPONSES: Final = _counter(
    "support_nps_responses_total", ("queue", "category"), "NPS answers on 0 to 10: promoter, passive, detractor."
)
CES_RESPONSES: Final = _counter("support_ces_responses_total", ("queue", "score"), "Customer effort answers, 1 to 7.")
LABEL_OVERFLOW: Final = _counter(
    "support_label_overflow_total",
    ("label",),
    "Tickets created with a queue, priority or channel that was folded into other.",
    _QUALITY,
)

# -------------------------------------------------------------------------------------------------- live sets


def _live(name: str, meaning: str = "", labels: tuple[str, ...] = _SET) -> Metric:
    return Metric(name, _GAUGE, labels, meaning, _LIVE)


TICKETS_OPEN: Final = _live("support_tickets_open")
AWAITING_FIRST_RESPONSE: Final = _live("support_tickets_awaiting_first_response")
AWAITING_REPLY: Final = _live("support_tickets_awaiting_reply")
TICKETS_PAUSED: Final = _live("support_tickets_paused")
ESCALATED_OPEN: Final = _live("support_tickets_escalated_open")
WITHOUT_POLICY: Final = _live("support_tickets_without_policy", labels=("queue",))

OLDEST_AWAITING_FIRST_RESPONSE: Final = _live("support_oldest_awaiting_first_response_timestamp_seconds")
OLDEST_AWAITING_REPLY: Final = _live(
    "support_oldest_awaiting_reply_timestamp_seconds",
    "The customer's message that has waited longest for a reply, of all partitions of this worker.",
    _BY_PRIORITY,
)
LIVE_BREACHES: Final = _live(
    "support_sla_live_breaches", "Open tickets past their due instant, at the time of the scrape.", _CLOCK
)
AT_RISK: Final = _live(
    "support_sla_at_risk", "Open tickets with less of their target left than the policy's share, not breaching.", _CLOCK
)
MOST_OVERDUE: Final = _live(
    "support_sla_most_overdue_due_timestamp_seconds",
    "The earliest due instant of a clock that is breaching, of all partitions of this worker.",
    _BY_SLA,
)

OVERDUE_RATIO: Final = _live(
    "support_sla_overdue_ratio",
    "Open-hours time past due by the target, of the worst clock that is breaching: 1 has waited twice its target.",
    _BY_SLA,
)
POLICY_LIVE_BREACHES: Final = _live(
    "support_sla_policy_live_breaches",
    "Live first-response breaches by the policy that holds: what pages count.",
    _POLICY_CLOCK,
)
POLICY_AT_RISK: Final = _live(
    "support_sla_policy_at_risk", "Tickets whose first response is at risk, by the policy that holds.", _POLICY_CLOCK
)

# ---------------------------------------------------------------------------------------------------- windows


def _window(name: str, meaning: str = "", labels: tuple[str, ...] = _WINDOW) -> Metric:
    return Metric(name, _GAUGE, labels, meaning, _WINDOWS)


WINDOW_CREATED: Final = _window("support_tickets_window_created")
WINDOW_RESOLVED: Final = _window("support_tickets_window_resolved")
WINDOW_REOPENED: Final = _window("support_tickets_window_reopened")
WINDOW_ESCALATED: Final = _window("support_tickets_window_escalated")
WINDOW_CLOSED_UNANSWERED: Final = _window("support_tickets_window_closed_unanswered")
FIRST_RESPONSE_REPLIES: Final = _window("support_first_response_window_replies")
FIRST_RESPONSE_DURATION: Final = _window(
    "support_first_response_window_duration_seconds",
    "Sum of the first response times of the first replies in the window.",
)
FIRST_RESPONSE_MET: Final = _window("support_first_response_window_met", "First replies within their target.")
FIRST_RESPONSE_BREACHED: Final = _window("support_first_response_window_breached", "First replies past their target.")
FIRST_RESPONSE_P50: Final = _window("support_first_response_p50_seconds")
FIRST_RESPONSE_P90: Final = _window("support_first_response_p90_seconds")
COHORT_P50: Final = _window("support_first_response_cohort_p50_seconds")
COHORT_P90: Final = _window("support_first_response_cohort_p90_seconds")
RESOLUTION_TICKETS: Final = _window(
    "support_resolution_window_tickets", "Tickets resolved in the window, and resolved still."
)
RESOLUTION_DURATION: Final = _window(
    "support_resolution_window_duration_seconds",
    "Sum of the resolution times of the tickets resolved in the window, and resolved still.",
)
RESOLUTION_MET: Final = _window("support_resolution_window_met", "Resolutions within their target.")
RESOLUTION_BREACHED: Final = _window("support_resolution_window_breached", "Resolutions past their target.")
RESOLUTION_P50: Final = _window("support_resolution_p50_seconds")
RESOLUTION_P90: Final = _window("support_resolution_p90_seconds")
AWAITING_AGE: Final = Metric(
    "support_awaiting_first_response_age_seconds",
    Kind.GAUGE_HISTOGRAM,
    ("queue",),
    "How long the tickets without a first reply have waited so far, calendar time.",
    _WINDOWS,
)
ATTAINMENT: Final = _window(
    "support_sla_attainment_ratio",
    "Clocks met of those that ended in the window (first_response, resolution).",
    _WINDOW_SLA,
)
ATTAINMENT_NOW: Final = _window(
    "support_sla_attainment_now_ratio",
    "Clocks met of those that ended in the window and of the live breaches that came due in it.",
    _WINDOW_SLA,
)
SURVEY_RESPONSES: Final = _window(
    "support_survey_responses", "Answers behind a survey's numbers.", ("queue", "window", "survey")
)
CSAT_WINDOW_RESPONSES: Final = _window("support_csat_window_responses", "CSAT answers on 1 to 5.")
CSAT_WINDOW_POINTS: Final = _window("support_csat_window_points", "Sum of the scores of the CSAT answers on 1 to 5.")
CSAT_WINDOW_SATISFIED: Final = _window("support_csat_window_satisfied", "CSAT answers of 4 or 5.")
CSAT_MEAN: Final = _window("support_csat_mean_score")
CSAT_SATISFIED: Final = _window("support_csat_satisfied_ratio")
CSAT_LOWER: Final = _window(
    "support_csat_satisfied_ratio_lower95", "Lower bound of the share of answers of 4 or 5 (Wilson, 95 %)."
)
CSAT_UPPER: Final = _window(
    "support_csat_satisfied_ratio_upper95", "Upper bound of the share of answers of 4 or 5 (Wilson, 95 %)."
)
NPS_WINDOW_RESPONSES: Final = _window(
    "support_nps_window_responses", "NPS answers by category.", ("queue", "window", "category")
)
NPS_SCORE: Final = _window("support_nps_score")
NPS_LOWER: Final = _window("support_nps_lower95", "Lower bound of the Net Promoter Score (adjusted Wald, 95 %).")
NPS_UPPER: Final = _window("support_nps_upper95", "Upper bound of the Net Promoter Score (adjusted Wald, 95 %).")
CES_WINDOW_RESPONSES: Final = _window("support_ces_window_responses", "Customer effort answers on 1 to 7.")
CES_WINDOW_POINTS: Final = _window("support_ces_window_points", "Sum of the scores of the customer effort answers.")
CES_MEAN: Final = _window("support_ces_mean_score")
CES_HALFWIDTH: Final = _window(
    "support_ces_halfwidth95", "Half the width of the interval of the mean customer effort (Student t, 95 %)."
)


def _of_the_floor(metric: Metric) -> Metric:
    labels = tuple(label for label in metric.labels if label != "queue")
    return Metric(metric.name.replace("support_", "support_floor_", 1), metric.kind, labels, metric.meaning, _FLOOR)


#: Metric by queue -> the same of the whole floor, for what cannot be summed over queues: decision 0003.
FLOOR: Final = {
    metric: _of_the_floor(metric)
    for metric in (
        FIRST_RESPONSE_P50, FIRST_RESPONSE_P90, COHORT_P50, COHORT_P90, RESOLUTION_P50, RESOLUTION_P90,
        ATTAINMENT, ATTAINMENT_NOW, CSAT_MEAN, CSAT_SATISFIED, CSAT_LOWER, CSAT_UPPER,
        NPS_SCORE, NPS_LOWER, NPS_UPPER, CES_MEAN, CES_HALFWIDTH,
    )
}  # fmt: skip


def _floor(name: str, meaning: str = "", labels: tuple[str, ...] = ("window",)) -> Metric:
    return Metric(f"support_floor_{name}", _GAUGE, labels, meaning, _FLOOR)


COMPLAINTS_CREATED: Final = _floor("window_complaints")
COMPLAINT_ESCALATION: Final = _floor("complaint_escalation_ratio")
ESCALATION: Final = _floor("escalation_ratio")
CONVERSION: Final = _floor("conversion_ratio")
MESSAGES_UNANSWERED: Final = _floor("window_messages_unanswered")
FIRST_RESOLUTION: Final = _floor("first_resolution_mean_seconds")
CES_INDEX: Final = _floor("ces_index")
CSAT_CHANGE: Final = _floor("csat_satisfied_ratio_change")
CSAT_CHANGE_LOWER: Final = _floor(
    "csat_satisfied_ratio_change_lower95", "Lower bound of the satisfaction improvement (Newcombe, 95 %)."
)
CSAT_CHANGE_UPPER: Final = _floor(
    "csat_satisfied_ratio_change_upper95", "Upper bound of the satisfaction improvement (Newcombe, 95 %)."
)
SERVQUAL_OVERALL: Final = _floor("servqual_overall_gap")
SERVQUAL_GAP: Final = _floor(
    "servqual_gap", "Mean of perception - expectation of one dimension of SERVQUAL.", ("window", "dimension")
)
BRAND_PREFERRED: Final = _floor("brand_preferred_ratio", "Share of answers to `preferred`, 0 or 1, that prefer us.")
BRAND_PREFERRED_ANSWERS: Final = _floor("brand_preferred_answers", "Answers to `preferred`, 0 or 1.")
BRAND_EXPECTED: Final = _floor("brand_expected_ratio")
RESPONSE_RATIO: Final = _floor("survey_response_ratio", labels=("window", "survey"))
SURVEYS_SENT: Final = _floor("surveys_sent", "Surveys sent (csat, nps, ces).", ("window", "survey"))
RESOLVED_NOW: Final = _floor("tickets_resolved_now", labels=())
OPEN_WEEK_AGO: Final = _floor("tickets_open_week_ago", "Tickets that were open a week before the last whole hour.", ())
OPEN_NORMAL: Final = _floor("tickets_open_normal", "Median of the tickets open at that hour of the last 4 weeks.", ())
CREATED_LATELY: Final = _floor("tickets_created_recently", "Tickets created in as many whole hours as the window has.")
CREATED_WEEK_AGO: Final = _floor("tickets_created_week_ago", "Tickets created in the same hours a week before.")
CREATED_NORMAL: Final = _floor(
    "tickets_created_normal", "Median of the tickets created in these hours of the last 4 weeks."
)

SLOW_KPI: Final = Metric(
    "support_slow_kpi", _GAUGE, ("kpi", "queue"), "The latest value; `queue` is empty for the whole floor.", _SLOW
)
SLOW_KPI_AS_OF: Final = Metric(
    "support_slow_kpi_as_of_timestamp_seconds", _GAUGE, ("kpi", "queue"), "When its facts were reported.", _SLOW
)

# ------------------------------------------------------------------------------------ configuration and build

SLA_TARGET: Final = Metric(
    "support_sla_target_seconds",
    _GAUGE,
    _POLICY,
    "Target of a policy in force; queue and priority are empty where it matches any.",
    _SETTINGS,
)
SLA_OBJECTIVE: Final = Metric(
    "support_sla_objective_ratio", _GAUGE, _POLICY, "Share of clocks to be met under the same policy.", _SETTINGS
)
BUILD: Final = Metric("support_build_info", _INFO, ("version", "revision", "python"), "1; what is running.", _SETTINGS)
CONFIG: Final = Metric(
    "support_config_info", _INFO, ("sha256",), "1; the configuration file that is in use.", _SETTINGS
)

# ---------------------------------------------------------------------------------------------------- quality


def _quality(name: str, meaning: str, labels: tuple[str, ...] = ()) -> Metric:
    return Metric(name, _GAUGE, labels, meaning, _QUALITY)


WINDOW_COMPLETE: Final = _quality(
    "support_window_complete", "1 where the history known covers the whole window.", ("window",)
)
ORPHANED: Final = _quality("support_tickets_orphaned", "Tickets whose creation is not known yet; in no other number.")
CLOCK_SKEW: Final = _quality("support_events_clock_skew", "Events shortly before creation, counted as at it.")
BEFORE_CREATION: Final = _quality("support_events_before_creation", "Events earlier still, left out of all clocks.")
FULL_HISTORIES: Final = _quality(
    "support_tickets_full_histories", "Histories of 256 elements, whose older ones are gone."
)

# --------------------------------------------------------------------------------------------------- pipeline


def _pipeline(name: str, kind: Kind, labels: tuple[str, ...], meaning: str) -> Metric:
    return Metric(f"support_pipeline_{name}", kind, labels, meaning, _PIPELINE)


EVENTS: Final = _pipeline("events_total", _COUNTER, ("topic",), "Records read.")
DEAD_LETTERED: Final = _pipeline(
    "events_dead_lettered_total", _COUNTER, ("topic", "reason"), "Records sent to the dead-letter topic."
)
DUPLICATE: Final = _pipeline(
    "events_duplicate_total", _COUNTER, _BY_PARTITION, "Events that changed nothing: applied already, or of no effect."
)
TOO_OLD: Final = _pipeline(
    "events_too_old_total", _COUNTER, _BY_PARTITION, "Events older than the retention, of unknown tickets; left out."
)
MISROUTED: Final = _pipeline(
    "events_misrouted_total", _COUNTER, (), "Batches with a key that belongs to another partition; tickets are split."
)
CHANGELOG_RECORDS: Final = _pipeline("changelog_records_total", _COUNTER, (), "Records written to the changelog.")
RECOVERED_RECORDS: Final = _pipeline("recovered_records_total", _COUNTER, (), "Records read back from the changelog.")
EXPIRED: Final = _pipeline("tickets_expired_total", _COUNTER, (), "Tickets dropped beyond the retention.")
REBALANCES: Final = _pipeline("rebalances_total", _COUNTER, (), "Assignments of partitions seen.")
PARTITION_READY: Final = _pipeline(
    "partition_ready",
    _GAUGE,
    _BY_PARTITION,
    "1 when recovered and caught up, 0 while it is not; absent where not owned.",
)
PARTITIONS: Final = _pipeline("partitions", _GAUGE, (), "Partitions that the event topics have.")
TOPIC_PARTITIONS: Final = _pipeline("topic_partitions", _GAUGE, ("topic",), "Partitions that this topic has.")
RECOVERING: Final = _pipeline("recovering", _GAUGE, (), "1 while a partition is being recovered.")
RECOVERY_SECONDS: Final = _pipeline("recovery_seconds", _GAUGE, (), "How long the last recovery took.")
CONSUMER_LAG: Final = _pipeline(
    "consumer_lag", _GAUGE, ("topic", "partition"), "Records between what is processed and the topic's end."
)
LAST_EVENT: Final = _pipeline(
    "last_event_timestamp_seconds", _GAUGE, _BY_PARTITION, "Time of the newest event applied."
)
HISTORY_SINCE: Final = _pipeline(
    "history_since_timestamp_seconds", _GAUGE, _BY_PARTITION, "Time of the earliest event known."
)
TABLE_KEYS: Final = _pipeline("table_keys", _GAUGE, ("table", "partition"), "Entries kept.")
COLLECT_SECONDS: Final = _pipeline(
    "collect_seconds", _GAUGE, (), "How long the previous scrape kept batches waiting to copy its numbers."
)

PUBLISHES: Final = Metric(
    "support_snapshot_publishes_total", _COUNTER, (), "Times that this worker wrote its mirror to Redis.", _PIPELINE
)
PUBLISH_FAILURES: Final = Metric(
    "support_snapshot_publish_failures_total", _COUNTER, (), "Times that it could not: walls are then stale.", _PIPELINE
)

# ------------------------------------------------------------------------------------------------------ feeds


def _feed(name: str, meaning: str) -> Metric:
    return Metric(f"support_feed_{name}", _GAUGE, ("source",), meaning, _FEEDS)


FEED_LAST_EVENT: Final = _feed(
    "last_event_timestamp_seconds",
    "Time of the newest event read; history, appended more than a day after it happened, does not count.",
)
FEED_DELAY: Final = _feed(
    "delivery_delay_seconds",
    "From event to record, the median over the last two minutes of records, history apart; absent where no record was "
    "appended in the last 15 minutes.",
)
FEED_SILENT_BEFORE: Final = _feed(
    "silent_before_timestamp_seconds",
    "Silent is a source whose last event is earlier than this: `silent_after` of open time ago. By configuration and "
    "clock alone; absent while the source's calendar is closed.",
)
FEED_LATE_AFTER: Final = _feed("late_after_seconds", "Late is a source with a longer delay: `late_after`.")

ALL: Final = tuple(
    metric
    for found in list(globals().values())  # in the order of this file
    for metric in ((found,) if isinstance(found, Metric) else found.values() if found is FLOOR else ())
)
