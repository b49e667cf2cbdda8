"""`deskpulse generate`: writes, or compares, every generated file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from deskpulse import generated


@click.command("generate")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not what would be generated.")
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder to write to."
)
def command(*, check: bool, output: Path) -> None:
    """Write the JSON Schemas and the reference tables of the docs."""
    if not check:
        for path in generated.write(output):
            click.echo(path)
        return
    drifted = generated.drifted(output)
    for path in drifted:
        click.echo(f"{path} is not what `deskpulse generate` writes", err=True)
    sys.exit(1 if drifted else 0)
