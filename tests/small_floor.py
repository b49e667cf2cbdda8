"""A floor of a few tickets, from events through the real tickets: what the golden exposition is made of.

Partition 0 is ready, partition 1 is catching up. As of noon; only the window of one hour, and today.
"""

import json
from typing import Any

from metrics.activity import Activity
from metrics.exposition import View, view
from metrics.instants import HOUR, MINUTE, parse_instant
from metrics.pipeline import Build, Pipeline
from metrics.policies import Policies, Policy, Rules, Window
from stream.records import Records
from stream.tickets import Admission, Tickets

NOW = parse_instant("2026-10-07T12:00:00Z")
RULES = Rules(
    windows=(Window("1h", HOUR, MINUTE),),
    policies=Policies(
        [
            Policy(name="urgent", match={"priority": frozenset({"urgent"})}, first_response=7 * MINUTE, objective=0.95),
            Policy(
                name="usual",
                match={"priority": frozenset({"high", "normal"})},
                first_response=HOUR,
                next_response=HOUR,
                resolution=24 * HOUR,
            ),
        ]
    ),
)
PIPELINE = Pipeline(
    topics=("ticket-created", "survey-responses"),
    partitions=2,
    records={"ticket-created": 5},
    dead_letters={("survey-responses", "bad_score"): 1},
    lag={("ticket-created", 0): 0, ("ticket-created", 1): 12},
    changelog_records=7,
    rebalances=1,
    recovery_seconds=0.25,
    build=Build(version="0.1.0", revision="abc1234", python="3.11.7", config_sha256="e3b0c442"),
)


class SmallFloor:
    """Two partitions, fed event by event."""

    def __init__(self, rules: Rules = RULES, partitions: int = 2) -> None:
        self.activity = Activity(rules, lambda: NOW)
        self.tickets = Tickets(rules, Admission(), self.activity.observe)
        self.opened = [self.tickets.open(number) for number in range(partitions)]
        self._ids = 0

    def tell(self, what: str, ticket: str, time: str, partition: int = 0, **data: Any) -> None:
        """One event of today, as ``HH:MM``."""
        self._ids += 1
        subject, kind = f"ticket-{ticket}", "survey" if what == "answered" else "ticket"
        event = {
            "specversion": "1.0",
            "id": str(self._ids),
            "source": "desk",
            "type": f"support.{kind}.{what}",
            "subject": subject,
            "time": f"2026-10-07T{time}:00Z",
        }
        value = json.dumps(event | {"data": data} if data else event).encode()
        applied = self.opened[partition].apply(Records("t", partition, [0], [0], [subject.encode()], [value]), NOW)
        assert not applied.refused

    def create(
        self, ticket: str, time: str, queue: str, priority: str, channel: str = "email", at: int = 0, **more: str
    ) -> None:
        self.tell("created", ticket, time, at, queue=queue, priority=priority, channel=channel, **more)

    def view(self, *ready: int, windows: bool = True) -> View:
        """As of noon, with these partitions ready."""
        snapshot = self.tickets.snapshot(NOW, ready, len(self.opened)) if windows else None
        return view(self.tickets, ready, self.activity, PIPELINE, NOW, snapshot)


def small_floor() -> SmallFloor:
    """One of everything."""
    floor = SmallFloor()
    floor.create("late", "10:30", "billing", "high")
    floor.create("at-risk", "11:10", "returns", "normal")
    floor.create("escalated", "11:20", "billing", "high", "phone", kind="complaint")
    floor.tell("escalated", "escalated", "11:50")
    floor.tell("paused", "escalated", "11:51")
    floor.create("no-policy", "11:00", "returns", "low")
    floor.tell("replied", "no-policy", "11:05", agent="a")
    floor.tell("customer-replied", "no-policy", "11:06")
    floor.create("solved", "11:46", "billing", "urgent", "chat")
    floor.tell("replied", "solved", "11:53", agent="a")
    floor.tell("resolved", "solved", "11:58")
    floor.tell("converted", "solved", "11:59", value=12)
    floor.tell("answered", "solved", "11:59", survey="csat", score=5)
    floor.tell("answered", "late", "11:59", survey="csat", score=3)
    floor.tell("answered", "late", "11:59", survey="nps", score=9)
    floor.tell("answered", "at-risk", "11:59", survey="ces", score=6)
    floor.tell("answered", "at-risk", "11:59", survey="ces", score=4, response="2")
    floor.create("unread", "09:00", "returns", "normal", at=1)
    floor.tell("replied", "orphan", "09:00", 1, agent="a")
    return floor
