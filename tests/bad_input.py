"""Surveys and facts that no number may come of: what is wrong with each, and the reason it is refused for."""

from typing import Any

ANSWERED, REPORTED = "support.survey.answered", "support.business.reported"
PERIOD = {"start": "2026-01-01", "end": "2026-01-31"}
FACT = {"fact": "customers", "value": 1200, "period": PERIOD}

#: (what is wrong, reason, type, data)
BAD: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("csat over its scale", "bad_score", ANSWERED, {"survey": "csat", "score": 6}),
    ("csat under its scale", "bad_score", ANSWERED, {"survey": "csat", "score": 0}),
    ("csat over another scale", "bad_score", ANSWERED, {"survey": "csat", "scale": [1, 3], "score": 4}),
    ("nps over its scale", "bad_score", ANSWERED, {"survey": "nps", "score": 11}),
    ("nps under 1 to 10", "bad_score", ANSWERED, {"survey": "nps", "scale": [1, 10], "score": 0}),
    ("ces over its scale", "bad_score", ANSWERED, {"survey": "ces", "score": 8}),
    ("half a score", "bad_score", ANSWERED, {"survey": "csat", "score": 4.5}),
    ("a brand item over its scale", "bad_score", ANSWERED, {"survey": "brand", "item": "fast", "score": 2}),
    ("no SERVQUAL item", "missing_field", ANSWERED, {"survey": "servqual", "score": 5}),
    ("an unknown SERVQUAL item", "bad_field", ANSWERED, {"survey": "servqual", "item": "kindness.1", "score": 5}),
    ("a SERVQUAL item without a number", "bad_field", ANSWERED, {"survey": "servqual", "item": "empathy", "score": 5}),
    (
        "an expectation over its scale", "bad_score", ANSWERED,
        {"survey": "servqual", "item": "empathy.1", "score": 5, "expectation": 8},
    ),
    (
        "SERVQUAL on another scale", "bad_field", ANSWERED,
        {"survey": "servqual", "item": "empathy.1", "scale": [1, 5], "score": 5},
    ),
    ("no brand item", "missing_field", ANSWERED, {"survey": "brand", "score": 1}),
    (
        "a brand item on another scale", "bad_field", ANSWERED,
        {"survey": "brand", "item": "fast", "scale": [1, 7], "score": 1},
    ),
    ("an unknown survey", "bad_field", ANSWERED, {"survey": "happiness", "score": 1}),
    ("a fact without a period", "missing_field", REPORTED, {"fact": "customers", "value": 1200}),
    ("a period without an end", "missing_field", REPORTED, FACT | {"period": {"start": "2026-01-01"}}),
    ("an end before its start", "bad_field", REPORTED, FACT | {"period": {"start": "2026-02-01", "end": "2026-01-01"}}),
    ("a day that is none", "bad_field", REPORTED, FACT | {"period": PERIOD | {"end": "2026-02-30"}}),
    ("an unknown fact", "bad_field", REPORTED, FACT | {"fact": "happiness"}),
    ("a negative count", "bad_field", REPORTED, FACT | {"value": -1}),
    ("a fact in another unit", "bad_field", REPORTED, FACT | {"fact": "staffed_hours", "unit": "min"}),
    ("no value", "missing_field", REPORTED, {"fact": "customers", "period": PERIOD}),
    ("a value in words", "bad_field", REPORTED, FACT | {"value": "many"}),
)  # fmt: skip


def bad_surveys_and_facts() -> list[tuple[str, str, dict[str, Any]]]:
    """(reason, type, data) of each."""
    return [(reason, kind, data) for _wrong, reason, kind, data in BAD]
