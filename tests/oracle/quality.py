"""How good the data is, from the distinct events of each subject one by one.

What the texts leave open, and how it is read here:

 1. An orphan is a subject without any `created` that has something of a ticket: a value, a public human reply, a
    resolve, a reopen, a pause, a resume, a customer's message, an escalation or a sale. One that only answers surveys,
    reports facts or was discarded is none.
 2. Events that take part in no clock wherever they lie are not early: replies of bots, automatic or private ones,
    and messages that a later public human reply answers. Attributes, surveys and discards hold at any instant.
 3. Of a discarded ticket nothing is counted.
 4. A history is full where it holds 256 elements; one that lost older ones looks the same.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.oracle.configuration import OracleConfiguration
from tests.oracle.tickets import HISTORY_MAX, Happening, is_discarded

VALUES = ("queue", "channel", "priority", "brand", "kind", "agent")
HISTORIES = {
    "ticket.replied": "replies",
    "ticket.resolved": "resolves",
    "ticket.reopened": "resolves",
    "ticket.paused": "pauses",
    "ticket.resumed": "pauses",
    "ticket.escalated": "escalations",
    "ticket.customer-replied": "messages",
    "ticket.converted": "sales",
}


def data_quality(subjects: Mapping[str, Sequence[Happening]], configuration: OracleConfiguration) -> dict[str, int]:
    """What is counted of the tickets, whatever the order in which their events came."""
    found = {"orphans": 0, "clock_skew": 0, "before_creation": 0, "full_histories": 0}
    for happenings in subjects.values():
        if is_discarded(list(happenings)):
            continue
        creation = next((one.at for one in happenings if one.kind == "ticket.created"), None)
        parts = _that_take_part(happenings)
        gives_values = [one for one in happenings if _gives_a_value(one)]
        if creation is None:
            found["orphans"] += bool(parts or gives_values)
            continue
        ahead = [creation - one.at for one in parts if one.at < creation]
        found["clock_skew"] += sum(by <= configuration.skew for by in ahead)
        found["before_creation"] += sum(by > configuration.skew for by in ahead)
        lengths = Counter(HISTORIES[one.kind] for one in parts)
        lengths["replies"] = sum(by.kind == "ticket.replied" and by.at < creation for by in parts)
        lengths["values"] = len(gives_values)
        found["full_histories"] += sum(length >= HISTORY_MAX for length in lengths.values())
    return found


def _that_take_part(happenings: Sequence[Happening]) -> list[Happening]:
    replies = [one for one in happenings if one.kind == "ticket.replied" and _is_public_and_human(one)]
    answered_until = max((one.at for one in replies), default=None)
    rest = [one for one in happenings if one.kind in HISTORIES and one.kind != "ticket.replied"]
    messages = "ticket.customer-replied"
    return replies + [one for one in rest if one.kind != messages or answered_until is None or one.at > answered_until]


def _is_public_and_human(reply: Happening) -> bool:
    return reply.data.get("author", "human") == "human" and reply.data.get("public", True) is True


def _gives_a_value(one: Happening) -> bool:
    return one.kind in ("ticket.created", "ticket.updated") and any(name in one.data for name in VALUES)
