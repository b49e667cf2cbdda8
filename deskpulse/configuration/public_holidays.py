"""The public holidays of countries and their subdivisions, from the ``holidays`` library."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, Final

#: Without a language the library would take that of the environment.
_LANGUAGE: Final = "en_US"


def _of(country: str, subdivision: str | None = None, years: int | None = None) -> Any:
    from holidays import country_holidays  # noqa: PLC0415 - only files that name a country need it

    return country_holidays(country, subdivision, years=years, language=_LANGUAGE)


def subdivisions(country: str) -> tuple[str, ...] | None:
    """The codes of a country's subdivisions that have public holidays; None where the library knows no such country.

    ``country`` is a code of two capital letters, as in ISO 3166-1.
    """
    try:
        found = _of(country)
    except NotImplementedError:
        return None
    return tuple(found.subdivisions)


@lru_cache(maxsize=1024)
def public_holidays(code: str, year: int) -> Mapping[date, str]:
    """The public holidays of one year with their names, in English where the library has them.

    ``code`` is a country that ``subdivisions`` knows, or one with a subdivision: ``DE-BY``.
    """
    country, _, subdivision = code.partition("-")
    found = _of(country, subdivision or None, year)
    return {day: name for day, name in found.items() if day.year == year}
