"""What is asked in each simulated survey, on which scale, and what a customer of a given mood answers."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from intake.simulator.dice import Choices, Dice

Scale = tuple[int, int]

# By survey: the scale, and whether the answer names it. A survey's own scale need not be named; another must.
_SCALES: Final[dict[str, Choices[tuple[Scale, bool]]]] = {
    "csat": Choices({((1, 5), False): 86, ((1, 5), True): 7, ((1, 3), True): 4, ((0, 1), True): 2, ((1, 10), True): 1}),
    "nps": Choices({((0, 10), False): 90, ((0, 10), True): 6, ((1, 10), True): 4}),
    "ces": Choices({((1, 7), False): 95, ((1, 7), True): 5}),
}
_DIMENSIONS: Final = ("tangibles", "reliability", "responsiveness", "assurance", "empathy")
_BRAND_ITEMS: Final[tuple[tuple[str, Scale], ...]] = (
    ("preferred", (0, 1)),
    ("trustworthy", (1, 5)),
    ("innovative", (1, 5)),
    ("friendly", (0, 1)),
)
_ABOUT: Final = Choices({"agent": 40, "product": 25, "team": 25, "brand": 10})
_GRIEVANCES: Final = ("slow answer", "not solved", "had to repeat myself", "unfriendly", "hard to reach", "price")
_PRAISES: Final = ("fast answer", "solved at once", "friendly", "clear explanation")
_UNHAPPY: Final = (
    "Three days for one sentence.",
    "I had to explain the same thing four times!",
    "Sorun hâlâ çözülmedi, beş gündür bekliyoruz.",
    "پاسخ خیلی دیر رسید.",
    "חיכיתי יותר מדי זמן לתשובה.",
    "Nobody read my message; the reply was a text block.",
)
_HAPPY: Final = (
    "Quick and clear, thank you.",
    "Çok teşekkürler, hemen çözüldü.",
    "ممنون از پشتیبانی خوب شما.",
    "תודה רבה, שירות מצוין 🙂",
    "The agent knew at once what was wrong.",
)


class Answer(msgspec.Struct, frozen=True):
    """One answer: ``score`` is an integer inside ``scale``, both ends inclusive."""

    survey: str
    score: int
    scale: Scale
    scale_named: bool
    item: str | None = None
    expectation: int | None = None
    extras: dict[str, Any] = {}

    def data(self) -> dict[str, Any]:
        """Its fields of the event's ``data``."""
        data: dict[str, Any] = {"survey": self.survey, "score": self.score}
        if self.scale_named:
            data["scale"] = list(self.scale)
        if self.item is not None:
            data["item"] = self.item
        if self.expectation is not None:
            data["expectation"] = self.expectation
        return data | self.extras

    def edited(self, dice: Dice) -> Answer:
        """The customer thinks again: the same answer with another score."""
        low, high = self.scale
        return msgspec.structs.replace(self, score=dice.between(low, high))


class Questionnaires:
    """Draws whole answers to a survey."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def answers(self, survey: str, mood: float) -> list[Answer]:
        """All answers of one customer to ``survey``: one, or one for each item asked."""
        if survey == "servqual":
            return [self._servqual(dimension, mood) for dimension in _DIMENSIONS]
        if survey == "brand":
            return [self._brand(item, scale, mood) for item, scale in _BRAND_ITEMS if self._dice.chance(0.8)]
        scale, named = self._dice.pick(_SCALES[survey])
        felt = self._felt(mood)
        return [Answer(survey, _on(scale, felt), scale, named, extras=self._extras(felt))]

    def _servqual(self, dimension: str, mood: float) -> Answer:
        """A pair of expectation and perception; now and then the customer leaves the expectation out."""
        item, scale = f"{dimension}.{self._dice.between(1, 4)}", (1, 7)
        expectation = _on(scale, self._felt(0.85)) if self._dice.chance(0.93) else None
        return Answer("servqual", _on(scale, self._felt(mood)), scale, self._dice.chance(0.2), item, expectation)

    def _brand(self, item: str, scale: Scale, mood: float) -> Answer:
        return Answer("brand", _on(scale, self._felt(mood)), scale, scale_named=True, item=item)

    def _felt(self, mood: float) -> float:
        return min(1.0, max(0.0, mood + 0.2 * self._dice.normal()))

    def _extras(self, felt: float) -> dict[str, Any]:
        """Comment, reasons and what it is about; the unhappy write more."""
        happy, dice = felt > 0.6, self._dice
        extras: dict[str, Any] = {}
        if dice.chance(0.15 if happy else 0.45):
            comments = _HAPPY if happy else _UNHAPPY
            extras["comment"] = comments[dice.below(len(comments))]
        if dice.chance(0.25 if happy else 0.6):
            reasons = _PRAISES if happy else _GRIEVANCES
            first, second = dice.below(len(reasons)), dice.below(len(reasons))
            extras["reasons"] = [reasons[index] for index in sorted({first, second})]
        if dice.chance(0.3):
            extras["about"] = dice.pick(_ABOUT)
        return extras


def _on(scale: Scale, felt: float) -> int:
    """``felt``, 0 to 1, as a score of ``scale``."""
    low, high = scale
    return low + int((high - low) * felt + 0.5)
