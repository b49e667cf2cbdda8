"""The pipeline itself: what is missing, what is down, what is refused. None of it silences an alert of the floor."""

from __future__ import annotations

from typing import Final

from alerting.promql import READY, bridge
from alerting.rules import NONE, PAGE, TICKET, Alert, Concern, Recording, Rule
from alerting.settings import Settings

JOB: Final = "deskpulse"
INCOMPLETE: Final = "SupportKPIDataIncomplete"
DOWN: Final = "SupportKPIPipelineDown"
RECOVERY: Final = "SupportRecoveryTooLong"
WORKER: Final = "SupportWorkerDown"
STORM: Final = "SupportRebalanceStorm"
LETTERS: Final = "SupportEventsDeadLettered"
MISROUTED: Final = "SupportEventsMisrouted"
WATCHDOG: Final = "Watchdog"

PARTITIONS_READY: Final = "support_pipeline_partitions:ready"
PARTITIONS_EXPECTED: Final = "support_pipeline_partitions:expected"
REBALANCES_MANY: Final = 5

_PARTITIONS: Final = (
    Recording(PARTITIONS_READY, f"count{READY} or vector(0)", "Partitions ready now; 0 where nothing is exported."),
    Recording(
        PARTITIONS_EXPECTED,
        "max(support_pipeline_partitions > 0) or max(max_over_time(support_pipeline_partitions[6h]) > 0)",
        "Partitions that there are; remembered for six hours, so that it is known when nothing is exported.",
    ),
)


def concern(settings: Settings) -> Concern:
    """The file ``pipeline.yml``."""
    return Concern(
        name="pipeline",
        title="The pipeline",
        recordings=_PARTITIONS,
        alerts=(
            _incomplete(),
            _down(),
            _recovery(settings.interval),
            _worker(),
            _storm(),
            _letters(),
            _misrouted(),
            _watchdog(),
        ),
    )


def _incomplete() -> Alert:
    rule = Rule(
        expr=f"{PARTITIONS_READY} < on () {PARTITIONS_EXPECTED}",
        lasting="5m",
        severity=PAGE,
        summary="The pipeline is behind: numbers are partial",
        description="Only {{ $value }} of"
        f" {{{{ with query `{PARTITIONS_EXPECTED}` }}}}{{{{ . | first | value }}}}{{{{ end }}}} partitions are ready."
        " Tickets of the others are in no live number; breaches of theirs stand as last known.",
    )
    return Alert(
        name=INCOMPLETE,
        rules=(rule,),
        means="*Pipeline behind*: for five minutes fewer partitions have been ready than there are. A partition is "
        "ready when its table is recovered and its topics are read to the end. Until then its tickets are missing in "
        "live numbers, and new breaches in it are not seen; those that were seen keep their page.",
        look=(
            ("partitions that are not ready or nobody's", "max by (partition) (support_pipeline_partition_ready)"),
            ("records to be read", "sum by (partition) (max without (instance, job) (support_pipeline_consumer_lag))"),
            ("workers that are reached", f'up{{job="{JOB}"}}'),
            ("each worker's own reason", "/readyz of the worker"),
        ),
        act="Ask each worker's `/readyz`: it says what it is waiting for, and docs/operations.md what that means. "
        "Start a worker that is gone; add one where the lag grows. Meanwhile watch the help desk itself for breaches.",
        wrong="After the topics were made anew with fewer partitions, for up to six hours where no worker is up. "
        "Workers that Prometheus does not know (`alerts.scrape_targets`) count as missing.",
    )


def _down() -> Alert:
    rule = Rule(
        expr="max(max_over_time(support_pipeline_partitions[1d])) unless on () max(support_pipeline_partitions)",
        lasting="5m",
        severity=PAGE,
        summary="No worker is exporting anything",
        description="Prometheus has had no number of any worker for five minutes, and had some within a day. Nothing is"
        " measured; breaches that were firing stand as last known.",
    )
    return Alert(
        name=DOWN,
        rules=(rule,),
        means="No worker is reached at all, although one was within the last day. No new breach can be seen.",
        look=(
            ("workers that are reached", f'up{{job="{JOB}"}}'),
            ("why not", "/targets of Prometheus"),
        ),
        act="Start a worker: `deskpulse worker --config FILE`. Its last words are on stderr; exit code 1 with a reason "
        "means that it stopped itself. When it is ready, all pages are right again by themselves.",
        wrong="The workers run and Prometheus cannot reach them: a changed address, a firewall, a port. After a day it "
        "ends, whatever is the case.",
    )


def _recovery(interval: int) -> Alert:
    rule = Rule(
        expr=f"max by (instance) (last_over_time(support_pipeline_recovering[{bridge(interval)}])) == 1",
        lasting="10m",
        severity=PAGE,
        summary="{{ $labels.instance }} has been recovering for ten minutes",
        description="{{ $labels.instance }} has been reading its table from the changelog for ten minutes. At fifteen"
        " it ends itself.",
    )
    return Alert(
        name=RECOVERY,
        rules=(rule,),
        means="A worker reads its table back and does not get done. A million tickets take about 15 seconds.",
        look=(
            ("how far it is", "/readyz of the worker"),
            ("records read back a second", "rate(support_pipeline_recovered_records_total[1m])"),
        ),
        act="Where `/readyz` moves, wait: it is large, or the broker is slow. Where it stands still, look at the "
        "broker: a changelog partition without a leader, a network that drops. Then restart the worker.",
        wrong="Rarely. On many rebalances one after the other it starts again each time: see SupportRebalanceStorm.",
    )


def _worker() -> Alert:
    rule = Rule(
        expr=f'up{{job="{JOB}"}} == 0',
        lasting="2m",
        severity=TICKET,
        summary="{{ $labels.instance }} is not reached",
        description="Prometheus has not reached {{ $labels.instance }} for two minutes. If it was the owner of"
        " partitions, others take them over; if they cannot, the pipeline falls behind.",
    )
    return Alert(
        name=WORKER,
        rules=(rule,),
        means="One worker cannot be scraped. That alone loses no number: its partitions go to the others after the "
        "session timeout, and SupportKPIDataIncomplete pages where they do not.",
        look=(("workers that are reached", f'up{{job="{JOB}"}}'), ("its own state", "/healthz of the worker")),
        act="Start it, or take it out of `alerts.scrape_targets`.",
        wrong="A scrape that is too large or too slow fails too: `/targets` of Prometheus has the error.",
    )


def _storm() -> Alert:
    rule = Rule(
        expr=f"max(increase(support_pipeline_rebalances_total[10m])) > {REBALANCES_MANY}",
        lasting="15m",
        severity=TICKET,
        summary="Partitions keep changing hands",
        description='A worker saw {{ $value | printf "%.0f" }} rebalances in ten minutes, and it has gone on for a'
        " quarter of an hour. Numbers are partial during each.",
    )
    return Alert(
        name=STORM,
        rules=(rule,),
        means="The consumer group shares its partitions anew again and again: some worker comes and goes.",
        look=(
            ("rebalances by worker", "increase(support_pipeline_rebalances_total[10m])"),
            ("who comes and goes", f'changes(up{{job="{JOB}"}}[30m])'),
        ),
        act="Find the worker that restarts and read its last words. Two workers with the same `broker.instance_id` "
        "push each other out. A machine that stands still for longer than the session timeout does it too.",
        wrong="A slow rolling restart of many workers.",
    )


def _letters() -> Alert:
    rule = Rule(
        expr="sum by (topic, reason) (increase(support_pipeline_events_dead_lettered_total[15m])) > 0",
        severity=TICKET,
        summary="Events of {{ $labels.topic }} are refused: {{ $labels.reason }}",
        description='About {{ $value | printf "%.0f" }} records of {{ $labels.topic }} in the last 15 minutes went to'
        " the dead letters, for the reason {{ $labels.reason }}. They are in no number.",
    )
    return Alert(
        name=LETTERS,
        rules=(rule,),
        means="Records were refused and went to the topic `support-dead-letters`, with the reason in a header. What "
        "they said is in no number.",
        look=(
            (
                "by topic and reason",
                "sum by (topic, reason) (increase(support_pipeline_events_dead_lettered_total[1h]))",
            ),
        ),
        act="`deskpulse dead-letters list --since 1h` says which, where they came from and what is wrong. Mend the "
        "sender; `deskpulse dead-letters requeue` puts records back, as they are or mended. If many are refused the "
        "worker stops by itself (`dead_letters.max_ratio`).",
        wrong="Rarely. Records of somebody else on our topics are refused too.",
    )


def _misrouted() -> Alert:
    rule = Rule(
        expr="sum(increase(support_pipeline_events_misrouted_total[15m])) > 0",
        severity=TICKET,
        summary="Events arrive in the wrong partition: tickets are split",
        description='About {{ $value | printf "%.0f" }} batches in the last 15 minutes had a key that belongs to'
        " another partition. A ticket whose events lie in two partitions may count twice, or breach though answered.",
    )
    return Alert(
        name=MISROUTED,
        rules=(rule,),
        means="A producer shares out keys differently from ours (murmur2, as Java and aiokafka do). The events of one "
        "ticket then lie in several partitions: a reply is not found with its ticket.",
        look=(("batches, by worker", "increase(support_pipeline_events_misrouted_total[1h])"),),
        act="Find the producer: librdkafka needs `partitioner=murmur2_random`. Or partitions were added to a topic: "
        "never do that to one in use. Then send the events again to fresh topics.",
        wrong="One record of each batch is looked at: few wrong ones may be seen late.",
    )


def _watchdog() -> Alert:
    rule = Rule(
        expr="vector(1)",
        severity=NONE,
        summary="Alerts work",
        description="Fires always. Whoever expects it knows that alerts no longer work when it stops coming.",
    )
    return Alert(
        name=WATCHDOG,
        rules=(rule,),
        means="Nothing is wrong. It fires always, and goes every five minutes to the receiver `alerts.watchdog`, which "
        "should call when it stops.",
        act="When it is missing: Prometheus or Alertmanager is down, or cannot reach out.",
        wrong="It says nothing of the workers: for those there is SupportKPIPipelineDown.",
    )
