"""Adversarial event logs from one seed: everything a help desk sends, and what it should not send.

All instants lie before or at the log's end, and one event (of an orphan) lies exactly at it, so that the default
"as of" is the end; due instants, risk points and window edges are aimed at from there. Every event is good: none is
to be dead-lettered. An id is reused for other content only with another instant.
"""

import json
import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from tests.oracle.instants import DAY, HOUR, MINUTE, SECOND, instant, text_of
from tests.rare_cases import rare_cases

Event = dict[str, Any]

START = instant("2026-01-05T06:30:00Z")
SPAN = 40 * DAY + 7 * HOUR + 13 * MINUTE + 17 * SECOND + 123_456_789
SKEW = 2 * MINUTE

QUEUES = ("billing", "payments", "returns", "vip", "other", "пошта", "tech")
PRIORITIES = ("urgent", "high", "normal", "low")
CHANNELS = ("email", "chat", "phone", "web")
KINDS = ("question", "incident", "complaint", "")
SOURCES = ("desk/a", "desk/b", "zendesk/acme", "desk/é", "desk/\ufffd", "desk/\U0001f4de")
OFFSETS_MINUTES = (0, 0, 120, 345, -210, 840, -720)  # +05:45 and the ends of the map among them
TARGETS = (15 * MINUTE, HOUR, 8 * HOUR, 24 * HOUR, 30 * MINUTE)
ROLLING = (15 * MINUTE, HOUR, 6 * HOUR, 24 * HOUR, 7 * DAY, 30 * DAY)
WHOLE = "all five dimensions"
SERVQUAL_ITEMS = ("tangibles.1", "reliability.3", "reliability.12", "responsiveness.2", "assurance.99", "empathy.1")
INSTRUMENTS: tuple[tuple[str, tuple[int, int] | None, str | None], ...] = (
    ("csat", None, None),
    ("csat", (1, 5), None),
    ("csat", (0, 1), None),
    ("csat", (1, 10), None),
    ("csat", (1, 3), None),
    ("nps", None, None),
    ("nps", (0, 10), None),
    ("nps", (1, 10), None),
    ("ces", None, None),
    ("ces", (1, 7), "checkout"),
    ("servqual", (1, 7), "reliability.3"),
    ("servqual", None, WHOLE),
    ("servqual", (1, 7), WHOLE),
    ("brand", (0, 1), "preferred"),
    ("brand", None, "friendly"),
    ("brand", (1, 5), "friendly"),
    ("brand", (1, 5), "слово"),
    ("nps", (0, 5), None),
    ("csat", (1, 7), None),
)
DEFAULT_SCALES = {"csat": (1, 5), "nps": (0, 10), "ces": (1, 7), "servqual": (1, 7), "brand": (0, 1)}

TOPICS = {
    "support.ticket.created": "ticket-created",
    "support.ticket.replied": "ticket-first-reply",
    "support.ticket.resolved": "ticket-resolved",
    "support.survey.sent": "survey-responses",
    "support.survey.answered": "survey-responses",
    "support.business.reported": "business-facts",
}

# A configuration under which every rule of these logs matters; both sides read this one text.
CONFIGURATION_TOML = """
[floor]
time_zone = "Asia/Tehran"
[labels]
queues = ["billing", "returns", "пошта"]
aliases = { payments = "billing", tech = "workshop" }
[time]
live_since = 2026-01-20T00:00:00Z
skew = "2m"
[samples]
caution = 2
enough = 4
[kpis.brand]
expected = ["friendly", "never named"]
[calendars.office]
[[calendars.office.versions]]
holidays = ["2026-01-20", { date = "2026-01-25", open = ["10:00-16:00"] }]
[calendars.office.versions.week]
mon = ["05:00-12:30", "13:30-22:00"]
tue = ["05:00-12:30", "13:30-22:00"]
thu = ["06:00-24:00"]
fri = ["00:00-20:00"]
sat = ["00:00-24:00"]
[[calendars.office.versions]]
from = 2026-02-03T10:20:30.5Z
time_zone = "Europe/Istanbul"
public_holidays = "TR"
[calendars.office.versions.week]
mon = ["04:00-20:00"]
tue = ["04:00-23:00"]
wed = ["04:00-23:00"]
fri = ["00:00-24:00"]
sun = ["02:00-22:00"]
[[sla]]
name = "urgent money"
from = 2026-02-01T00:00:00Z
match = { queue = ["billing", "workshop"], priority = ["urgent", "high"] }
first_response = "15m"
next_response = "30m"
resolution = "8h"
at_risk = 0.3
[[sla]]
name = "complaints by chat"
match = { kind = ["complaint"], channel = ["chat", "phone"] }
first_response = "30m"
next_response = "1h"
calendar = "office"
[[sla]]
name = "the rest"
match = { priority = ["urgent", "high", "normal"] }
first_response = "1h"
next_response = "8h"
resolution = "24h"
"""


def topic_of(event: Mapping[str, Any]) -> str:
    """The topic that an event's type belongs to."""
    return TOPICS.get(event["type"], "ticket-changed")


def to_json_line(event: Mapping[str, Any]) -> bytes:
    """One line of a log, UTF-8, with its newline."""
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def shuffled(events: Iterable[Event], seed: int, duplicates: float = 0.3) -> list[Event]:
    """The same events in another order, a share of them sent again."""
    dice = random.Random(seed)
    once = list(events)
    log = once + dice.choices(once, k=round(len(once) * duplicates)) if once else []
    dice.shuffle(log)
    return log


def random_log(seed: int, tickets: int = 150, start: int = START, span: int = SPAN) -> list[Event]:
    """The log of a floor's worst weeks: about eight events a ticket, ending exactly at start + span."""
    desk = _Desk(random.Random(f"log {seed}"), start, start + span)
    for number in range(tickets):
        desk.ticket(f"T{number}")
    for number in range(max(4, tickets // 8)):
        desk.lone_survey(f"survey:R{number}")
        desk.orphan(f"O{number}")
    desk.fact()
    rare_cases(desk.event, desk.dice, desk.end, tickets)
    desk.event("ticket.customer-replied", desk.end, "O0")
    return desk.events


class _Desk:
    """The dice, the clock's limits, and the events so far."""

    def __init__(self, dice: random.Random, start: int, end: int) -> None:
        self.dice = dice
        self.start = start
        self.end = end
        self.events: list[Event] = []
        self._edges = self._instants_that_matter()
        self._steps: Sequence[tuple[int, Callable[[str, int, int], int]]] = (
            (6, self._reply),
            (4, self._resolve),
            (3, self._reopen),
            (4, self._customer),
            (3, self._pause),
            (3, self._resume),
            (2, self._escalate),
            (3, self._update),
            (3, self._survey),
            (1, self._convert),
            (1, self._discard),
            (1, self._created_again),
        )

    def _instants_that_matter(self) -> list[int]:
        """Window edges as of the end, UTC and local midnights, and creations due or at risk exactly at the end."""
        edges = [self.end - target for target in TARGETS]
        edges += [self.end - target + target * share // 10 for target in TARGETS for share in (2, 3)]
        for length in ROLLING:
            pane = MINUTE if length <= DAY else HOUR
            edges += [self.end - length, ((self.end - length) // pane + 1) * pane, (self.end - length) // pane * pane]
        midnight = self.end // DAY * DAY
        return [*edges, midnight, midnight - 3 * HOUR - 30 * MINUTE, self.end // MINUTE * MINUTE]

    def event(self, kind: str, at: int, subject: str, /, **data: Any) -> None:
        """Records one event, unless it lies outside the log; a few come with attributes that nobody knows."""
        if not self.start - DAY <= at <= self.end:
            return
        extra: Event = {"traceid": "7f"} if self.dice.random() < 0.05 else {}
        if self.dice.random() < 0.05:
            data["unheard_of"] = [1, {"deep": None}]
        self.events.append(
            {
                "specversion": "1.0",
                "id": self._id(at),
                "source": self.dice.choice(SOURCES),
                "type": f"support.{kind}",
                "time": self._time(at),
                "subject": subject,
                "data": data,
            }
            | extra
        )

    def _id(self, at: int) -> str:
        """Rarely an id that was used before, for another instant."""
        if self.events and self.dice.random() < 0.02:
            other = self.dice.choice(self.events)
            if instant(other["time"]) != at:
                return str(other["id"])
        return f"{self.dice.choice('aZ~é')}{len(self.events):07d}"

    def _time(self, at: int) -> str:
        digits = 9
        while digits and at % 10 ** (10 - digits) == 0 and self.dice.random() < 0.8:
            digits -= 1
        return text_of(at, self.dice.choice(OFFSETS_MINUTES), digits)

    def ticket(self, subject: str) -> None:
        """One ticket: its creation, and a walk of steps of which some are aimed at its due instants."""
        created = self._creation()
        self._create(subject, created)
        at = created - self.dice.choice((0, 0, 0, 0, 30 * SECOND, SKEW, SKEW + 1, 5 * MINUTE))
        if self.dice.random() < 0.6:
            self.event("ticket.replied", self._later(created), subject, agent="sara")
        for _ in range(self.dice.randrange(14)):
            at = self._step(subject, created, at)

    def _creation(self) -> int:
        dice = self.dice.random()
        if dice < 0.25:
            return self.dice.choice(self._edges) + self.dice.choice((-1, 0, 1))
        if dice < 0.4:
            return self.dice.randrange(self.start, self.end)
        ago = math.exp(self.dice.uniform(math.log(MINUTE), math.log(self.end - self.start)))
        return self._rounded(self.end - int(ago))

    def _rounded(self, at: int) -> int:
        """Many systems have whole seconds or minutes only, so instants coincide."""
        unit = self.dice.choice((1, 1_000, SECOND, SECOND, MINUTE))
        return at // unit * unit

    def _create(self, subject: str, at: int) -> None:
        data = {"queue": self.dice.choice(QUEUES), "channel": self.dice.choice(CHANNELS)}
        data["priority"] = self.dice.choice(PRIORITIES)
        for field, choices in (("kind", KINDS), ("brand", ("north", "")), ("customer", ("c1", "c2"))):
            if self.dice.random() < 0.5:
                data[field] = self.dice.choice(choices)
        if self.dice.random() < 0.25:
            data["origin"] = self.dice.choice(("agent", "agent", "system", "customer", ""))
        self.event("ticket.created", at, subject, **data)

    def _step(self, subject: str, created: int, at: int) -> int:
        weights = [weight for weight, _ in self._steps]
        (_, step), *_ = self.dice.choices(self._steps, weights)
        return step(subject, created, self._next(created, at))

    def _next(self, created: int, at: int) -> int:
        dice = self.dice.random()
        if dice < 0.2:
            return at
        if dice < 0.35:
            return created + self.dice.choice(TARGETS) + self.dice.choice((-1, 0, 1))
        if dice < 0.45:
            return self.dice.choice(self._edges) + self.dice.choice((-1, 0, 1))
        if dice < 0.5:
            return at - self.dice.randrange(HOUR)
        if dice < 0.55:
            return self._rounded(self.end - self.dice.randrange(HOUR))
        return self._later(at)

    def _later(self, at: int) -> int:
        """After an instant by anything from 1 ns to all the time that is left, or, rarely, beyond the end."""
        longest = max(HOUR, self.end - at)
        return self._rounded(at + int(math.exp(self.dice.triangular(0, math.log(longest), math.log(longest)))))

    def _reply(self, subject: str, created: int, at: int) -> int:
        data: Event = {"agent": self.dice.choice(("sara", "omar", "lin"))}
        if self.dice.random() < 0.4:
            data["author"] = self.dice.choice(("bot", "auto", "human", ""))
        if self.dice.random() < 0.3:
            data["public"] = self.dice.random() < 0.5
        self.event("ticket.replied", at, subject, **data)
        return at

    def _resolve(self, subject: str, created: int, at: int) -> int:
        data = {"agent": "sara"} if self.dice.random() < 0.5 else {}
        self.event("ticket.resolved", at, subject, **data)
        return at

    def _reopen(self, subject: str, created: int, at: int) -> int:
        self.event("ticket.reopened", at, subject)
        return at

    def _customer(self, subject: str, created: int, at: int) -> int:
        """A chain of one to three messages."""
        for _ in range(self.dice.randrange(1, 4)):
            self.event("ticket.customer-replied", at, subject)
            at += self.dice.choice((0, 1, SECOND, MINUTE, HOUR))
        return at

    def _pause(self, subject: str, created: int, at: int) -> int:
        self.event("ticket.paused", at, subject, reason=self.dice.choice(("customer", "third party", "")))
        return at

    def _resume(self, subject: str, created: int, at: int) -> int:
        self.event("ticket.resumed", at, subject)
        return at

    def _escalate(self, subject: str, created: int, at: int) -> int:
        data = {"level": "2"} if self.dice.random() < 0.5 else {}
        self.event("ticket.escalated", at, subject, **data)
        return at

    def _update(self, subject: str, created: int, at: int) -> int:
        """New values at, before or after whatever else happens, empty ones among them."""
        fields = {"queue": (*QUEUES, ""), "priority": (*PRIORITIES, ""), "channel": CHANNELS, "kind": KINDS}
        chosen = self.dice.sample(sorted(fields), self.dice.randrange(1, 4))
        data = {field: self.dice.choice(fields[field]) for field in chosen}
        self.event("ticket.updated", at + self.dice.choice((-1, 0, 0, 1)), subject, **data)
        return at

    def _convert(self, subject: str, created: int, at: int) -> int:
        data = {"value": 12} if self.dice.random() < 0.5 else {}
        self.event("ticket.converted", at, subject, **data)
        return at

    def _discard(self, subject: str, created: int, at: int) -> int:
        """Mostly taken back: a log without tickets proves nothing."""
        self.event("ticket.discarded", at, subject, reason=self.dice.choice(("merged", "spam", "deleted", "test")))
        if self.dice.random() < 0.7:
            self.event("ticket.restored", at + self.dice.choice((-1, 1, SECOND)), subject)
        return at

    def _created_again(self, subject: str, created: int, at: int) -> int:
        """A second creation: mostly later, sometimes earlier than the first."""
        self._create(subject, self.dice.choice((at, at, created, created - MINUTE, created - HOUR)))
        return at

    def _survey(self, subject: str, created: int, at: int) -> int:
        """Sent, perhaps answered, and answered again: under one response, none, or another."""
        survey, scale, item = self.dice.choice(INSTRUMENTS)
        data: Event = {"survey": survey}
        response = self.dice.choice((None, "", "r1", "r2"))
        if response is not None:
            data["response"] = response
        asked = {"queue": self.dice.choice((*QUEUES, ""))} if self.dice.random() < 0.3 else {}
        self.event("survey.sent", at, subject, **data, **asked)
        for _ in range(self.dice.randrange(4)):
            at += self.dice.choice((0, 0, 1, SECOND, HOUR))
            for one in SERVQUAL_ITEMS if item == WHOLE else (item,):
                self._answer(subject, at, data, scale, one)
        return at

    def _answer(self, subject: str, at: int, data: Event, scale: tuple[int, int] | None, item: str | None) -> None:
        answer = dict(data)
        low, high = scale or DEFAULT_SCALES[data["survey"]]
        answer["score"] = max(self.dice.randint(low, high), self.dice.randint(low, high))
        if scale is not None:
            answer["scale"] = list(scale)
        if item is not None:
            answer["item"] = item
        if self.dice.random() < 0.2:
            answer.pop("response", None)
        if data["survey"] == "servqual" and self.dice.random() < 0.8:
            answer["expectation"] = self.dice.randint(low, high)
        if self.dice.random() < 0.5:
            answer["queue"] = self.dice.choice((*QUEUES, ""))
        if self.dice.random() < 0.2:
            answer |= {"comment": "خوب بود", "reasons": ["slow"], "about": "agent", "channel": "chat"}
        self.event("survey.answered", at, subject, **answer)

    def lone_survey(self, subject: str) -> None:
        """An answer without any ticket."""
        self._survey(subject, self.end, self._creation())

    def orphan(self, subject: str) -> None:
        """A ticket whose creation never comes."""
        created = self._creation()
        for _ in range(self.dice.randrange(1, 5)):
            self._step_of_orphan(subject, created)

    def _step_of_orphan(self, subject: str, created: int) -> None:
        steps = (self._reply, self._resolve, self._update, self._survey, self._survey, self._discard, self._escalate)
        self.dice.choice(steps)(subject, created, self._next(created, created))

    def fact(self) -> None:
        """A business fact, somewhere in the middle."""
        at = (self.start + self.end) // 2
        day = text_of(at)[:10]
        period = {"start": day, "end": day}
        self.event("business.reported", at, f"fact:customers:all:{day}", fact="customers", value=1200, period=period)
