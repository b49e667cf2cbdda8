"""What the keys of `[broker]` about TLS and the login say together.

As ``checks``: each rule is one small function of a draft, silent about a key that was taken out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from deskpulse.configuration.draft import Draft, Finding
from deskpulse.configuration.tables import Broker
from stream.rim.security import Protocol

_LOGIN: Final = ("sasl_mechanism", "username", "password_env", "password_file")
_TLS: Final = ("ca_file", "certificate_file", "key_file")


def _login(draft: Draft) -> Iterator[Finding]:
    """A login has all of its keys, and nothing else has any."""
    broker = draft.configuration.broker
    if not draft.sound("broker", "security_protocol"):
        return
    if not Protocol(broker.security_protocol).has_login:
        for key in _given(broker, _LOGIN):
            yield (("broker", key), "expected only where security_protocol is SASL_PLAINTEXT or SASL_SSL")
        return
    needed = {"sasl_mechanism": "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", "username": "the name to log in by"}
    for key, meaning in needed.items():
        if getattr(broker, key) is None and draft.sound("broker", key):
            yield (("broker", key), f"expected {meaning}: security_protocol is {broker.security_protocol}")
    if len(_given(broker, ("password_env", "password_file"))) != 1 and _is_sound(
        draft, "password_env", "password_file"
    ):
        yield (("broker", "password_env"), "expected either password_env or password_file: where the password is")


def _tls(draft: Draft) -> Iterator[Finding]:
    """Files of TLS only with TLS, and a certificate with its key."""
    broker = draft.configuration.broker
    if not draft.sound("broker", "security_protocol"):
        return
    if not Protocol(broker.security_protocol).has_tls:
        for key in (*_given(broker, _TLS), *(() if broker.check_hostname else ("check_hostname",))):
            yield (("broker", key), "expected only where security_protocol is SSL or SASL_SSL")
        return
    if _is_sound(draft, "certificate_file", "key_file"):
        if broker.certificate_file is not None and broker.key_file is None:
            yield (("broker", "key_file"), "expected the key of certificate_file")
        if broker.key_file is not None and broker.certificate_file is None:
            yield (("broker", "certificate_file"), "expected the certificate of key_file")


def _given(broker: Broker, keys: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(key for key in keys if getattr(broker, key) is not None)


def _is_sound(draft: Draft, *keys: str) -> bool:
    return all(draft.sound("broker", key) for key in keys)


RULES: Final[tuple[Callable[[Draft], Iterator[Finding]], ...]] = (_login, _tls)
