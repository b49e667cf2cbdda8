"""CONTRIBUTING's worked example is applied to a copy of the sources, and the core's number is then the oracle's."""

import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("metrics", "stream", "tests", "deskpulse", "intake", "alerting", "dashboards")
COMPARISON = """
import warnings

warnings.simplefilter("ignore")  # of Grafana's SDK, on import
from alerting.settings import Settings
from metrics.catalogue import BY_NAME, value_at
from metrics.floor_series import window_rows
from metrics.meanings import meaning_of
from tests.dashboards_made import panels
from tests.happenings import floor_of, snapshot_of, when
from tests.logs import random_log, shuffled
from tests.oracle.compare import differences
from tests.oracle.snapshot import snapshot

log = random_log(7)
now = max(map(when, log))
found = snapshot_of(floor_of(shuffled(log, 1), partitions=3), now)
expected = snapshot(log, now)
assert expected["all"]["windows"]["30d"]["outbound"]["outbound"] > 0
print(differences(found, expected))
kpi, month = BY_NAME["outbound"], found["all"]["windows"]["30d"]
(ratio,) = (ratio for metric, _, ratio in window_rows(month) if metric.name == "support_floor_outbound_ratio")
assert ratio == value_at(found["all"], kpi, "30d") == month["outbound"]["outbound"] / month["outbound"]["created"]
(panel,) = (one for _, one in panels(Settings()) if one.key == "outbound")
assert (panel.title, [query.legend for query in panel.queries][-1]) == (kpi.title, "n")
assert meaning_of(kpi.metrics[0]) == f"{kpi.title}: {kpi.formula}."
"""


def blocks() -> Iterator[tuple[str, str, str]]:
    """Of each diff in CONTRIBUTING: the file, what is there, and what becomes of it."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for block in re.findall(r"^ *```diff\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL):
        name, *lines = textwrap.dedent(block).splitlines()
        there = [line[1:] for line in lines if line[0] == " "]
        yield name.removeprefix("# "), "\n".join(there) + "\n", "\n".join(line[1:] for line in lines) + "\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "golden"))
    return tmp_path


def compared(copy: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMPARISON], cwd=copy, capture_output=True, text=True, check=False, timeout=120
    )


def test_the_worked_example_gives_the_number_that_the_oracle_gives(copy: Path) -> None:
    files = []
    for file, there, becomes in blocks():
        text = (copy / file).read_text(encoding="utf-8")
        assert text.count(there) == 1, f"the example does not fit {file} any more"
        (copy / file).write_text(text.replace(there, becomes), encoding="utf-8")
        files.append(file)
    assert files == [
        *("metrics/measures.py", "stream/outcomes.py", "metrics/outcomes.py", "tests/oracle/outcomes.py"),
        *("metrics/names.py", "metrics/floor_series.py", "metrics/catalogue_tickets.py"),
        *("dashboards/measured.py", "dashboards/ops_flow.py"),
    ]
    done = compared(copy)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def test_the_example_without_its_moment_is_found_out(copy: Path) -> None:
    for file, there, becomes in blocks():
        if file != "stream/outcomes.py":
            path = copy / file
            path.write_text(path.read_text(encoding="utf-8").replace(there, becomes), encoding="utf-8")
    done = compared(copy)
    assert "windows.30d.outbound.outbound: got 0" in done.stdout, done.stderr
