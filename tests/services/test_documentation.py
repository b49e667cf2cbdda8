"""The commands of each page are run as their reader types them; its queries and rules pass promtool."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.documentation import PAGES, Command, blocks, commands, programs_of
from tests.documented_commands import OWN_PROGRAMS, elsewhere
from tests.documented_floor import DocumentedFloor
from tests.programs import required


def run_here(page: str) -> list[Command]:
    """The page's commands but those that another test runs."""
    return [command for command in commands(page) if elsewhere(page, command.text) is None]


WITH_COMMANDS = [page for page in PAGES if run_here(page)]
WITH_QUERIES = [page for page in PAGES if blocks(page, "promql")]


@pytest.mark.parametrize("page", WITH_COMMANDS)
async def test_the_commands_of_a_page_do_what_it_says(page: str, tmp_path: Path) -> None:
    for program in sorted(set().union(*(programs_of(command.text) for command in run_here(page))) - OWN_PROGRAMS):
        required(program)
    async with DocumentedFloor(page, tmp_path) as floor:
        for command in run_here(page):
            await floor.run(command)
        await floor.end_servers()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("deskpulse check-config absent.toml", "ended with 2"),
        ("deskpulse facts --template --absent", "ended with 2"),
        ("false | cat", "ended with 1"),
    ],
)
async def test_a_command_that_fails_would_be_found(text: str, told: str, tmp_path: Path) -> None:
    async with DocumentedFloor("docs/kpis.md", tmp_path) as floor:
        with pytest.raises(AssertionError, match=told):
            await floor.run(Command("page", 1, text))


def queries(page: str) -> list[str]:
    """The expressions of its blocks, which a blank line parts; a part of comments alone is none."""
    parts = [part for block in blocks(page, "promql") for part in block.text.split("\n\n")]
    return [part for part in parts if each_of(part)]


def each_of(part: str) -> list[str]:
    """One expression for each line that is not indented, with those below it that are."""
    return [one for one in re.split(r"\n(?=\S)", part.strip()) if not one.startswith("#")]


def are_promql(expressions: list[str], folder: Path) -> bool:
    rules = [{"record": f"documented:{number}", "expr": one} for number, one in enumerate(expressions)]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "page", "rules": rules}]}), encoding="utf-8")
    command = [required("promtool"), "check", "rules", str(folder / "rules.yml")]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


@pytest.mark.parametrize("page", WITH_QUERIES)
def test_the_queries_of_a_page_are_promql(page: str, tmp_path: Path) -> None:
    """Each part is one, or one in each of its lines that is not indented."""
    parts = queries(page)
    if not are_promql(parts, tmp_path):
        assert [one for one in parts if not (are_promql([one], tmp_path) or are_promql(each_of(one), tmp_path))] == []
    assert parts


def test_a_query_that_is_none_would_be_found(tmp_path: Path) -> None:
    assert not are_promql(["sum(a", "a"], tmp_path)
    assert are_promql(["sum(a)", "# why\na"], tmp_path)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "yaml")])
def test_the_configuration_of_prometheus_that_a_page_shows_is_one(page: str, tmp_path: Path) -> None:
    for block in blocks(page, "yaml"):
        if "scrape_configs:" in block.text:
            (tmp_path / "prometheus.yml").write_text(block.text, encoding="utf-8")
            command = [required("promtool"), "check", "config", "--syntax-only", str(tmp_path / "prometheus.yml")]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
            assert done.returncode == 0, done.stderr
