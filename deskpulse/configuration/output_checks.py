"""What two keys say together in the tables of who is shown and told what: KPIs, walls, mutes, receivers, feeds.

As ``checks``: each rule is one small function of a draft, silent about a key that was taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from alerting.judged import BY_KPI, NOT_JUDGED
from alerting.settings import NOBODY
from deskpulse.configuration.draft import Draft, Finding, one_of
from deskpulse.configuration.model import BRAND
from deskpulse.configuration.outputs import Receiver
from deskpulse.configuration.problems import Path
from deskpulse.configuration.targets import CONVERSION
from deskpulse.configuration.values import closest
from metrics.catalogue import BY_NAME

#: What a receiver of each kind must have besides its secret. Alertmanager 0.25, which Debian has, reads the secrets
#: of Slack, PagerDuty, mail and of a bearer token from files, and a webhook's URL only from its configuration.
_NEEDED: Final = {
    "webhook": {
        "url": "the address it posts to, without anything secret in it: a secret goes beside it as bearer token"
    },
    "slack": {},
    "pagerduty": {},
    "email": {
        "to": "the address that mail goes to",
        "from": "the address that it comes from",
        "smarthost": "the server that takes it, as host:port",
    },
}
_OF_KIND: Final = {
    "url": ("webhook",),
    "to": ("email",),
    "from": ("email",),
    "smarthost": ("email",),
    "username": ("email",),
}


def _kpis(draft: Draft) -> Iterator[Finding]:
    windows = (*draft.configuration.windows.rolling, "today")
    for name, kpi in draft.configuration.kpis.items():
        places: dict[Path, str | None] = {("kpis", name, "window"): kpi.window}
        places |= {("kpis", name, "queues", queue, "window"): own.window for queue, own in kpi.queues.items()}
        for path, window in places.items():
            if window is not None and window not in windows and draft.sound("windows"):
                yield (path, f"expected a window of windows.rolling, or today: {', '.join(windows)}")
        if kpi.within is not None and name != CONVERSION:
            yield (("kpis", name, "within"), f"expected only in [kpis.{CONVERSION}]")
        for queue in kpi.queues:
            yield from _queues_known(draft, ("kpis", name, "queues", queue), (queue,))
        if kpi.expected and name != BRAND:
            yield (("kpis", name, "expected"), f"expected no such key: it is of kpis.{BRAND} only")


def _queues(draft: Draft) -> Iterator[Finding]:
    for name, wall in draft.configuration.walls.items():
        yield from _queues_known(draft, ("walls", name, "queues"), wall.queues)
    for place, mute in zip(draft.places["mutes"], draft.configuration.mutes, strict=True):
        yield from _queues_known(draft, ("mutes", place, "queues"), mute.queues)


def _queues_known(draft: Draft, path: Path, queues: tuple[str, ...] | None) -> Iterator[Finding]:
    known = draft.configuration.labels.queues
    for queue in queues or ():
        if known is not None and queue not in (*known, "other"):
            yield (path, f'expected queues of labels.queues, and "{queue}" is none{closest(queue, known)}')


def _mutes(draft: Draft) -> Iterator[Finding]:
    for place, mute in zip(draft.places["mutes"], draft.configuration.mutes, strict=True):
        if mute.to <= mute.from_:
            yield (("mutes", place, "to"), "expected an instant after from")


def _receivers(draft: Draft) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for place, receiver in zip(draft.places["receivers"], draft.configuration.receivers, strict=True):
        first = seen.setdefault(receiver.name, place)
        if first != place:
            yield (("receivers", place, "name"), f"expected another name: receivers[{first}] has it")
        if receiver.name == NOBODY:
            yield (("receivers", place, "name"), "expected another name: this one is where unwanted alerts go")
        if draft.sound("receivers", place):
            yield from _receiver(("receivers", place), receiver)
            yield from _contact_point(("receivers", place), receiver, draft.configuration.grafana.contact_points)


def _receiver(path: Path, receiver: Receiver) -> Iterator[Finding]:
    """A receiver has the keys of its kind, and says where its secret is where it has to."""
    needed = _NEEDED[receiver.kind]
    given = {key for key in _OF_KIND if getattr(receiver, _field(key)) is not None}
    missing = [f"{key}, {meaning}" for key, meaning in needed.items() if key not in given]
    if missing:
        yield (path, f"expected {'; '.join(missing)}")
    for key in sorted(given - needed.keys()):
        if receiver.kind not in _OF_KIND[key]:
            yield ((*path, key), f"expected only where kind is {' or '.join(_OF_KIND[key])}")
    secrets = (receiver.secret_env is not None) + (receiver.secret_file is not None)
    if secrets == 2 or (secrets == 0 and receiver.kind in {"slack", "pagerduty"}):
        yield (path, "expected either secret_env or secret_file: where the secret is")
    if receiver.kind == "email" and secrets != (receiver.username is not None):
        yield (path, "expected username and a secret, its password, or neither")


def _contact_point(path: Path, receiver: Receiver, is_wanted: bool) -> Iterator[Finding]:  # noqa: FBT001
    """Grafana takes `$` and `}` of a path for its own."""
    if is_wanted and set("$}") & set(receiver.secret_file or ""):
        yield ((*path, "secret_file"), "expected a path without $ and }, which Grafana does not read as they stand")


def _field(key: str) -> str:
    return "from_" if key == "from" else key


def _watchdog(draft: Draft) -> Iterator[Finding]:
    receiver = draft.configuration.alerts.watchdog
    if receiver is not None and receiver not in draft.receivers:
        yield (("alerts", "watchdog"), one_of("[[receivers]]", receiver, draft.receivers))


def _ratios(draft: Draft) -> Iterator[Finding]:
    """KPIs are of the catalogue; a target is of one that has an interval, in its unit: alerts go by the bound."""
    for name, kpi in draft.configuration.kpis.items():
        judged = BY_KPI.get(name)
        if name not in BY_NAME:
            yield (("kpis", name), f"expected a KPI of docs/kpis.md{closest(name, BY_NAME)}")
            continue
        targets: dict[Path, float | None] = {("kpis", name, "target"): kpi.target}
        targets |= {("kpis", name, "queues", queue, "target"): own.target for queue, own in kpi.queues.items()}
        for path, target in targets.items():
            if target is not None and judged is None:
                why = NOT_JUDGED.get(name, "has no interval to judge by")
                yield (path, f"expected no target: {name} {why}; these can have one: {', '.join(BY_KPI)}")
            elif target is not None and judged is not None and not judged.least <= target <= judged.most:
                yield (path, f"expected a number from {judged.least:g} to {judged.most:g}")
        if kpi.queues and judged is not None and not judged.is_by_queue:
            why = f"Prometheus has {name} of the whole floor only, so no alert could be of a queue"
            yield (("kpis", name, "queues"), f"expected no such key: {why}")


def _feeds(draft: Draft) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for place, feed in zip(draft.places["feeds"], draft.configuration.feeds, strict=True):
        first = seen.setdefault(feed.source, place)
        if first != place:
            yield (("feeds", place, "source"), f"expected another source: feeds[{first}] has it")


RULES: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    _kpis,
    _ratios,
    _queues,
    _mutes,
    _receivers,
    _watchdog,
    _feeds,
)
