"""A log's lines come out of every packing, each with the topic and key it goes to; what is no event goes on too."""

import gzip
import io
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
import zstandard

from deskpulse.logs import address, open_log, records
from tests.logs import random_log, to_json_line, topic_of

Packing = Callable[[bytes], bytes]

EVENTS = random_log(11, tickets=40)
LOG = b"".join(map(to_json_line, EVENTS))
PACKINGS: dict[str, Packing] = {".gz": gzip.compress, ".zst": zstandard.compress}


def lines_of(path: Path) -> list[bytes]:
    with open_log(str(path)) as log:
        return [value for _topic, _key, value in records(log)]


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, content: bytes) -> Path:
        (tmp_path / name).write_bytes(content)
        return tmp_path / name

    return write


def test_every_event_goes_to_the_topic_of_its_type_under_its_subject() -> None:
    expected = [(topic_of(event), event["subject"].encode()) for event in EVENTS]
    assert [(topic, key) for topic, key, _value in records(io.BytesIO(LOG))] == expected
    assert len({topic for topic, _key in expected}) == 6


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_packed_log_has_the_lines_of_the_plain_one(ending: str, file: Callable[[str, bytes], Path]) -> None:
    plain = lines_of(file("log.jsonl", LOG))
    assert len(plain) == len(EVENTS)
    assert lines_of(file(f"log.jsonl{ending}", PACKINGS[ending](LOG))) == plain


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_log_packed_in_parts_is_read_to_its_end(ending: str, file: Callable[[str, bytes], Path]) -> None:
    pack = PACKINGS[ending]
    parts = LOG[:5_000], LOG[5_000:5_001], b"", LOG[5_001:]
    packed = b"".join(pack(part) for part in parts)
    assert lines_of(file(f"log{ending}", packed)) == LOG.splitlines()


@pytest.mark.parametrize("ending", PACKINGS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_packed_log_that_is_cut_off_is_refused(ending: str, share: float, file: Callable[[str, bytes], Path]) -> None:
    packed = PACKINGS[ending](LOG)
    with pytest.raises(click.ClickException, match=r"the log cannot be read: .*ended before the end"):
        lines_of(file(f"log{ending}", packed[: round(len(packed) * share)]))


@pytest.mark.parametrize("ending", PACKINGS)
def test_a_log_that_is_not_packed_as_its_name_says_is_refused(ending: str, file: Callable[[str, bytes], Path]) -> None:
    with pytest.raises(click.ClickException, match="the log cannot be read: "):
        lines_of(file(f"log{ending}", LOG))


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(LOG)))
    assert [value for _topic, _key, value in records(open_log("-"))] == LOG.splitlines()


def test_empty_lines_line_ends_and_a_missing_last_one_make_no_difference() -> None:
    spaced = b"\n \r\n" + LOG.replace(b"\n", b"\r\n\n").rstrip()
    assert list(records(io.BytesIO(spaced))) == list(records(io.BytesIO(LOG)))


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match=r"absent\.jsonl: No such file"):
        open_log(str(tmp_path / "absent.jsonl"))
    with pytest.raises(click.BadParameter, match="Is a directory"):
        open_log(str(tmp_path))


@pytest.mark.parametrize(
    ("line", "key"),
    [
        (b"not json", None),
        (b"[]", None),
        (b'"text"', None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
        (b'{"type": 7}', None),
        (b'{"type": "support.ticket.created", "subject": ["T1"]}', None),
        (b'{"type": "support.unheard.of", "subject": "T1"}', b"T1"),
        (b'{"subject": "T1"}', b"T1"),
    ],
)
def test_a_line_without_a_known_type_goes_to_an_event_topic_to_be_refused_there(line: bytes, key: bytes | None) -> None:
    assert address(line) == ("ticket-changed", key)
    assert list(records(io.BytesIO(line))) == [("ticket-changed", key, line)]


def test_an_event_without_a_subject_has_no_key() -> None:
    assert address(b'{"type": "support.ticket.created", "subject": ""}') == ("ticket-created", None)
