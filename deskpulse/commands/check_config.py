"""`deskpulse check-config FILE`: every problem of a configuration at once; connects to nothing.

It reads the files that `[broker]` names, which only workers and commands with a broker need otherwise.
"""

from __future__ import annotations

from pathlib import Path

import click

from deskpulse.broker_security import unusable
from deskpulse.configuration.loading import ConfigurationError, Problem, load_configuration
from deskpulse.configuration.problems import toml_value


@click.command("check-config")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def command(file: Path) -> None:
    """Check a configuration FILE: all problems at once, with key and what is expected."""
    loaded = load_configuration(file, {})
    found = [
        Problem(str(file), f"broker.{error.key}", toml_value(getattr(loaded.broker, error.key)), error.expected)
        for error in unusable(loaded.broker)
    ]
    if found:
        raise ConfigurationError(found)
    click.echo(f"{file}: no problems")
