"""What the alerts take of the configuration: `alerting.settings.Settings`, compiled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from alerting import settings as core
from alerting.judged import BY_KPI
from deskpulse.addresses import LOOPBACK, PORT_BOARD, PORT_WORKER, reached
from deskpulse.configuration.model import Configuration
from deskpulse.configuration.outputs import Receiver
from deskpulse.configuration.targets import CONVERSION, KpiTarget, QueueTarget, SlaPolicy

_MINIMUM_ANSWERS: Final = 30


def alerting_settings(configuration: Configuration) -> core.Settings:
    """The settings of the alerts that a configuration describes."""
    alerts, is_merging = configuration.alerts, configuration.redis.url is not None
    policies = tuple(_policies(configuration.sla)) if configuration.sla else core.Settings().policies
    return core.Settings(
        policies=policies,
        queues=configuration.labels.queues,
        windows=configuration.rules().windows,
        targets=tuple(_targets(configuration)),
        receivers=receivers(configuration),
        mutes=tuple(
            core.Mute(starts_at=mute.from_, ends_at=mute.to, queues=mute.queues, reason=mute.reason)
            for mute in configuration.mutes
        ),
        base_url=(alerts.base_url or _base_url(configuration)).rstrip("/"),
        runbook_url=alerts.runbook_url,
        alertmanager_url=alerts.alertmanager_url.rstrip("/"),
        grafana_url=alerts.grafana_url.rstrip("/"),
        scrape_targets=alerts.scrape_targets or (None if is_merging else (_worker_target(configuration),)),
        board=core.Board(
            target=alerts.board_target or _board_target(configuration),
            token_env=configuration.board.wall_token_env,
            is_merging=is_merging,
        ),
        interval=alerts.interval,
        secrets_dir=alerts.secrets_dir,
        watchdog=alerts.watchdog,
    )


def _policies(policies: tuple[SlaPolicy, ...]) -> Iterator[core.Policy]:
    for policy in policies:
        if policy.first_response is not None:
            page = policy.page
            yield core.Policy(
                name=policy.name,
                first_response=policy.first_response,
                objective=policy.objective,
                queues=None if policy.match.queue is None else frozenset(policy.match.queue),
                page=None
                if page is None
                else core.Page(breaching=page.breaching, severity=page.severity, receiver=page.receiver),
            )


def _targets(configuration: Configuration) -> Iterator[core.KpiTarget]:
    conversion_within = configuration.rules().conversion_within
    for name in BY_KPI:
        kpi = configuration.kpis.get(name)
        if kpi is None:
            continue
        matures = conversion_within if name == CONVERSION else 0
        yield from _target(name, None, kpi, kpi, matures)
        for queue, own in kpi.queues.items():
            yield from _target(name, queue, own, kpi, matures)


def _target(name: str, queue: str | None, own: QueueTarget, kpi: KpiTarget, matures: int) -> Iterator[core.KpiTarget]:
    """The target of a queue, with what it leaves open taken from the KPI."""
    target = own.target if own.target is not None else kpi.target
    if target is not None:
        yield core.KpiTarget(
            kpi=name,
            target=target,
            queue=queue,
            window=own.window or kpi.window,
            minimum_answers=own.minimum_answers or kpi.minimum_answers or _MINIMUM_ANSWERS,
            matures=matures,
        )


def receivers(configuration: Configuration) -> tuple[core.Receiver, ...]:
    """Who can be told of alerts, in the order of the file."""
    return tuple(map(_receiver, configuration.receivers))


def _receiver(receiver: Receiver) -> core.Receiver:
    return core.Receiver(
        name=receiver.name,
        kind=receiver.kind,
        secret_env=receiver.secret_env,
        secret_file=receiver.secret_file,
        url=receiver.url,
        to=receiver.to,
        sender=receiver.from_,
        smarthost=receiver.smarthost,
        username=receiver.username,
    )


def _base_url(configuration: Configuration) -> str:
    """The board where there is one for all workers, else the worker."""
    if configuration.redis.url is None:
        return f"http://{_worker_target(configuration)}"
    return f"http://{configuration.alerts.board_target or _board_target(configuration)}"


def _worker_target(configuration: Configuration) -> str:
    """On this machine; a port of 0 is not known before it runs."""
    return reached(configuration.worker.bind, configuration.worker.port or PORT_WORKER, LOOPBACK)


def _board_target(configuration: Configuration) -> str:
    return reached(configuration.board.bind, configuration.board.port or PORT_BOARD, LOOPBACK)
