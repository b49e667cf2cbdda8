"""What docs/doctor.md and docs/dead-letters.md tell to type is understood by the commands: words, options, values."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from deskpulse.__main__ import main

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("doctor.md", "dead-letters.md")


def commands() -> list[str]:
    """Each line of a block of shell, and each inline command with its options, without what it is redirected to."""
    found = []
    for page in PAGES:
        text = (DOCS / page).read_text()
        blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += [line for line in re.findall(r"`(deskpulse [^`]*)`", text) if "FILE" not in line]
        found += [line.partition(" > ")[0] for line in lines if line.startswith("deskpulse ")]
    return found


def test_there_are_commands() -> None:
    assert len(commands()) > 10


@pytest.mark.parametrize("line", commands())
def test_a_command_is_understood(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    context = click.Context(main, info_name="deskpulse")
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, name
        command = found
    with command.make_context(command.name, words, parent=context):  # parses all of it, and runs nothing
        pass
