"""Options that several commands share, and how they read what they are given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from deskpulse.board.access import TokenMissingError, Tokens, tokens_of
from deskpulse.configuration.loading import Configuration, load_configuration
from metrics.instants import parse_duration, parse_instant


class Instant(click.ParamType):
    """An RFC 3339 date-time with an offset, as nanoseconds."""

    name = "instant"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds since the epoch."""
        if isinstance(value, int):
            return value
        try:
            return parse_instant(value)
        except ValueError as error:
            self.fail(f"{error}: 2026-10-01T12:00:00Z is expected", param, ctx)


class Duration(click.ParamType):
    """A duration such as 90s, 15m, 4h, 2d, 1h30m, as nanoseconds."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Nanoseconds."""
        if isinstance(value, int):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


config_option = click.option(
    "--config",
    "config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Configuration file (TOML); else DESKPULSE_CONFIG, else every default.",
)

broker_option = click.option("--broker", metavar="URL", help="Kafka, as kafka://HOST:PORT; several by commas.")


def configuration(config: Path | None) -> Configuration:
    """The configuration with the environment's overrides; all problems at once where it has any."""
    return load_configuration(config, os.environ)


def tokens_given(settings: Configuration) -> Tokens:
    """The board's tokens from the environment.

    Raises:
        UsageError: a variable that the configuration names is not set.
    """
    try:
        return tokens_of(settings.board, os.environ)
    except TokenMissingError as error:
        raise click.UsageError(str(error)) from None


def addresses(broker: str) -> tuple[str, ...]:
    """``kafka://a:9092,kafka://b:9092`` as (host:port, …).

    Raises:
        click.BadParameter: an address without a port, or of another scheme.
    """
    found = []
    for url in broker.split(","):
        scheme, separator, address = url.strip().rpartition("://")
        host, colon, port = address.rpartition(":")
        if (separator and scheme != "kafka") or not (host and colon and port.isdigit()):
            raise click.BadParameter(f"{url!r}: kafka://HOST:PORT is expected", param_hint="--broker")
        found.append(address)
    return tuple(found)
