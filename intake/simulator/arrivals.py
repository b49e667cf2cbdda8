"""When tickets arrive: a Poisson process whose rate follows the local hour of the week, and floods.

Over a whole week without floods the mean rate is the one asked for, and each queue has its share of it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import fsum

from intake.simulator.dice import Choices, Dice
from intake.simulator.local_time import QUARTER, LocalTime
from intake.simulator.queues import QueueProfile
from intake.simulator.troubles import Troubles
from metrics.instants import DAY, HOUR


class Arrivals:
    """The instants and queues of new tickets; ``tickets_per_day`` is the mean over a week."""

    def __init__(
        self,
        *,
        dice: Dice,
        local_time: LocalTime,
        troubles: Troubles,
        profiles: Sequence[QueueProfile],
        tickets_per_day: float,
        weekend: Collection[int],
    ) -> None:
        self._dice = dice
        self._local_time = local_time
        self._troubles = troubles
        shares = fsum(profile.share for profile in profiles)
        self._mean_rates = [tickets_per_day * profile.share / shares / DAY for profile in profiles]
        shapes = [_week_shape(profile, weekend) for profile in profiles]
        self._rates = [[rate * shape[hour] for rate, shape in zip(self._mean_rates, shapes, strict=True)]
                       for hour in range(168)]  # fmt: skip

    def next_after(self, now: int) -> tuple[int, int]:
        """The next arrival: its instant and the index of its queue."""
        needed = self._dice.exponential()
        while True:
            rates = self._rates_at(now)
            rate = fsum(rates)
            end = self._troubles.next_change(now, now - now % QUARTER + QUARTER)
            if rate * (end - now) >= needed:
                return now + int(needed / rate), self._dice.pick(Choices(dict(enumerate(rates))))
            needed -= rate * (end - now)
            now = end

    def _rates_at(self, now: int) -> list[float]:
        """Tickets per nanosecond of each queue."""
        rates = self._rates[self._local_time.hour_of_week(now)]
        flooded = self._troubles.flooded(now)
        if not flooded:
            return rates
        rates = rates.copy()
        for queue, factor in flooded:
            rates[queue] += self._mean_rates[queue] * factor
        return rates


def _week_shape(profile: QueueProfile, weekend: Collection[int]) -> list[float]:
    """168 factors of mean 1, from Monday 00:00."""
    weights = [weight * (profile.weekend if day in weekend else 1.0) for day in range(7) for weight in profile.hours]
    mean = fsum(weights) / (7 * DAY // HOUR)
    return [weight / mean for weight in weights]
