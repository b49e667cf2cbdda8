"""A Kafka with TLS and logins: everything comes in with what `[broker]` says, and who is refused is told why."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.exports import HEADER, LOG
from tests.floors import LONG_AGO, PARTITIONS, Floor, described_floor, records_of, send
from tests.logs import SPAN, random_log, shuffled, to_json_line
from tests.oracle.compare import differences
from tests.oracle.instants import text_of
from tests.oracle.snapshot import snapshot
from tests.processes import Done, WorkerProcess, run
from tests.secured_kafka import ADMINISTRATOR, SENDER, SecuredKafka

EVENTS = random_log(11, tickets=60, start=LONG_AGO)
END = LONG_AGO + SPAN
BAD = ("ticket-created", b"x", b"no event")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredKafka]:
    """One for all of them."""
    kafka = SecuredKafka(tmp_path_factory.mktemp("secured") / "kafka")
    kafka.start()
    try:
        yield kafka
    finally:
        kafka.stop()


@pytest.fixture
def floor(kafka: SecuredKafka, tmp_path: Path) -> Floor:
    """The administrator's, who comes in with a password."""
    secured = kafka.login_toml(ADMINISTRATOR)
    return described_floor(kafka.login_address, tmp_path, secured=secured, security=kafka.security(ADMINISTRATOR))


def good(done: Done) -> bytes:
    assert done.code == 0, done.err
    return done.out


async def shows_the_log(worker: WorkerProcess) -> None:
    found = await worker.snapshot(at=text_of(END))
    assert differences(found, snapshot(EVENTS, END)) == []
    assert found["partitions"] == {"ready": PARTITIONS, "catching_up": 0, "total": PARTITIONS}


async def test_workers_and_every_command_come_in_by_password_or_certificate(
    kafka: SecuredKafka, floor: Floor, tmp_path: Path
) -> None:
    def told(*words: object) -> bytes:
        return good(run(*words, "--config", floor.configuration, KAFKA_PASSWORD=ADMINISTRATOR))

    at = ("--broker", f"kafka://{kafka.login_address}")
    assert told("topics", "create").count(b"created ") == 8
    told("topics", "check", *at)
    told("simulate", "--duration", "1s", "--rate", "1", *at)  # it looks for events of others, and has none to send
    await send(floor, [*records_of(shuffled(EVENTS, seed=3)), BAD])
    async with WorkerProcess("--config", floor.configuration, KAFKA_PASSWORD=ADMINISTRATOR) as worker:
        await worker.ready()
        await shows_the_log(worker)
        found = json.loads(
            run("doctor", "--format", "json", "--config", floor.configuration, KAFKA_PASSWORD=ADMINISTRATOR).out
        )
        judged = {one["check"]: one["verdict"] for one in found}
        assert [judged[check] for check in ("broker", "topics", "lag")] == ["ok"] * 3
        assert (await worker.ended(signal.SIGTERM)).code == 0

    (tmp_path / "by-certificate").mkdir()
    certified = described_floor(
        kafka.certified_address, tmp_path / "by-certificate", secured=kafka.certified_toml(ADMINISTRATOR)
    )
    good(run("check-config", certified.configuration))
    good(run("topics", "check", "--config", certified.configuration))
    async with WorkerProcess("--config", certified.configuration) as worker:  # it reads the other's changelog
        await worker.ready()
        await shows_the_log(worker)
        assert (await worker.ended(signal.SIGTERM)).code == 0

    [letter] = told("dead-letters", "list", "--format", "json").splitlines()
    assert json.loads(letter)["reason"] == "not_json"
    assert b"1 requeued" in told("dead-letters", "requeue", "--all", "--force")
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(map(to_json_line, EVENTS)))
    assert differences(json.loads(told("replay", log, *at, "--format", "json")), snapshot(EVENTS)) == []
    (tmp_path / "facts.csv").write_bytes(good(run("facts", "--template")))
    told("facts", tmp_path / "facts.csv", *at)
    (tmp_path / "map.toml").write_text(LOG, encoding="utf-8")
    (tmp_path / "export.csv").write_text(f"{HEADER}\nT1,2026-03-02 10:00,New,billing,sara\n", encoding="utf-8")
    told("import", "--map", tmp_path / "map.toml", tmp_path / "export.csv", *at)
    told("topics", "reset", "--yes")


@dataclass(frozen=True)
class Wrong:
    """What is changed of a right `[broker]`, and what is said then. ``is_waited_for``: a worker goes on trying."""

    what: str
    changed: tuple[str, str]
    said: str
    is_waited_for: bool = False
    password: str = ADMINISTRATOR


WRONG = (
    Wrong(
        "a wrong password",
        ("", ""),
        "broker {} refuses User:admin by SCRAM-SHA-512: unknown name or wrong password. See [broker] username",
        password="guessed",
    ),
    Wrong("an unknown name", ('"admin"', '"nobody"'), "refuses User:nobody by SCRAM-SHA-512: unknown name"),
    Wrong(
        "a mechanism that is off",
        ("SCRAM-SHA-512", "SCRAM-SHA-256"),
        "broker {} refuses User:admin by SCRAM-SHA-256: it has no such mechanism",
    ),
    Wrong(
        "an unknown authority",
        ("ca_file =", "#"),
        "broker {}: its certificate does not hold by the authorities of this system: unable to get local issuer",
    ),
    Wrong(
        "another name",
        ("//127.0.0.1", "//localhost"),
        "Hostname mismatch, certificate is not valid for 'localhost'. Name the broker as its certificate does",
    ),
    Wrong(
        "no TLS",
        ('"SASL_SSL"', '"SASL_PLAINTEXT"'),
        "broker {} takes connections, but closes the connection unanswered: is [broker] security_protocol "
        "SASL_PLAINTEXT that of this listener?",
        is_waited_for=True,
    ),
)


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong.what)
async def test_who_is_not_let_in_is_told_who_where_and_what_to_do(
    kafka: SecuredKafka, floor: Floor, wrong: Wrong
) -> None:
    text = floor.configuration.read_text(encoding="utf-8").replace(*wrong.changed)
    if "SASL_PLAINTEXT" in text:
        text = re.sub("ca_file.*\n", "", text)
    floor.configuration.write_text(text, encoding="utf-8")
    said = wrong.said.format(kafka.login_address)
    done = run("topics", "check", "--config", floor.configuration, KAFKA_PASSWORD=wrong.password)
    assert (done.code, done.out) == (1, b"")
    assert said in done.err
    async with WorkerProcess("--config", floor.configuration, KAFKA_PASSWORD=wrong.password) as worker:
        await worker.line(re.escape(said))
        if wrong.is_waited_for:
            assert said in (await worker.ask("/readyz")).body["reason"]
        else:
            assert (await worker.ended()).code == 1


def test_without_its_security_nobody_comes_in_and_is_told_what_to_look_at(kafka: SecuredKafka, tmp_path: Path) -> None:
    for address in (kafka.login_address, kafka.certified_address):
        done = run("topics", "check", "--broker", f"kafka://{address}")
        assert done.code == 1
        assert f"{address} takes connections, but does not answer: is [broker] security_protocol PLAINTEXT" in done.err
    certified = described_floor(kafka.certified_address, tmp_path, secured=kafka.certified_toml(ADMINISTRATOR))
    without = re.sub("(certificate|key)_file.*\n", "", certified.configuration.read_text())
    (tmp_path / "without.toml").write_text(without)
    done = run("topics", "check", "--config", tmp_path / "without.toml")
    assert done.code == 1
    assert "and does it ask for a certificate_file?" in done.err


def test_the_doctor_names_a_login_that_fails_as_its_finding(kafka: SecuredKafka, floor: Floor) -> None:
    done = run("doctor", "--format", "json", "--config", floor.configuration, KAFKA_PASSWORD="guessed")
    [broker] = [one for one in json.loads(done.out) if one["check"] == "broker"]
    assert broker["verdict"] == "wrong"
    assert f"broker {kafka.login_address} refuses User:{ADMINISTRATOR}" in broker["seen"]


def test_the_doctor_tells_a_topic_without_a_right_from_one_that_is_missing(kafka: SecuredKafka, tmp_path: Path) -> None:
    floor = described_floor(kafka.login_address, tmp_path, secured=kafka.login_toml(SENDER))
    done = run("doctor", "--format", "json", "--config", floor.configuration, KAFKA_PASSWORD=SENDER)
    [first] = [one for one in json.loads(done.out) if one["check"] == "topics"]
    assert re.fullmatch(rf"each of ticket-created, .* is not shown to User:{SENDER}", first["seen"])
    assert first["next_step"] == "Add the rules of docs/production.md by kafka-acls.sh"


def test_who_may_not_write_a_topic_is_told_its_name(kafka: SecuredKafka, tmp_path: Path) -> None:
    """No rule is set at all here."""
    floor = described_floor(kafka.login_address, tmp_path, secured=kafka.login_toml(SENDER))
    (tmp_path / "facts.csv").write_bytes(good(run("facts", "--template")))
    words = ("facts", tmp_path / "facts.csv", "--broker", f"kafka://{kafka.login_address}")
    done = run(*words, "--config", floor.configuration, KAFKA_PASSWORD=SENDER)
    assert done.code == 1
    assert f"business-facts: not shown to User:{SENDER}. Add the rules of docs/production.md" in done.err
