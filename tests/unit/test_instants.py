from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metrics.instants import (
    DAY,
    EARLIEST,
    HOUR,
    LATEST,
    MINUTE,
    SECOND,
    format_duration,
    format_instant,
    from_datetime,
    parse_duration,
    parse_instant,
)

INSTANTS = st.integers(EARLIEST, LATEST)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01t00:00:01z", SECOND),
        ("1970-01-01T00:00:00.000000001Z", 1),
        ("1970-01-01T00:00:00.5Z", SECOND // 2),
        ("1969-12-31T23:59:59.999999999Z", -1),
        ("1970-01-01T05:45:00+05:45", 0),
        ("1969-12-31T20:30:00-03:30", 0),
        ("1970-01-01T00:00:00-00:00", 0),
        ("2026-10-01T00:00:00Z", 1_790_812_800 * SECOND),
        ("2016-12-31T23:59:60Z", 1_483_228_800 * SECOND),
        ("2024-02-29T00:00:00Z", 1_709_164_800 * SECOND),
        ("1677-09-21T00:12:43.145224192Z", EARLIEST),
        ("2262-04-11T23:47:16.854775807Z", LATEST),
    ],
)
def test_an_instant_is_its_nanoseconds_since_the_epoch(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-10-01",
        "2026-10-01T00:00:00",
        "2026-10-01 00:00:00Z",
        "2026-10-01T00:00Z",
        "2026-10-01T00:00:00.Z",
        "2026-10-01T00:00:00.0000000001Z",
        "2026-10-01T00:00:00+0530",
        "2026-10-01T00:00:00+05",
        "2026-10-01T24:00:00Z",
        "2026-10-01T00:60:00Z",
        "2026-10-01T00:00:61Z",
        "2026-10-01T00:00:00+24:00",
        "2026-10-01T00:00:00+00:60",
        "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "\u0662\u0660\u0662\u0666-10-01T00:00:00Z",
        " 2026-10-01T00:00:00Z",
        "2026-10-01T00:00:00Z\n",
        "1677-09-21T00:12:43.145224191Z",
        "2262-04-11T23:47:16.854775808Z",
    ],
)
def test_what_is_no_instant_with_an_offset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_instant(text)


@given(st.text())
def test_any_text_is_an_instant_in_range_or_a_value_error(text: str) -> None:
    try:
        instant = parse_instant(text)
    except ValueError:
        return
    assert EARLIEST <= instant <= LATEST


@given(INSTANTS)
def test_writing_an_instant_and_reading_it_loses_nothing(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant


@given(INSTANTS)
def test_an_instant_is_written_with_the_fewest_digits(instant: int) -> None:
    text = format_instant(instant)
    assert text.endswith("Z")
    assert ("." in text) == bool(instant % SECOND)
    assert not text.rstrip("Z").endswith("0") or "." not in text


@given(st.lists(INSTANTS, min_size=2))
def test_whole_seconds_as_text_sort_as_instants(instants: list[int]) -> None:
    whole = [instant - instant % SECOND for instant in instants]
    whole = [instant for instant in whole if instant >= EARLIEST]
    assert sorted(map(format_instant, whole)) == list(map(format_instant, sorted(whole)))


@given(
    st.datetimes(datetime(1678, 1, 1), datetime(2261, 12, 31)),  # noqa: DTZ001 - made aware below
    st.integers(-1439, 1439),
)
def test_an_aware_datetime_is_the_instant_of_its_text(naive: datetime, offset_minutes: int) -> None:
    moment = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    assert from_datetime(moment) == parse_instant(moment.isoformat())
    assert from_datetime(moment) == from_datetime(moment.astimezone(UTC))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", 90 * SECOND),
        ("15m", 15 * MINUTE),
        ("4h", 4 * HOUR),
        ("2d", 2 * DAY),
        ("1h30m", 90 * MINUTE),
        ("1d1h1m1s", DAY + HOUR + MINUTE + SECOND),
        ("30m1h", 90 * MINUTE),
        ("007s", 7 * SECOND),
    ],
)
def test_a_duration_is_the_sum_of_its_parts(text: str, duration: int) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "0s", "0h0m", "15", "15 m", "m", "1.5h", "-1h", "1h ", "1h-30m", "1w", "1H", "\u0665m", "1h30", "1h\n"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(text)


@given(st.text(alphabet="0123456789smhd \n-."))
def test_any_text_is_a_positive_duration_or_a_value_error(text: str) -> None:
    try:
        assert parse_duration(text) > 0
    except ValueError:
        return


@given(st.integers(1, 10**9))
def test_writing_a_duration_and_reading_it_loses_nothing(seconds: int) -> None:
    assert parse_duration(format_duration(seconds * SECOND)) == seconds * SECOND


def test_no_duration_is_written_as_zero_seconds() -> None:
    assert format_duration(0) == "0s"
