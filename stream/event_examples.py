"""One full event of each type, with every field that it may have: for docs/events.md and the JSON Schemas.

They tell of one ticket and its customer; a test decodes each, validates it and holds that no field is left out.
"""

from __future__ import annotations

from typing import Any, Final

TICKET: Final = "4711"
SOURCE: Final = "zendesk/acme"

#: By type: when it happened, and what it says.
_TOLD: Final[dict[str, tuple[str, dict[str, Any] | None]]] = {
    "support.ticket.created": (
        "2026-10-01T08:00:00Z",
        {
            "queue": "billing", "channel": "email", "priority": "high", "brand": "acme", "kind": "complaint",
            "customer": "c-204", "origin": "customer",
        },
    ),
    "support.ticket.replied": ("2026-10-01T08:21:07.5Z", {"agent": "a-17", "author": "human", "public": True}),
    "support.ticket.resolved": ("2026-10-01T13:40:00+03:00", {"agent": "a-17"}),
    "support.ticket.reopened": ("2026-10-02T09:12:00Z", None),
    "support.ticket.escalated": ("2026-10-02T09:30:00Z", {"level": 2}),
    "support.ticket.updated": (
        "2026-10-02T09:31:00Z",
        {
            "queue": "returns", "channel": "phone", "priority": "urgent", "brand": "acme", "kind": "incident",
            "agent": "a-23",
        },
    ),
    "support.ticket.paused": ("2026-10-02T10:00:00Z", {"reason": "waiting for the carrier"}),
    "support.ticket.resumed": ("2026-10-02T15:00:00Z", {"reason": "the carrier answered"}),
    "support.ticket.customer-replied": ("2026-10-02T15:20:00Z", None),
    "support.ticket.converted": ("2026-10-02T16:00:00Z", {"value": 89.9}),
    "support.ticket.discarded": ("2026-10-03T07:00:00Z", {"reason": "merged"}),
    "support.ticket.restored": ("2026-10-03T07:05:00Z", {"reason": "merged by mistake"}),
    "support.survey.sent": (
        "2026-10-03T08:00:00Z",
        {"survey": "csat", "response": "r-88", "queue": "returns", "channel": "email"},
    ),
    "support.survey.answered": (
        "2026-10-03T18:30:00Z",
        {
            "survey": "servqual", "score": 4, "response": "r-89", "scale": [1, 7], "item": "responsiveness.2",
            "expectation": 6, "about": "team", "comment": "The second answer came too late.", "reasons": ["slow"],
            "queue": "returns", "channel": "email", "customer": "c-204",
        },
    ),
    "support.business.reported": (
        "2026-11-02T09:00:00Z",
        {
            "fact": "staffed_hours", "value": 412.5, "period": {"start": "2026-10-01", "end": "2026-10-31"},
            "queue": "billing", "unit": "h", "reported_by": "workforce planning",
            "definition": "hours on shift, breaks left out",
        },
    ),
}  # fmt: skip


def example(kind: str) -> dict[str, Any]:
    """The full event of one type, as a sender writes it."""
    time, data = _TOLD[kind]
    name = kind.removeprefix("support.").replace(".", "-")
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"{name}-{TICKET}-1",
        "source": SOURCE,
        "type": kind,
        "time": time,
        "subject": TICKET,
    }
    if kind == "support.business.reported" and data is not None:
        event["subject"] = f"fact:{data['fact']}:{data['queue']}:{data['period']['start']}"
    return event if data is None else event | {"data": data}
