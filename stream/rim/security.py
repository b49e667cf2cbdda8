"""How a client is let in by brokers: TLS, its own certificate, a name and a password; all clients get it from here.

A `Security` is what is configured; the context of TLS is made of its files where a client is made.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final, NoReturn

import msgspec


class Protocol(StrEnum):
    """What a listener speaks, in Kafka's words (`security.protocol`)."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def has_tls(self) -> bool:
        """What is sent cannot be read on its way."""
        return self in {Protocol.SSL, Protocol.SASL_SSL}

    @property
    def has_login(self) -> bool:
        """Clients come with a name and a password."""
        return self in {Protocol.SASL_PLAINTEXT, Protocol.SASL_SSL}


class Mechanism(StrEnum):
    """How name and password are told, in Kafka's words (`sasl.mechanism`)."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Security(msgspec.Struct, frozen=True, kw_only=True):
    """As `[broker]` of the configuration says it. ``ca_file`` None: the authorities that the system trusts."""

    protocol: Protocol = Protocol.PLAINTEXT
    mechanism: Mechanism | None = None
    username: str | None = None
    password: str | None = None
    ca_file: str | None = None
    certificate_file: str | None = None
    key_file: str | None = None
    check_hostname: bool = True

    def __repr__(self) -> str:
        """Without the password: settings may be logged."""
        return f"Security({self.protocol}, {self.principal})"

    @property
    def principal(self) -> str:
        """Who the client is to Kafka; of a certificate the broker's own rules make the name, so the file is named."""
        if self.protocol.has_login:
            return f"User:{self.username}"
        if self.protocol.has_tls and self.certificate_file is not None:
            return f"the owner of {self.certificate_file}"
        return "User:ANONYMOUS"


OPEN: Final = Security()


class UnusableFileError(Exception):
    """A file of TLS cannot be used. ``key``: of which key of the configuration; ``reason``: why."""

    def __init__(self, key: str, path: str, reason: str) -> None:
        super().__init__(f"{key} {path}: {reason}")
        self.key = key
        self.reason = reason


def tls_context(security: Security) -> ssl.SSLContext | None:
    """The context of a client; None without TLS. Reads the files.

    Raises:
        UnusableFileError: a file cannot be read, or holds something else.
    """
    if not security.protocol.has_tls:
        return None
    context = _trusting(security.ca_file)
    context.check_hostname = security.check_hostname
    if security.certificate_file is not None and security.key_file is not None:
        _show_certificate(context, security.certificate_file, security.key_file)
    return context


def _trusting(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except ssl.SSLError:
        reason = "expected certificates of authorities as PEM"
    except OSError as error:
        reason = f"expected a file that can be read: {error.strerror or error}"
    raise UnusableFileError("ca_file", str(ca_file), reason)


def _show_certificate(context: ssl.SSLContext, certificate_file: str, key_file: str) -> None:
    for key, path in (("certificate_file", certificate_file), ("key_file", key_file)):
        _require_readable(key, path)
    try:
        context.load_cert_chain(certificate_file, key_file, password=_refuse_passphrase)
    except _PassphraseError:
        raise UnusableFileError("key_file", key_file, "expected a key without a passphrase") from None
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise UnusableFileError("key_file", key_file, f"expected the key of {certificate_file}") from None
        raise UnusableFileError(*_bad_pair(certificate_file, key_file)) from None


def _require_readable(key: str, path: str) -> None:
    try:
        with open(path, "rb"):  # noqa: PTH123 - a text as configured
            return
    except OSError as error:
        raise UnusableFileError(key, path, f"expected a file that can be read: {error.strerror or error}") from None


def _bad_pair(certificate_file: str, key_file: str) -> tuple[str, str, str]:
    """Which of the two files is no PEM of its kind: OpenSSL does not say."""
    with open(certificate_file, "rb") as file:  # noqa: PTH123 - a text as configured
        if b"-----BEGIN CERTIFICATE-----" in file.read():
            return "key_file", key_file, "expected a private key as PEM"
    return "certificate_file", certificate_file, "expected a certificate as PEM"


class _PassphraseError(Exception):
    """The key is encrypted; OpenSSL would ask a terminal."""


def _refuse_passphrase() -> NoReturn:
    raise _PassphraseError


def connection(brokers: Sequence[str], security: Security) -> dict[str, Any]:
    """The arguments of every aiokafka client: where the brokers are, and how it is let in."""
    return {"bootstrap_servers": list(brokers), **admission(security)}


def admission(security: Security) -> dict[str, Any]:
    """How a connection of aiokafka is let in."""
    login = {
        "sasl_mechanism": str(security.mechanism),
        "sasl_plain_username": security.username,
        "sasl_plain_password": security.password,
    }
    given = login if security.protocol.has_login else {}
    return {"security_protocol": str(security.protocol), "ssl_context": tls_context(security), **given}
