"""`deskpulse check-config FILE`: every problem of a configuration at once; connects to nothing."""

from __future__ import annotations

from pathlib import Path

import click

from deskpulse.configuration.loading import load_configuration


@click.command("check-config")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def command(file: Path) -> None:
    """Check a configuration FILE: all problems at once, with key and what is expected."""
    load_configuration(file, {})
    click.echo(f"{file}: no problems")
