"""promtool has nothing to say about the exposition, at its usual size and at the limits."""

import subprocess

import pytest

from metrics.exposition import render
from tests.full_floors import full_floor
from tests.programs import required
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
