"""What docker-compose.yml and the Dockerfile say, read without Docker: services, addresses, instructions."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import yaml

from deskpulse.__main__ import main
from deskpulse.configuration.loading import load_configuration
from deskpulse.configuration.model import Configuration

ROOT = Path(__file__).parents[1]
FILE = ROOT / "docker-compose.yml"
CONFIG = ROOT / "compose" / "deskpulse.toml"

_DOCUMENT: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = _DOCUMENT["services"]
VOLUMES = set(_DOCUMENT["volumes"])
#: Those that are built here; the others are taken from a registry.
OWN = {name: service for name, service in SERVICES.items() if "build" in service}

DEFAULTED = re.compile(r"\$\{\w+:-([^}]*)\}")


class Mount(NamedTuple):
    """Where a service has a folder or file, and whether it is a volume with a name."""

    source: str
    target: str
    is_read_only: bool
    takes_the_images_files: bool

    @property
    def is_named(self) -> bool:
        return not self.source.startswith(".")


class Instruction(NamedTuple):
    """One of the Dockerfile, with its lines joined."""

    name: str
    text: str


def mounts(service: dict[str, Any]) -> list[Mount]:
    """All of a service."""
    return [_mount(volume) for volume in service.get("volumes", [])]


def _mount(volume: str | dict[str, Any]) -> Mount:
    if isinstance(volume, dict):
        copies = not volume.get("volume", {}).get("nocopy", False)
        return Mount(volume["source"], volume["target"], volume.get("read_only", False), copies)
    source, target, *mode = volume.split(":")
    return Mount(source, target, mode == ["ro"], mode != ["ro"])


def without_variables(text: str) -> str:
    """With the default of each variable, as where none is set."""
    return DEFAULTED.sub(r"\1", text)


def words(service: dict[str, Any]) -> list[str]:
    """Its command."""
    return [without_variables(word) for word in service["command"]]


def parsed(arguments: Sequence[str]) -> None:
    """Read the words as the command line would, without doing anything.

    Raises:
        click.ClickException: they are wrong.
    """
    command: click.Command = main
    context = main.make_context("deskpulse", list(arguments))
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert name is not None
        assert found is not None
        command, context = found, found.make_context(name, rest, parent=context)


def configuration() -> Configuration:
    """The floor of the compose file."""
    return load_configuration(CONFIG, {})


def instructions() -> Iterator[Instruction]:
    """Those of the Dockerfile, in order."""
    lines = [line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            name, _, text = line.partition(" ")
            yield Instruction(name, " ".join(text.split()))


def said(name: str) -> list[str]:
    """What the Dockerfile says with one instruction, each time."""
    return [one.text for one in instructions() if one.name == name]


def words_of(name: str) -> list[str]:
    """The words of an instruction in its form without a shell."""
    [text] = said(name)
    found: list[str] = json.loads(text[text.index("[") :])
    return found


def image_environment() -> dict[str, str]:
    """The variables of the image."""
    return dict(pair.split("=", 1) for text in said("ENV") for pair in text.split())
