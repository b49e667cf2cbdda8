"""Small maps and exports for the tests of the import, and one way to run them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from intake.imports.events import Note, events
from intake.imports.files import BadRow, read_file
from intake.imports.maps import load_map
from intake.imports.tables import MapError

LOG = """
source = "desk/test"
[time]
formats = ["%Y-%m-%d %H:%M"]
zone = "UTC"
[ticket]
id = "id"
updated = "changed"
[fields.queue]
column = "group"
[fields.agent]
column = "agent"
[states.state]
new = ["New"]
working = ["Open"]
waiting = ["Pending"]
settled = ["Solved", "Closed"]
[[changes]]
event = "replied"
enter = ["working", "waiting", "settled"]
once = true
[[changes]]
event = "reopened"
leave = ["settled"]
[[changes]]
event = "resumed"
leave = ["waiting"]
[[changes]]
event = "paused"
enter = ["waiting"]
[[changes]]
event = "resolved"
enter = ["settled"]
"""
HEADER = "id,changed,state,group,agent"

TICKETS = """
source = "desk/test"
[time]
zone = "UTC"
formats = ["%Y-%m-%d %H:%M", "rfc3339", "unix", "unix_ms"]
[ticket]
id = "id"
created = "created"
[[changes]]
event = "replied"
at = "replied"
[[changes]]
event = "resolved"
at = "solved"
"""


class Outcome:
    """What an import gave, by kind."""

    def __init__(self, found: Sequence[Any]) -> None:
        self.events = [each for each in found if isinstance(each, dict)]
        self.bad = [each for each in found if isinstance(each, BadRow)]
        self.notes = [str(each) for each in found if isinstance(each, Note)]

    def short(self) -> list[tuple[str, str]]:
        return [(event["subject"], event["type"].removeprefix("support.")) for event in self.events]


def imported(tmp_path: Path, map_text: str, csv_text: str | bytes, **options: str) -> Outcome:
    (tmp_path / "map.toml").write_text(map_text, encoding="utf-8")
    content = csv_text if isinstance(csv_text, bytes) else csv_text.encode()
    (tmp_path / "export.csv").write_bytes(content)
    plan = load_map(tmp_path / "map.toml")
    return Outcome(list(events(read_file(tmp_path / "export.csv", plan.format), plan, **options)))


def problems(tmp_path: Path, map_text: str) -> list[str]:
    path = tmp_path / "map.toml"
    path.write_text(map_text, encoding="utf-8")
    with pytest.raises(MapError) as caught:
        load_map(path)
    return str(caught.value).replace(f"{path}: ", "").splitlines()


def lines(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"
