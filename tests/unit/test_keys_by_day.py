"""Keys that wait under days come out as they went in, each as often, and the collector has nothing to walk."""

import gc

from hypothesis import given
from hypothesis import strategies as st

from stream.keys_by_day import TOGETHER, KeysByDay

ADDED = st.lists(st.tuples(st.integers(-3, 3), st.binary(max_size=3)), max_size=60)


@given(st.lists(st.tuples(ADDED, st.integers(-3, 4)), max_size=6), st.integers(1, TOGETHER))
def test_what_waits_under_earlier_days_is_taken_once(
    steps: list[tuple[list[tuple[int, bytes]], int]], times: int
) -> None:
    keys, expected = KeysByDay(), list[tuple[int, bytes]]()
    for added, day in steps:
        for where, key in added * times:
            keys.add(where, key)
            expected.append((where, key))
        earlier = keys.before(day)
        assert sorted(earlier) == sorted({where for where, _ in expected if where < day})
        for where in earlier:
            assert sorted(keys.take(where)) == sorted(key for there, key in expected if there == where)
        expected = [(where, key) for where, key in expected if where >= day]


def test_a_key_that_is_added_to_its_day_while_that_is_taken_waits_for_the_next_time() -> None:
    keys = KeysByDay()
    keys.add(1, b"a")
    for key in keys.take(1):
        keys.add(1, key)
    assert (keys.before(2), list(keys.take(1)), keys.before(2)) == ([1], [b"a"], [])


def test_the_collector_walks_no_more_keys_than_those_of_the_last_tuple() -> None:
    keys = KeysByDay()
    for number in range(20 * TOGETHER + 7):
        keys.add(1, b"%d" % number)
    gc.collect()
    walked = [thing for thing in (*keys._whole[1], keys._latest[1]) if gc.is_tracked(thing)]
    assert sum(map(len, walked)) == 7
