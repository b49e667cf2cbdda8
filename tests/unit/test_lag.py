"""How far behind a worker is."""

from stream.rim.watch import behind


def test_what_was_read_since_the_ends_were_asked_for_is_no_negative_lag() -> None:
    positions = {("ticket-created", 0): 7, ("ticket-created", 1): 12}
    ends = {("ticket-created", 0): 10, ("ticket-created", 1): 10, ("ticket-created", 2): 4}
    assert behind(ends, positions.get) == {("ticket-created", 0): 3, ("ticket-created", 1): 0, ("ticket-created", 2): 4}
