"""Rules of the house that no linter knows."""

import re
import tomllib
from pathlib import Path

from intake.simulator.post import TOPICS
from stream.events import TOPIC_OF_TYPE

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("deskpulse", "stream", "metrics", "intake", "alerting", "dashboards", "wall", "tests", "bench")
PYTHON = [str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")]
LINES_MAX = 400
#: Every private part of Faust in one place, so that an upgrade is one file's work.
ONE_ON_PURPOSE = {"stream/rim/seams.py"}


def test_the_import_contract_names_every_pure_module_of_stream() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    named = next(c for c in contracts if c["name"].startswith("Only the rim"))["source_modules"]
    pure = {f"stream.{path.stem}" for path in (ROOT / "stream").glob("*.py") if path.stem != "__init__"}
    assert pure == {name for name in named if name.startswith("stream.")}


def test_no_module_passes_400_lines() -> None:
    lines = {path: len((ROOT / path).read_text().splitlines()) for path in PYTHON}
    assert {path for path, count in lines.items() if count > LINES_MAX} <= ONE_ON_PURPOSE


def test_every_package_of_the_wheel_is_typed_and_re_exports_nothing() -> None:
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    for package in wheel["packages"]:
        assert (ROOT / package / "py.typed").exists()
        for init in (ROOT / package).rglob("__init__.py"):
            assert not re.search(r"^(from|import) ", init.read_text(), re.MULTILINE), init


def test_every_decision_has_context_choice_and_cost() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [path.name[:4] for path in decisions] == [f"{number:04d}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text()
        assert all(f"**{part}.**" in text for part in ("Context", "Choice", "Cost")), path.name


def test_faust_streaming_is_pinned_exactly() -> None:
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert "faust-streaming==0.15.3" in dependencies


def test_the_simulated_desk_and_the_decoder_agree_on_the_topic_of_each_type() -> None:
    # two copies, since neither package imports the other
    assert dict(TOPICS) == TOPIC_OF_TYPE
