"""`[broker]` with TLS and a login: which keys belong together, and what is said of files that cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import trustme
from aiokafka.errors import GroupAuthorizationFailedError, NoBrokersAvailable, TopicAuthorizationFailedError
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from deskpulse.broker_security import BrokerSecretError, security_of
from deskpulse.commands.check_config import command
from deskpulse.configuration.loading import ConfigurationError
from deskpulse.configuration.tables import Broker
from stream.rim import reaching
from stream.rim.reaching import refusal
from stream.rim.security import Protocol, Security, admission, tls_context
from stream.rim.settings import RimSettings
from tests.configuration_files import loaded, problems

ROOT = Path(__file__).resolve().parents[2]
NAMED = 'security_protocol = "SASL_SSL"\nsasl_mechanism = "SCRAM-SHA-512"\nusername = "w"\n'
LOGIN = f'{NAMED}password_env = "PW"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "floor.toml"


@pytest.fixture
def pems(tmp_path: Path) -> Path:
    """A folder with an authority, a certificate and its key, another's key, and a key with a passphrase."""
    authority = trustme.CA()
    leaf, other = authority.issue_cert("a.example"), authority.issue_cert("b.example")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "own.pem")
    leaf.private_key_pem.write_to_path(tmp_path / "own.key")
    other.private_key_pem.write_to_path(tmp_path / "other.key")
    key = load_pem_private_key(leaf.private_key_pem.bytes(), password=None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
    (tmp_path / "locked.key").write_bytes(locked)
    (tmp_path / "text").write_text("no certificate\n")
    return tmp_path


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            'security_protocol = "TLS"',
            "broker.security_protocol = \"TLS\": expected 'PLAINTEXT', 'SSL', 'SASL_PLAINTEXT' or 'SASL_SSL'",
        ),
        (
            'security_protocol = "SASL_SSL"',
            "broker.sasl_mechanism: expected PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512: security_protocol is SASL_SSL",
        ),
        ('security_protocol = "SASL_SSL"', "broker.username: expected the name to log in by"),
        ('security_protocol = "SASL_SSL"', "broker.password_env: expected either password_env or password_file: where"),
        (f'{LOGIN}password_file = "f"', 'broker.password_env = "PW": expected either password_env or password_file'),
        (
            'username = "w"',
            'broker.username = "w": expected only where security_protocol is SASL_PLAINTEXT or SASL_SSL',
        ),
        ('ca_file = "f"', 'broker.ca_file = "f": expected only where security_protocol is SSL or SASL_SSL'),
        ("check_hostname = false", "broker.check_hostname = false: expected only where security_protocol is SSL or SA"),
        ('security_protocol = "SSL"\ncertificate_file = "f"', "broker.key_file: expected the key of certificate_file"),
        ('security_protocol = "SSL"\nkey_file = "f"', "broker.certificate_file: expected the certificate of key_file"),
        (f'{LOGIN}password = "hunter2"', 'broker.password: unknown key; did you mean "password_env"?'),
    ],
)
def test_keys_that_do_not_belong_together_are_named(file: Path, keys: str, said: str) -> None:
    found = problems(file, f"[broker]\n{keys}\n")
    assert any(said in problem for problem in found), found
    assert "hunter2" not in str(found)


def test_one_wrong_protocol_makes_nothing_else_wrong(file: Path) -> None:
    assert len(problems(file, f"[broker]\n{LOGIN.replace('SASL_SSL', 'TLS')}")) == 1


@pytest.mark.parametrize("keys", [LOGIN, 'security_protocol = "SSL"', f'{LOGIN}ca_file = "f"\ncheck_hostname = false'])
def test_a_configuration_with_all_that_belongs_together_loads_without_its_files(file: Path, keys: str) -> None:
    assert loaded(file, f"[broker]\n{keys}").broker.security_protocol in {"SASL_SSL", "SSL"}


@pytest.mark.parametrize(
    ("key", "name", "expected"),
    [
        ("ca_file", "absent", "expected a file that can be read: No such file or directory"),
        ("ca_file", "text", "expected certificates of authorities as PEM"),
        ("certificate_file", "absent", "expected a file that can be read: No such file or directory"),
        ("certificate_file", "text", "expected a certificate as PEM"),
        ("key_file", "absent", "expected a file that can be read: No such file or directory"),
        ("key_file", "text", "expected a private key as PEM"),
        ("key_file", "other.key", "expected the key of "),
        ("key_file", "locked.key", "expected a key without a passphrase"),
        ("password_file", "absent", "expected a file that can be read: No such file or directory"),
        ("password_file", "empty", "expected the password, but the file is empty"),
    ],
)
def test_check_config_tries_every_file_and_names_its_key(pems: Path, key: str, name: str, expected: str) -> None:
    (pems / "empty").write_text("\n")
    (pems / "password").write_text("s3cret\n")
    files = {"ca_file": "ca.pem", "certificate_file": "own.pem", "key_file": "own.key", "password_file": "password"}

    def checked(files: dict[str, str]) -> list[str]:
        keys = "".join(f'{key} = "{pems / name}"\n' for key, name in files.items())
        (pems / "floor.toml").write_text(f"[broker]\n{NAMED}{keys}")
        done = CliRunner().invoke(command, [str(pems / "floor.toml")])
        if not isinstance(done.exception, ConfigurationError):
            return []
        return [str(problem) for problem in done.exception.problems]

    assert checked(files) == []
    [problem] = checked(files | {key: name})
    assert problem.startswith(f'{pems / "floor.toml"}: broker.{key} = "{pems / name}": {expected}')


def test_check_config_names_all_files_at_once(pems: Path) -> None:
    (pems / "floor.toml").write_text(
        f'[broker]\n{LOGIN}ca_file = "no"\ncertificate_file = "{pems / "text"}"\nkey_file = "{pems / "own.key"}"\n'
    )
    done = CliRunner().invoke(command, [str(pems / "floor.toml")])
    assert isinstance(done.exception, ConfigurationError)
    assert [problem.key for problem in done.exception.problems] == ["broker.ca_file", "broker.certificate_file"]


def test_a_password_comes_from_its_variable_or_its_file_and_is_never_shown(tmp_path: Path) -> None:
    named = Broker(security_protocol="SASL_PLAINTEXT", sasl_mechanism="PLAIN", username="w", password_env="PW")
    (tmp_path / "password").write_text("two words \n")
    by_variable = security_of(named, {"PW": "s3cret"})
    in_file = {"password_env": None, "password_file": str(tmp_path / "password")}
    by_file = security_of(named.model_copy(update=in_file), {})
    assert (by_variable.password, by_file.password) == ("s3cret", "two words ")
    assert "s3cret" not in repr(RimSettings(security=by_variable))
    assert admission(by_variable) == {
        "security_protocol": "SASL_PLAINTEXT",
        "ssl_context": None,
        "sasl_mechanism": "PLAIN",
        "sasl_plain_username": "w",
        "sasl_plain_password": "s3cret",
    }
    with pytest.raises(BrokerSecretError, match=r"^\[broker\] password_env: expected the password in PW, and that var"):
        security_of(named, {"PW": ""})


def test_host_names_are_checked_unless_that_is_switched_off() -> None:
    strict, lenient = (tls_context(Security(protocol=Protocol.SSL, check_hostname=on)) for on in (True, False))
    assert strict is not None
    assert lenient is not None
    assert (strict.check_hostname, lenient.check_hostname) == (True, False)
    assert strict.verify_mode == lenient.verify_mode  # of whom it is, is always checked
    assert tls_context(Security()) is None


@pytest.mark.parametrize(
    ("security", "who"),
    [
        (Security(), "User:ANONYMOUS"),
        (Security(protocol=Protocol.SASL_SSL, username="w"), "User:w"),
        (Security(protocol=Protocol.SSL, certificate_file="own.pem", key_file="own.key"), "the owner of own.pem"),
        (Security(protocol=Protocol.SSL), "User:ANONYMOUS"),
    ],
)
def test_a_missing_right_is_told_with_who_what_where_and_what_to_do(security: Security, who: str) -> None:
    settings = RimSettings(brokers=("k:1", "l:2"), security=security)
    rest = "at k:1, l:2: add the rules of docs/production.md by kafka-acls.sh"
    assert refusal(TopicAuthorizationFailedError("a"), settings) == f"{who} lacks a right to topic a {rest}"
    assert refusal(TopicAuthorizationFailedError({"b", "a"}), settings) == f"{who} lacks a right to topic a, b {rest}"
    assert refusal(GroupAuthorizationFailedError("x"), settings) == f"{who} lacks a right to group deskpulse {rest}"
    assert refusal(NoBrokersAvailable(), settings) is None


@pytest.mark.parametrize("turn", [1, -1])
async def test_what_a_broker_refuses_outweighs_others_that_are_away(monkeypatch: pytest.MonkeyPatch, turn: int) -> None:
    shut, closes = reaching.Obstacle("shut out", is_final=True), reaching.Obstacle("closes")
    says = {"shut:1": shut, "closes:1": closes, "open:1": None}

    async def takes_connections(address: str) -> bool:
        return address in says

    async def handshake(address: str, _security: Security) -> reaching.Obstacle | None:
        return says[address]

    monkeypatch.setattr(reaching, "_takes_connections", takes_connections)
    monkeypatch.setattr(reaching, "_handshake", handshake)

    async def found(*brokers: str) -> reaching.Obstacle | None:
        return await reaching.obstacle(RimSettings(brokers=brokers[::turn]))

    assert await found("shut:1", "closes:1", "away:1") == shut
    assert await found("closes:1", "away:1") == closes
    assert await found("shut:1", "open:1", "away:1") is None
    away = await found("away:1")
    assert away == reaching.Obstacle("broker not reachable: away:1")


def test_every_client_of_kafka_is_let_in_the_same_way() -> None:
    made = [
        (path.name, call)
        for path in (ROOT / "stream" / "rim").glob("*.py")
        for call in re.findall(r"\bAIOKafka(?:Consumer|Producer|AdminClient)\(\s*(\S+?\()", path.read_text())
    ]
    assert len(made) >= 7
    assert {call for _, call in made} == {"**connection("}
