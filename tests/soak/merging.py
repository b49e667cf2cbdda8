"""What several workers say, taken together as whoever asks all of them would: sums, earliest instants, weighted means.

Percentiles, ratios and bounds cannot be merged from outside and are left out, here and in what they are held against.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.oracle.compare import differences
from tests.oracle.instants import instant, text_of

SERIES = re.compile(r"(\w+)\{([^}]*)\} (\S+)")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def merged_differences(snapshots: Sequence[Mapping[str, Any]], expected: Mapping[str, Any]) -> list[str]:
    """Every number that can be merged and is not the oracle's."""
    wanted = mergeable(expected)
    queues = {queue for found in (*snapshots, expected) for queue in found["queues"]}
    got = merged([mergeable(found) for found in snapshots])
    for side in (got, wanted):
        for queue in queues - side["queues"].keys():
            side["queues"][queue] = blank(wanted["all"])
    return differences(got, wanted)


def mergeable(found: Mapping[str, Any]) -> dict[str, Any]:
    """The same without what cannot be merged; a mean becomes the sum it was made of."""
    kept: dict[str, Any] = {}
    for key, value in found.items():
        if isinstance(value, Mapping) and not key.endswith("_accepted"):
            kept[key] = mergeable(value)
        elif key == "week_ago":
            continue  # null where the history of one worker's partitions is too short, though that of all is not
        elif key.endswith("_at") or (isinstance(value, int) and not isinstance(value, bool)):
            kept[key] = value
        elif key == "mean" and "count" in found:
            kept["sum"] = value * found["count"] if value is not None else 0.0
    return kept


def merged(parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts and sums added up, the earliest of instants."""
    found: dict[str, list[Any]] = defaultdict(list)
    for part in parts:
        for key, value in part.items():
            found[key].append(value)
    return {key: _one(key, values) for key, values in found.items()}


def _one(key: str, values: list[Any]) -> Any:
    if isinstance(values[0], Mapping):
        return merged(values)
    if key.endswith("_at"):
        instants = [instant(value) for value in values if value is not None]
        return text_of(min(instants)) if instants else None
    return sum(values)


def blank(shape: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers of a queue that a worker has nothing of."""
    return {
        key: blank(value) if isinstance(value, Mapping) else None if key.endswith("_at") else type(value)()
        for key, value in shape.items()
    }


def sum_by_queue(expositions: Iterable[str], metric: str) -> dict[str, float]:
    """`sum by (queue) (max without (instance, job) (metric))` over what these workers export."""
    highest: dict[tuple[tuple[str, str], ...], float] = {}
    for exposition in expositions:
        for name, labels, value in SERIES.findall(exposition):
            if name == metric:
                key = tuple(LABEL.findall(labels))
                highest[key] = max(float(value), highest.get(key, float("-inf")))
    found: dict[str, float] = defaultdict(float)
    for key, number in highest.items():
        found[dict(key)["queue"]] += number
    return dict(found)
