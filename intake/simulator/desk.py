"""A believable support floor from one seed: the same options give the same bytes on any machine, at any hour.

Pure: ``simulate`` yields what is to be sent and when, and neither sends, sleeps nor reads a clock. Its sources all
begin with ``simulator/``, so that nothing real can be mistaken for it. What it keeps in memory is the work still
open, however long it runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from hashlib import sha256
from math import ceil, fsum
from typing import Final, Literal

import msgspec

from intake.simulator.agenda import Agenda
from intake.simulator.arrivals import Arrivals
from intake.simulator.crew import Crew
from intake.simulator.deliveries import Delivery, Outbox
from intake.simulator.dice import Dice
from intake.simulator.facts import Books
from intake.simulator.journey import SKEW_MAX, Journey
from intake.simulator.local_time import LocalTime
from intake.simulator.post import Post
from intake.simulator.queues import DEFAULT_QUEUES, QueueProfile, profiles_of
from intake.simulator.reception import Reception
from intake.simulator.surveys import Surveys
from intake.simulator.tickets import TicketDraw
from intake.simulator.troubles import FLOOD_FACTOR, WEEK, Trouble, Troubles
from metrics.instants import HOUR, SECOND

__all__ = ["SOURCE_PREFIX", "Delivery", "DeskOptions", "Floor", "simulate"]  # Delivery is part of what simulate is

SOURCE_PREFIX: Final = "simulator/"

#: Options that came after the first release: at these values they change no id of a floor that it simulated.
_LATER: Final = {"pace": 1.0, "scene_relief": 0, "scene_factor": None, "right_clocks_from": None}
_HOLD: Final = SKEW_MAX + 2 * SECOND  # no event is older than this when it is sent: a slow clock, and cut digits
_AGENT_MINUTES_PER_DAY: Final = 330.0  # at work, days off included
_WORKLOAD: Final = 0.7  # the share of that time that the tickets take
_VISITS_PER_TICKET: Final = 1.8
_MEAN_BY_MEDIAN: Final = 1.28  # of the log-normal work


class DeskOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The whole simulation. Instants and durations are nanoseconds, shares 0 to 1.

    ``tickets_per_day`` is the mean over a week; floods come on top. ``agents_factor`` scales a crew that would just
    do; ``pace`` scales how long their work takes, and with it the crew: 0.1 is a floor ten times as quick.
    With ``incidents`` the seed brings floods and outages; a ``scene`` adds one, ``scene_start`` after the start; a
    flood is of the first queue. ``scene_factor`` times the mean rate of the queues in trouble comes on top; None: 8 in
    a flood, else 0. In the ``scene_relief`` after the scene all hands answer and resolve whatever waits; 0 leaves it
    to the ordinary course. From ``right_clocks_from`` on no clock is behind, so that what is stamped before it does not
    hang on what happens later. ``weekend`` has Monday as 0. Another ``first_ticket`` keeps two runs' tickets apart on
    one topic. ``duration`` None never ends.

    Raises:
        ValueError: a value is outside its range.
    """

    start: int
    seed: int = 1
    duration: int | None = None
    tickets_per_day: float = 1_200.0
    queues: tuple[str, ...] = DEFAULT_QUEUES
    agents_factor: float = 1.0
    pace: float = 1.0
    customers: int = 8_000
    source: str = ""  # simulator/SEED
    disorder_seconds: float = 0.0
    duplicates: float = 0.0
    late: float = 0.0
    time_zone: str = "UTC"
    weekend: tuple[int, ...] = (5, 6)
    incidents: bool = True
    scene: Literal["normal", "outage", "flood"] = "normal"
    scene_start: int = 2 * HOUR
    scene_duration: int = HOUR
    scene_relief: int = 0
    scene_factor: float | None = None
    right_clocks_from: int | None = None
    first_ticket: int = 1

    def __post_init__(self) -> None:
        """Refuse what no floor can be made of."""
        for valid, expected in (
            (self.tickets_per_day > 0, "tickets_per_day above 0"),
            (self.agents_factor > 0, "agents_factor above 0"),
            (self.pace > 0, "pace above 0"),
            (self.customers > 0, "customers above 0"),
            (self.duration is None or self.duration >= 0, "duration of 0 or more"),
            (bool(self.queues) and len(set(self.queues)) == len(self.queues), "queues: one or more, each once"),
            (self.source_name.startswith(SOURCE_PREFIX), f"source that begins with {SOURCE_PREFIX}"),
            (self.scene_duration > 0, "scene_duration above 0"),
            (min(self.scene_start, self.scene_relief) >= 0, "scene_start and scene_relief of 0 or more"),
            ((self.scene_factor or 0) >= 0, "scene_factor of 0 or more"),
            (self.disorder_seconds >= 0, "disorder_seconds of 0 or more"),
            (0 <= self.duplicates <= 1 and 0 <= self.late <= 1, "duplicates and late from 0 to 1"),
            (len(set(self.weekend) & set(range(7))) == len(self.weekend) <= 5, "weekend: up to five days of 0 to 6"),
        ):
            if not valid:
                raise ValueError(f"expected {expected}")

    @property
    def source_name(self) -> str:
        """The source of the help desk's own events; the other systems' names begin with it."""
        return self.source or f"{SOURCE_PREFIX}{self.seed}"

    def run(self) -> str:
        """Eight hexadecimal digits that differ where anything differs that happens on the floor.

        They go into every event's id, since an id must never come back with other content. How long the run is and
        how it is delivered changes no event.
        """
        plain = msgspec.structs.replace(
            self,
            duration=None,
            disorder_seconds=0.0,
            duplicates=0.0,
            late=0.0,
            tickets_per_day=float(self.tickets_per_day),
            agents_factor=float(self.agents_factor),
            pace=float(self.pace),
            scene_factor=None if self.scene_factor is None else float(self.scene_factor),
        )
        told = msgspec.to_builtins(plain)
        for name, ordinary in _LATER.items():
            if told[name] == ordinary:
                del told[name]
        return sha256(msgspec.json.encode(told)).hexdigest()[:8]


def simulate(options: DeskOptions) -> Iterator[Delivery]:
    """Every delivery in order of its instant; without disorder and lateness that is the order of the events' times.

    Events lie in [start, start + duration). History comes as fast as it is asked for: a live feeder sleeps until each
    delivery's ``at``, a writer of files does not.

    Raises:
        ValueError: the time zone does not exist.
    """
    yield from Floor(options).deliveries()


class Floor:
    """All parts of one floor, wired."""

    def __init__(self, options: DeskOptions) -> None:
        self._options = options
        self._local_time = LocalTime(options.time_zone)
        self._profiles = profiles_of(options.queues)
        self._agenda = Agenda()
        self._outbox = Outbox(
            self._dice("delivery"),
            disorder=int(options.disorder_seconds * SECOND),
            duplicates=options.duplicates,
            late=options.late,
        )
        post = Post(
            source=options.source_name, run=options.run(), local_time=self._local_time, deliver=self._outbox.put
        )
        self._scene = _scene(options)
        self._troubles = Troubles(self._dice("troubles"), self._local_time, len(self._profiles), self._scene)
        self._tickets = TicketDraw(self._dice("tickets"), first=options.first_ticket, customers=options.customers)
        self._arrivals = Arrivals(
            dice=self._dice("arrivals"),
            local_time=self._local_time,
            troubles=self._troubles,
            profiles=self._profiles,
            tickets_per_day=options.tickets_per_day,
            weekend=options.weekend,
        )
        self._surveys = Surveys(
            agenda=self._agenda,
            post=post,
            dice=self._dice("surveys"),
            customers=TicketDraw(self._dice("mailings"), first=1, customers=options.customers),
            queues=options.queues,
            tickets_per_day=options.tickets_per_day,
        )
        sizes = [_crew_size(options, profile, self._profiles) for profile in self._profiles]
        self._books = Books(
            agenda=self._agenda,
            post=post,
            dice=self._dice("books"),
            local_time=self._local_time,
            queues=options.queues,
            agents=sum(sizes),
            customers=options.customers,
            pace=options.pace,
        )
        self._crew = Crew(
            sizes=sizes,
            weekend=options.weekend,
            start=options.start,
            local_time=self._local_time,
            agenda=self._agenda,
            dice=self._dice("crew"),
            pace=options.pace,
            staffed=self._books.staffed,
        )
        journey = Journey(
            profiles=self._profiles,
            agenda=self._agenda,
            post=post,
            crew=self._crew,
            surveys=self._surveys,
            troubles=self._troubles,
            dice=self._dice("journey"),
            relief_dice=self._dice("relief"),
            pace=options.pace,
            start=options.start,
            right_clocks_from=options.right_clocks_from,
        )
        self._reception = Reception(
            agenda=self._agenda, journey=journey, crew=self._crew, dice=self._dice("reception"), pace=options.pace
        )
        self._open()

    def _dice(self, name: str) -> Dice:
        return Dice(self._options.seed, name)

    def _open(self) -> None:
        start = self._options.start
        day = self._local_time.day(start)
        self._books.open(start, day)
        self._surveys.open_mail(start)
        self._turn_week(start)
        self._begin_day(day)
        self._expect_arrival(start)
        if self._scene is not None and self._scene.relieved > self._scene.end:
            self._agenda.note(self._scene.end, self._crew.call_all_hands, self._scene.relieved)

    def _turn_week(self, now: int) -> None:
        if self._options.incidents:
            self._troubles.plan_week(now)
            self._agenda.note(now + WEEK, self._turn_week)

    def _begin_day(self, day: date) -> None:
        self._crew.plan_day(day)
        self._agenda.note(self._local_time.next_midnight(day), self._turn_day, day)

    def _turn_day(self, now: int, ended: date) -> None:
        self._books.close_day(now, ended)
        self._begin_day(ended + timedelta(days=1))

    def _expect_arrival(self, now: int) -> None:
        at, queue = self._arrivals.next_after(now)
        self._agenda.note(at, self._arrive, queue)

    def _arrive(self, now: int, queue: int) -> None:
        self._reception.receive(now, self._tickets.draw(now, queue, self._profiles[queue]))
        self._expect_arrival(now)

    def deliveries(self) -> Iterator[Delivery]:
        """Run the agenda to the end and hand out what is due on the way."""
        options = self._options
        end = None if options.duration is None else options.start + options.duration
        while (now := self._agenda.next_at()) is not None and (end is None or now < end):
            yield from self._outbox.before(now - _HOLD)
            self._agenda.perform_next()
        yield from self._outbox.before(None)

    def held(self) -> int:
        """How many things the floor keeps in mind: steps to come, tickets that wait, events on their way."""
        return len(self._agenda) + self._crew.waiting() + len(self._outbox)


def _scene(options: DeskOptions) -> Trouble | None:
    if options.scene == "normal":
        return None
    begin = options.start + options.scene_start
    end = begin + options.scene_duration
    queue, factor = (0, FLOOD_FACTOR) if options.scene == "flood" else (None, 0.0)
    if options.scene_factor is not None:
        factor = options.scene_factor
    return Trouble(begin, end, queue, factor, end + options.scene_relief)


def _crew_size(options: DeskOptions, profile: QueueProfile, profiles: tuple[QueueProfile, ...]) -> int:
    """As many agents as the queue's work needs, and two at least."""
    tickets = options.tickets_per_day * profile.share / fsum(each.share for each in profiles)
    minutes = tickets * profile.reply_minutes * options.pace * _MEAN_BY_MEDIAN * _VISITS_PER_TICKET
    return max(2, ceil(options.agents_factor * minutes / (_AGENT_MINUTES_PER_DAY * _WORKLOAD)))
