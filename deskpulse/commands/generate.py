"""`deskpulse generate`: writes, or compares, every generated file."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from deskpulse import generated
from deskpulse.commands.options import configuration


@click.command("generate")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if a file is not what would be generated.")
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Only what follows from this configuration (TOML): the rules and configuration of Prometheus, Alertmanager's, "
    "Grafana's dashboards and what it is provisioned with, and the runbook. Without it: the project's own files.",
)
@click.option(
    "--output", type=click.Path(path_type=Path, file_okay=False), default=Path(), help="The folder to write to."
)
def command(*, check: bool, config: Path | None, output: Path) -> None:
    """Write the JSON Schemas, the reference tables of the docs, alert rules, dashboards and the runbook."""
    if config is not None and output == Path():
        raise click.UsageError("--config needs --output: the folder of these files, which are not the project's own")
    made = generated.files(output) if config is None else generated.files_of(configuration(config))
    if not check:
        for path in generated.write(made, output):
            click.echo(path)
        return
    drifted = generated.drifted(made, output)
    for path in drifted:
        click.echo(f"{path} is not what `deskpulse generate` writes", err=True)
    sys.exit(1 if drifted else 0)
