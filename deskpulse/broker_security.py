"""How brokers let this process in, as `[broker]` says it: the one place that reads the password and tries the files.

Not part of loading a configuration: boards and `generate` take the same file, and need no password or key of Kafka.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from deskpulse.configuration.tables import Broker
from stream.rim.security import Mechanism, Protocol, Security, UnusableFileError, tls_context


class BrokerSecretError(Exception):
    """What `[broker]` names outside of the file cannot be used. ``key``: which key; ``expected``: what is wrong."""

    def __init__(self, key: str, expected: str) -> None:
        super().__init__(f"[broker] {key}: {expected}")
        self.key = key
        self.expected = expected


def security_of(broker: Broker, environment: Mapping[str, str] | None) -> Security:
    """How brokers let this client in; reads the files. Without ``environment`` no `password_env` is looked up.

    Raises:
        BrokerSecretError: a file cannot be used, or the variable is not set.
    """
    security = Security(
        protocol=Protocol(broker.security_protocol),
        mechanism=None if broker.sasl_mechanism is None else Mechanism(broker.sasl_mechanism),
        username=broker.username,
        password=_password(broker, environment),
        ca_file=broker.ca_file,
        certificate_file=broker.certificate_file,
        key_file=broker.key_file,
        check_hostname=broker.check_hostname,
    )
    try:
        tls_context(security)
    except UnusableFileError as error:
        raise BrokerSecretError(error.key, error.reason) from error
    return security


def _password(broker: Broker, environment: Mapping[str, str] | None) -> str | None:
    if broker.password_file is not None:
        return _password_in(Path(broker.password_file))
    if broker.password_env is None or environment is None:
        return None
    password = environment.get(broker.password_env, "")
    if not password:
        raise BrokerSecretError(
            "password_env", f"expected the password in {broker.password_env}, and that variable is not set"
        )
    return password


def _password_in(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        raise BrokerSecretError("password_file", "expected a text in UTF-8") from None
    except OSError as error:
        raise BrokerSecretError(
            "password_file", f"expected a file that can be read: {error.strerror or error}"
        ) from None
    if not password:
        raise BrokerSecretError("password_file", "expected the password, but the file is empty")
    return password


def unusable(broker: Broker) -> Iterator[BrokerSecretError]:
    """Every file of `[broker]` that cannot be used. The environment is that of whoever runs a worker: not looked at."""
    nothing = dict.fromkeys(("password_file", "ca_file", "certificate_file", "key_file"))
    for kept in (("password_file",), ("ca_file",), ("certificate_file", "key_file")):
        given = {key: getattr(broker, key) for key in kept}
        try:
            security_of(broker.model_copy(update=nothing | given), None)
        except BrokerSecretError as error:
            yield error
