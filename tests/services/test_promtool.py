"""promtool has nothing to say about the exposition, at its usual size and at the limits, nor about any query."""

import subprocess
from pathlib import Path

import pytest

from deskpulse.generated import files_of
from metrics.exposition import render
from tests.alerting_configurations import CONFIGURATIONS
from tests.configuration_files import loaded
from tests.dashboard_rules import plain
from tests.full_floors import full_floor
from tests.grafana_dashboards import dashboards_of
from tests.programs import required
from tests.promtool import checked_rules
from tests.small_floor import small_floor


def checked(body: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [required("promtool"), "check", "metrics"]
    return subprocess.run(command, input=body, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("limits", [(5, 4, 3, 8), (20, 4, 6, 16)], ids=["usual", "limits"])
def test_promtool_accepts_a_full_exposition_without_a_remark(limits: tuple[int, int, int, int]) -> None:
    found = checked(render(full_floor(*limits))[0])
    assert (found.returncode, found.stdout + found.stderr) == (0, b"")


def test_promtool_accepts_the_exposition_of_a_small_floor_without_a_remark() -> None:
    found = checked(render(small_floor().view(0))[0])
    assert (found.returncode, found.stdout + found.stderr) == (0, b"")


def test_promtool_would_say_so() -> None:
    found = checked(
        b"# HELP support_tickets_total Tickets.\n# TYPE support_tickets_total gauge\nsupport_tickets_total 1\n"
    )
    assert b"_total" in found.stdout + found.stderr
    assert found.returncode != 0


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_promtool_parses_every_query_of_any_configurations_dashboards(name: str, tmp_path: Path) -> None:
    made = dashboards_of(files_of(loaded(tmp_path / "floor.toml", CONFIGURATIONS[name])))
    queries = [plain(query.text, dashboard) for dashboard in made for query in dashboard.queries()]
    found = checked_rules(tmp_path, queries)
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"SUCCESS: {len(queries)} rules found" in found.stdout


def test_promtool_would_say_which_query_it_cannot_parse(tmp_path: Path) -> None:
    found = checked_rules(tmp_path, ["up", "sum by ("])
    assert found.returncode != 0
    assert '"query:1"' in found.stdout + found.stderr
