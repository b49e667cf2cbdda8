"""Does a broker let this client in? Asked once before anything else, since clients themselves only say that it failed.

What is in the way is a value: some of it goes by itself, and some that no waiting mends says who, where and what to do.
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Final

import msgspec
from aiokafka.conn import create_conn
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from stream.rim.security import Protocol, Security, admission
from stream.rim.settings import RimSettings

CONNECT_SECONDS: Final = 3.0
#: For TLS, login and one answer; a broker delays the answer to a wrong password.
HANDSHAKE_SECONDS: Final = 10.0

_UNTRUSTED: Final = "Set [broker] ca_file to the authority that signed it"
_OTHER_NAME: Final = "Name the broker as its certificate does, in [broker] url and in Kafka's advertised.listeners"
#: OpenSSL's numbers for a certificate of another host name, or another address.
_MISMATCHES: Final = frozenset({62, 64})


class Obstacle(msgspec.Struct, frozen=True):
    """Why no broker can be spoken to. ``is_final``: one answers, and waiting would not change what it says."""

    why: str
    is_final: bool = False


async def obstacle(settings: RimSettings) -> Obstacle | None:
    """What is between this client and the brokers; None where one of them lets it in. A refusal outweighs the rest."""
    found = Obstacle(f"broker not reachable: {', '.join(settings.brokers)}")
    for address in settings.brokers:
        if not await _takes_connections(address):
            continue
        here = await _handshake(address, settings.security)
        if here is None:
            return None
        found = found if found.is_final else here
    return found


async def _takes_connections(address: str) -> bool:
    with suppress(OSError, TimeoutError):
        host, port = _place(address)
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
        writer.close()
        return True
    return False


def _place(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


async def _handshake(address: str, security: Security) -> Obstacle | None:
    """Why a broker that takes connections cannot be spoken to; None where it lets this client in, or is open to all."""
    if security.protocol is Protocol.PLAINTEXT:
        return None
    host, port = _place(address)
    given = admission(security)
    try:
        connection = await create_conn(host, port, request_timeout_ms=int(HANDSHAKE_SECONDS * 1000), **given)
    except (OSError, KafkaError, TimeoutError) as error:
        return _obstacle_of(address, security, error)
    connection.close()
    return None


def _obstacle_of(address: str, security: Security, error: Exception) -> Obstacle:
    """What a failed handshake says. TimeoutError and errors of TLS are OSErrors, so these come first."""
    match error:
        case ssl.SSLCertVerificationError():
            return Obstacle(_distrusted(address, security, error), is_final=True)
        case SaslAuthenticationFailed() | AuthenticationFailedError() | UnsupportedSaslMechanismError():
            return Obstacle(_shut_out(address, security, error), is_final=True)
        case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
            return Obstacle(_unlike(address, security, "answers without TLS"), is_final=True)
        case ssl.SSLError():
            return Obstacle(_unlike(address, security, f"ends the TLS handshake ({error.reason or error})"))
        case TimeoutError():
            return Obstacle(_unlike(address, security, f"gives no answer within {HANDSHAKE_SECONDS:g} s"))
        case _:
            return Obstacle(_unlike(address, security, "closes the connection unanswered"))


def _distrusted(address: str, security: Security, error: ssl.SSLCertVerificationError) -> str:
    by = "the authorities of this system" if security.ca_file is None else f"[broker] ca_file {security.ca_file}"
    remedy = _OTHER_NAME if error.verify_code in _MISMATCHES else _UNTRUSTED
    return f"broker {address}: its certificate does not hold by {by}: {error.verify_message.rstrip('.')}. {remedy}"


def _shut_out(address: str, security: Security, error: KafkaError) -> str:
    where = f"broker {address} refuses {security.principal} by {security.mechanism}"
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"{where}: it has no such mechanism. Set [broker] sasl_mechanism to one that its listener enables"
    return f"{where}: unknown name or wrong password. See [broker] username and what password_env or password_file hold"


def _unlike(address: str, security: Security, what: str) -> str:
    hint = f"is [broker] security_protocol {security.protocol} that of this listener"
    if security.protocol.has_tls and security.certificate_file is None:
        hint += ", and does it ask for a certificate_file"
    return f"broker {address} takes connections, but {what}: {hint}?"


def refusal(error: BaseException, settings: RimSettings) -> str | None:
    """What an error of Kafka says of this client's rights; None where it is about something else."""
    if isinstance(error, TopicAuthorizationFailedError):
        what = f"topic {_named(error)}"
    elif isinstance(error, GroupAuthorizationFailedError):
        what = f"group {settings.app_id}"
    elif isinstance(error, ClusterAuthorizationFailedError):
        what = "the cluster"
    else:
        return None
    return (
        f"{settings.security.principal} lacks a right to {what} at {', '.join(settings.brokers)}: "
        "add the rules of docs/production.md by kafka-acls.sh"
    )


def told(error: BaseException, settings: RimSettings) -> str:
    """An error of Kafka as part of a sentence."""
    return refusal(error, settings) or repr(error)


def _named(error: KafkaError) -> str:
    """Topics as the client's error carries them: one, or a set of them."""
    topics = error.args[0] if error.args else "(the broker does not say which)"
    return ", ".join(sorted(map(str, topics))) if isinstance(topics, set | frozenset | list | tuple) else str(topics)


def unanswered(settings: RimSettings) -> str:
    """What it means that a client could not begin, though the broker takes connections."""
    return (
        f"broker {', '.join(settings.brokers)} takes connections, but does not answer: is [broker] security_protocol "
        f"{settings.security.protocol} that of this listener?"
    )
