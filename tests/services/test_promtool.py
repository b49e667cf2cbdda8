"""promtool has nothing to say about the exposition, at its usual size and at the limits."""

import subprocess

import pytest

from metrics.exposition import View, render
from tests.full_floors import full_floor
from tests.programs import required
from tests.small_floor import small_floor


def checked(body: bytes) -> subprocess.CompletedProcess[bytes]:
    command = [required("promtool"), "check", "metrics"]
    return subprocess.run(command, input=body, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "view", [small_floor().view(0), full_floor(5, 4, 3, 8), full_floor(20, 4, 6, 16)], ids=["small", "usual", "limits"]
)
def test_promtool_accepts_the_exposition_without_a_remark(view: View) -> None:
    found = checked(render(view)[0])
    assert (found.returncode, found.stdout + found.stderr) == (0, b"")


def test_promtool_would_say_so() -> None:
    found = checked(
        b"# HELP support_tickets_total Tickets.\n# TYPE support_tickets_total gauge\nsupport_tickets_total 1\n"
    )
    assert b"_total" in found.stdout + found.stderr
    assert found.returncode != 0
