"""What two keys or tables of the configuration say together: each rule is one small function.

A rule sees a draft: the sound part of the file, with every key that is wrong by itself taken out, so that one
mistake hides no other. A rule says nothing about a key that was taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Final
from urllib.parse import urlsplit

from deskpulse.configuration import broker_checks, output_checks
from deskpulse.configuration.draft import Draft, Finding, one_of
from deskpulse.configuration.model import compiled_policy, compiled_version
from deskpulse.configuration.problems import Path
from deskpulse.configuration.values import closest
from metrics.calendars import Calendar
from metrics.instants import DAY, LATEST, format_duration, format_instant, parse_instant

_CLOCKS: Final = ("first_response", "next_response", "resolution")

#: A target is tried on the last version of its calendar, from then on.
_TRIED_FROM: Final = parse_instant("2026-01-01T00:00:00Z")
_TRIED_DAYS: Final = 366


def _retention(draft: Draft) -> Iterator[Finding]:
    settled, least = draft.configuration.retention.settled, draft.configuration.retention_least()
    if settled is not None and settled < least and draft.sound("windows"):
        yield (
            ("retention", "settled"),
            f"expected at least {format_duration(least)}, twice the longest window + 1 day",
        )


def _samples(draft: Draft) -> Iterator[Finding]:
    samples = draft.configuration.samples
    if samples.enough < samples.caution and draft.sound("samples"):
        yield (("samples", "enough"), f"expected at least samples.caution, {samples.caution}")


def _ports(draft: Draft) -> Iterator[Finding]:
    port = draft.configuration.worker.port
    if (
        port
        and port == draft.configuration.board.port
        and draft.sound("worker", "port")
        and draft.sound("board", "port")
    ):
        yield (("board", "port"), f"expected another port than the worker's, {port}")


def _secrets_in_file(draft: Draft) -> Iterator[Finding]:
    url, path = draft.configuration.redis.url, ("redis", "url")
    if url is not None and urlsplit(url).password and path not in draft.from_environment:
        yield (path, "expected a URL without a password: give the whole URL in DESKPULSE_REDIS")


def _aliases(draft: Draft) -> Iterator[Finding]:
    labels = draft.configuration.labels
    for old, new in labels.aliases.items():
        path = ("labels", "aliases", old)
        if new in labels.aliases:
            yield (path, f'expected the queue\'s present name; "{new}" is itself renamed to "{labels.aliases[new]}"')
        elif labels.queues is not None and new not in labels.queues and new not in _matched_queues(draft):
            yield (path, f"expected a queue of labels.queues{closest(new, labels.queues)}")
        if labels.queues is not None and old in labels.queues:
            yield (path, f'expected a name that is not in labels.queues: "{old}" is renamed to "{new}"; remove one')


def _matched_queues(draft: Draft) -> set[str]:
    """Queues that a policy names: those have a meaning even where labels fold them into "other"."""
    return {queue for policy in draft.configuration.sla for queue in policy.match.queue or ()}


def _calendars(draft: Draft) -> Iterator[Finding]:
    for name, calendar in draft.configuration.calendars.items():
        versions = calendar.versions
        for place, (earlier, later) in enumerate(pairwise(versions), start=1):
            path: Path = ("calendars", name, "versions", place, "from")
            if later.from_ is None:
                if draft.sound(*path):
                    yield (path, "expected an instant: only the first version may leave it out")
            elif earlier.from_ is not None and later.from_ <= earlier.from_:
                yield (path, "expected an instant after the version before it: versions ascend")
        last: Path = ("calendars", name, "versions", len(versions) - 1, "week")
        if not versions[-1].week.opens() and draft.sound(*last):
            yield (last, "expected opening hours on some weekday: this calendar never opens, so no clock would end")


def _clocks(draft: Draft) -> Iterator[Finding]:
    for place, policy in draft.policies():
        path: Path = ("sla", place)
        given = [clock for clock in _CLOCKS if getattr(policy, clock) is not None]
        if not given and all(draft.sound(*path, clock) for clock in _CLOCKS):
            yield (path, f"expected at least one of {', '.join(_CLOCKS)}")
        elif policy.page is not None and policy.first_response is None and draft.sound(*path, "first_response"):
            yield ((*path, "page"), "expected first_response beside it: a page counts its breaches")


def _targets(draft: Draft) -> Iterator[Finding]:
    used = {policy.calendar for _, policy in draft.policies() if policy.calendar is not None}
    opened = {name: _opened(draft, name) for name in used}
    for place, policy in draft.policies():
        start, most = opened.get(policy.calendar or "") or (0, LATEST)
        for clock in _CLOCKS:
            if (getattr(policy, clock) or 0) > most:
                opens = f'calendar "{policy.calendar}" opens in the {_TRIED_DAYS} days from {format_instant(start)}'
                remedy = "shorten the target, or lengthen the hours"
                yield (("sla", place, clock), f"expected at most {format_duration(most)}, all that {opens}: {remedy}")


def _opened(draft: Draft, name: str) -> tuple[int, int] | None:
    """From when on a calendar is tried, and how long it opens then; None where the calendar is wrong by itself."""
    calendar = draft.configuration.calendars.get(name)
    if calendar is None or not draft.sound("calendars", name) or not draft.sound("floor", "time_zone"):
        return None
    last = calendar.versions[-1]
    if not last.week.opens():
        return None
    start = max(last.from_ or _TRIED_FROM, _TRIED_FROM)
    tried = Calendar(name, (compiled_version(last, draft.configuration.floor.time_zone),))
    return start, tried.elapsed(start, min(start + _TRIED_DAYS * DAY, LATEST))


def _references(draft: Draft) -> Iterator[Finding]:
    for place, policy in draft.policies():
        yield from _calendar_given(draft, ("sla", place, "calendar"), policy.calendar)
        receiver = policy.page.receiver if policy.page is not None else None
        if receiver is not None and receiver not in draft.receivers:
            yield (("sla", place, "page", "receiver"), one_of("[[receivers]]", receiver, draft.receivers))
    for place, feed in zip(draft.places["feeds"], draft.configuration.feeds, strict=True):
        yield from _calendar_given(draft, ("feeds", place, "calendar"), feed.calendar)


def _calendar_given(draft: Draft, path: Path, calendar: str | None) -> Iterator[Finding]:
    if calendar is not None and calendar not in draft.calendars:
        yield (path, one_of("[calendars]", calendar, draft.calendars))


def _matched_aliases(draft: Draft) -> Iterator[Finding]:
    aliases = draft.configuration.labels.aliases
    for place, policy in draft.policies():
        for old in policy.match.queue or ():
            if old in aliases:
                yield (
                    ("sla", place, "match", "queue"),
                    f'expected present names: "{old}" is renamed to "{aliases[old]}", which policies match',
                )


def _policy_names(draft: Draft) -> Iterator[Finding]:
    seen: dict[tuple[str, int | None], int] = {}
    for place, policy in draft.policies():
        first = seen.setdefault((policy.name, policy.from_), place)
        if first != place and draft.sound("sla", place, "from") and draft.sound("sla", first, "from"):
            yield (("sla", place, "name"), f"expected another name, or another from: sla[{first}] has both")


def _shadowed(draft: Draft) -> Iterator[Finding]:
    sound = [
        (place, compiled_policy(policy))
        for place, policy in draft.policies()
        if draft.sound("sla", place, "match") and draft.sound("sla", place, "from")
    ]
    for index, (place, policy) in enumerate(sound):
        earlier = next((found for found in sound[:index] if found[1].covers(policy)), None)
        if earlier is not None:
            other = f'sla[{earlier[0]}] "{earlier[1].name}"'
            remedy = f"{other} matches all of these first: move this policy before it, or narrow that one"
            yield (("sla", place), f"expected tickets that an earlier policy leaves over; {remedy}")


RULES: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (
    _retention,
    _samples,
    _ports,
    _secrets_in_file,
    _aliases,
    _calendars,
    _clocks,
    _targets,
    _references,
    _matched_aliases,
    _policy_names,
    _shadowed,
    *broker_checks.RULES,
    *output_checks.RULES,
)


def findings(draft: Draft) -> Iterator[Finding]:
    """All that the rules find in a draft."""
    for rule in RULES:
        yield from rule(draft)
