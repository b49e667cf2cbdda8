"""A product's snapshot held against the oracle's, number by number."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.oracle.instants import instant

PERCENTILE_FACTOR = 1 / 0.99 * (1 + 1e-9)  # a relative error of 1 %, either of the two being the whole
EXACT_TOLERANCE = 1e-9  # relative: the last bits of a float
BOUND_TOLERANCE = 1e-6

#: What a sample is good for: without any, `none`.
WORDS = ("sample", "sla_sample", "sla_sample_now")

#: Objects whose keys are data, and keys that are there only with data: the product must have no other than the oracle.
CLOSED = ("items", "brand", "brand_1_5")
WITH_DATA = re.compile(r"(csat|nps|ces|brand)_\d+_\d+")


def differences(product: Mapping[str, Any], expected: Mapping[str, Any]) -> list[str]:
    """Every number that differs, as `path: got …, wanted …`; empty where they agree.

    Keys that only the product has are allowed. A queue that only one of them has must hold no number but zero.
    """
    found = _of_mapping("", product, {key: value for key, value in expected.items() if key != "queues"})
    got, wanted = product.get("queues", {}), expected["queues"]
    blank = _blank(expected["all"])
    for queue in sorted({*got, *wanted}):
        path = f".queues.{queue}"
        if queue not in got and _blank(wanted[queue]) != wanted[queue]:
            found.append(f"{path[1:]}: got nothing, wanted a queue with numbers")
        elif queue in got:
            found += _of_mapping(path, got[queue], wanted.get(queue, blank))
    return found


def _blank(wanted: Any) -> Any:
    """The same shape with nothing in it; flags stay."""
    if isinstance(wanted, Mapping):
        return {key: _blank_of(key, value) for key, value in wanted.items() if not WITH_DATA.fullmatch(key)}
    if isinstance(wanted, bool):
        return wanted
    return 0 if isinstance(wanted, int) else None


def _blank_of(key: str, value: Any) -> Any:
    if key.endswith("_accepted"):
        return {"values": [], "null": True}
    if key == "until":
        return value
    if key == "normal" and isinstance(value, float):
        return 0.0  # the median of counts
    if key in WORDS or key == "is_change":
        return "none" if key in WORDS else None
    if _is_closed(key, value):
        return {name: _blank(one) for name, one in value.items() if name == "preferred"}  # the one that is always there
    # Priorities that have nothing open may be left out.
    return {} if key == "priorities" else _blank(value)


def _is_closed(key: str, value: Any) -> bool:
    return key in CLOSED and "sent" not in value  # the response rate of `brand` is none of them


def _of_mapping(path: str, got: Any, wanted: Mapping[str, Any]) -> list[str]:
    if not isinstance(got, Mapping):
        return [f"{path[1:]}: got {got!r}, wanted an object"]
    found: list[str] = []
    for key, value in wanted.items():
        if key.endswith("_accepted"):
            continue
        here = f"{path}.{key}"
        if key not in got:
            found.append(f"{here[1:]}: missing, wanted {value!r}")
        elif isinstance(value, Mapping):
            found += _of_mapping(here, got[key], value)
            if _is_closed(key, value) and isinstance(got[key], Mapping):
                found += _extra(here, got[key].keys() - value.keys())
        elif not _agrees(key, got[key], value, wanted.get(f"{key}_accepted")):
            found.append(f"{here[1:]}: got {got[key]!r}, wanted {value!r}{_rule(wanted.get(f'{key}_accepted'))}")
    return found + _extra(path, filter(WITH_DATA.fullmatch, got.keys() - wanted.keys()))


def _extra(path: str, keys: Iterable[str]) -> list[str]:
    return [f"{path[1:]}.{key}: got it, wanted none" for key in sorted(keys)]


def _rule(accepted: Mapping[str, Any] | None) -> str:
    return "" if accepted is None else f" (accepted: {accepted!r})"


def _agrees(key: str, got: Any, wanted: Any, accepted: Mapping[str, Any] | None) -> bool:
    if accepted is not None:
        return _is_accepted(got, accepted)
    if wanted is None or got is None or isinstance(wanted, bool) or isinstance(got, bool):
        return got is wanted
    if isinstance(wanted, str):
        return got == wanted or _same_instant(got, wanted)
    if not isinstance(got, (int, float)):
        return False
    if key in ("p50", "p90"):
        return _within_a_bucket(got, wanted)
    if isinstance(wanted, int):
        return isinstance(got, int) and got == wanted
    tolerance = BOUND_TOLERANCE if key.endswith("95") else EXACT_TOLERANCE
    size = max(1.0, abs(wanted)) if key.endswith("95") else abs(wanted)
    return bool(abs(got - wanted) <= tolerance * size)


def _same_instant(got: Any, wanted: str) -> bool:
    try:
        return instant(got) == instant(wanted)
    except (TypeError, ValueError):
        return False


def _is_accepted(got: Any, accepted: Mapping[str, Any]) -> bool:
    if got is None:
        return bool(accepted["null"])
    return isinstance(got, (int, float)) and any(_within_a_bucket(got, value) for value in accepted["values"])


def _within_a_bucket(got: float, wanted: float) -> bool:
    if wanted == 0 or got == 0:
        return got == wanted
    return wanted / PERCENTILE_FACTOR <= got <= wanted * PERCENTILE_FACTOR
