"""The command line: `deskpulse COMMAND`.

Results go to stdout, logs and progress to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.
"""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from deskpulse.configuration.loading import ConfigurationError
from stream.rim.log import log_quietly

COMMANDS: Final = {
    "worker": "worker",
    "board": "board",
    "demo": "demo",
    "simulate": "simulate",
    "import": "import_",
    "facts": "facts",
    "replay": "replay",
    "explain": "explain",
    "report": "report",
    "drivers": "drivers",
    "targets": "targets",
    "alerts": "alerts",
    "topics": "topics",
    "dead-letters": "dead_letters",
    "doctor": "doctor",
    "check-config": "check_config",
    "generate": "generate",
}


class _Commands(click.Group):
    """Imports a command when it is asked for, so that `--help` and small commands answer at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(f"deskpulse.commands.{module}").command
        return command


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="deskpulse")
def main() -> None:
    """The live pulse of a customer-support floor."""


def run() -> None:
    """The console script: like ``main``, with configuration problems told in full and exit code 2."""
    log_quietly()
    try:
        main(standalone_mode=True)
    except ConfigurationError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        sys.exit(2)


if __name__ == "__main__":
    run()
