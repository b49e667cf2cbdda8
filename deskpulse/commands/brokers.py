"""Which brokers a command speaks to, and how they let it in: `--broker` says where, the configuration says how."""

from __future__ import annotations

import os

import click

from deskpulse.broker_security import BrokerSecretError, security_of
from deskpulse.commands.options import addresses
from deskpulse.configuration.loading import Configuration
from deskpulse.worker import Setting, rim_settings
from stream.rim.security import Security
from stream.rim.settings import RimSettings


def security_given(loaded: Configuration) -> Security:
    """TLS and login of `[broker]`, with the password from where it says.

    Raises:
        UsageError: a file cannot be used, or a variable is not set.
    """
    try:
        return security_of(loaded.broker, os.environ)
    except BrokerSecretError as error:
        raise click.UsageError(str(error)) from None


def setting_given(loaded: Configuration, broker: str | None) -> Setting:
    """``broker``: the option `--broker`, if given."""
    brokers = addresses(broker) if broker else loaded.broker.url
    return Setting(brokers=brokers, security=security_given(loaded))


def settings_given(loaded: Configuration, broker: str | None) -> RimSettings:
    """The same, as the rim is told it."""
    return rim_settings(loaded, setting_given(loaded, broker))
