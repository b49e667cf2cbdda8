"""A one-node Apache Kafka for the tests, run from its jars; nothing is installed.

The versions are pinned in `tests/services/kafka/pom.xml`. Maven fetches the jars once (43 MB) into a cache folder:
`DESKPULSE_TEST_CACHE`, else `.state/kafka` of the repository.
"""

import base64
import contextlib
import hashlib
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from stream.rim.embedded import HOST, cluster_answers, end_and_reap, tied_to_this_process
from tests.programs import missing, required

REPOSITORY = Path(__file__).resolve().parent.parent
KAFKA_FILES = Path(__file__).resolve().parent / "services" / "kafka"
FETCH_SECONDS = 240
FORMAT_SECONDS = 60
START_SECONDS = 60
PROBE_PAUSE_SECONDS = 0.05
JVM = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
# The scripts of Kafka's bin/ that are used, each of which runs one class.
SCRIPTS = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-broker-api-versions.sh": "org.apache.kafka.tools.BrokerApiVersionsCommand",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
}


class KafkaStartError(Exception):
    """Apache Kafka could not be formatted or started; the message ends with its log."""


class ApacheKafka:
    """One broker (and controller) whose data lives in `directory` and outlives stop() and kill().

    Ports are free ones unless given; they stay the same over restarts.
    """

    #: How its storage is formatted, where its properties name no quorum of controllers.
    FORMAT: tuple[str, ...] = ("--standalone",)

    def __init__(self, directory: Path, port: int | None = None) -> None:
        self.directory = directory
        self.log_file = directory / "broker.log"
        self._java, self._jars = java_and_jars()
        free_port, self._controller_port = free_ports(2)
        self._port = port or free_port
        self._cluster = new_cluster_id()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`, as Kafka clients want it."""
        return f"{HOST}:{self._port}"

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        if self._process is None:
            raise RuntimeError("this Apache Kafka is not running")
        return self._process.pid

    def start(self) -> None:
        """Returns once the broker answers; on a directory that has data it has that data. KafkaStartError otherwise."""
        if self._process is not None:
            raise RuntimeError("this Apache Kafka is running already")
        if not (self.directory / "data" / "meta.properties").exists():
            self._format()
        with self.log_file.open("ab") as log:
            arguments = tied_to_this_process(self._command("kafka.Kafka"))
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory
            )
        try:
            self._wait_until_answering(self._process)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ends the broker as an operator would (SIGTERM), and reaps it; a second call does nothing."""
        process, self._process = self._process, None
        if process is not None:
            end_and_reap(process, patience_seconds=30)

    def kill(self) -> None:
        """Ends the broker as a crash would (SIGKILL), and reaps it; a second call does nothing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()

    def restart(self) -> None:
        """Stops the broker if it runs, and starts it on the same data and ports."""
        self.stop()
        self.start()

    def last_lines(self) -> str:
        """The end of the broker's log."""
        return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-20:])

    def _format(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "server.properties").write_text(self._properties())
        arguments = self._command("kafka.tools.StorageTool", "format", *self.FORMAT, "-t", self._cluster, "-c")
        with self.log_file.open("ab") as log:
            done = subprocess.run(
                arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=FORMAT_SECONDS, check=False
            )
        if done.returncode != 0:
            raise KafkaStartError(f"the storage of Apache Kafka could not be formatted:\n{self.last_lines()}")

    def _command(self, program: str, *arguments: str) -> list[str]:
        """A Java program of Kafka, whose last argument is this broker's configuration."""
        folders = [f"-Djava.io.tmpdir={self.directory}", f"-Dlog4j2.configurationFile={KAFKA_FILES / 'log4j2.xml'}"]
        config = str(self.directory / "server.properties")
        return [self._java, *JVM, *folders, "-cp", f"{self._jars}/*", program, *arguments, config]

    def _properties(self) -> str:
        broker, controller = f"{HOST}:{self._port}", f"{HOST}:{self._controller_port}"
        return f"""\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={controller}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://{broker},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{broker}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={self.directory / "data"}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
# Missing topics must be seen as missing: no test may create one by naming it.
auto.create.topics.enable=false
# Crash tests wait for a dead member's session; the default floor is 6 s.
group.min.session.timeout.ms=1000
group.initial.rebalance.delay.ms=0
# After a kill the controller lets the broker back once its old session is over; the default is 9 s.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=1500
"""

    def _wait_until_answering(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not cluster_answers(self._port, self._cluster):
            if process.poll() is not None:
                raise KafkaStartError(f"Apache Kafka ended while starting:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise KafkaStartError(f"Apache Kafka gave no answer in {START_SECONDS} s:\n{self.last_lines()}")
            time.sleep(PROBE_PAUSE_SECONDS)


def scripts(folder: Path) -> Path:
    """Kafka's own command-line programs, under their names, in a new folder `bin` of `folder`."""
    java, jars = java_and_jars()
    found = folder / "bin"
    found.mkdir()
    told = found / "log4j2.xml"  # as theirs, these programs log to stderr: stdout is for records
    told.write_text((KAFKA_FILES / "log4j2.xml").read_text().replace('name="out"', 'name="out" target="SYSTEM_ERR"'))
    log = f"-Dlog4j2.configurationFile={told}"
    for name, program in SCRIPTS.items():
        script = found / name
        script.write_text(f'#!/bin/sh\nexec {java} {" ".join(JVM)} {log} -cp "{jars}/*" {program} "$@"\n')
        script.chmod(0o755)
    return found


def new_cluster_id() -> str:
    """A random cluster id in Kafka's form; it never begins with a dash, which Kafka's own tool would refuse."""
    return base64.urlsafe_b64encode(b"\0" + uuid.uuid4().bytes[1:]).decode().rstrip("=")


def free_ports(count: int) -> list[int]:
    """So many different TCP ports of 127.0.0.1 that nobody listened on at the time of the call."""
    with contextlib.ExitStack() as opened:
        probes = [opened.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]


def java_and_jars() -> tuple[str, Path]:
    """The path of java and the folder of Kafka's jars; the test is skipped naming what is missing."""
    java = required("java")
    cache = Path(os.environ.get("DESKPULSE_TEST_CACHE") or REPOSITORY / ".state" / "kafka")
    pom = KAFKA_FILES / "pom.xml"
    jars = cache / f"jars-{hashlib.sha256(pom.read_bytes()).hexdigest()[:12]}"
    if not jars.is_dir():
        fetch_jars(required("mvn"), pom, jars)
    return java, jars


def fetch_jars(maven: str, pom: Path, jars: Path) -> None:
    """Fills the folder by Maven, whole or not at all; the test is skipped where the jars cannot be fetched."""
    jars.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="fetching-", dir=jars.parent) as folder:
        fetched = Path(folder) / "jars"
        # A repository of its own, thrown away: nothing of the tests stays in the home folder.
        repository, target = f"-Dmaven.repo.local={folder}/repository", f"-DoutputDirectory={fetched}"
        arguments = [
            maven,
            "-q",
            "-B",
            repository,
            "-f",
            str(pom),
            "dependency:copy-dependencies",
            target,
        ]
        try:
            subprocess.run(
                arguments,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=FETCH_SECONDS,
                check=True,
                env={**os.environ, "MAVEN_OPTS": f"{os.environ.get('MAVEN_OPTS', '')} -XX:-UsePerfData"},
            )
        except subprocess.CalledProcessError as error:
            missing("the jars of Apache Kafka", f"Maven could not fetch them: {first_error(error.stdout)}")
        except subprocess.TimeoutExpired:
            missing("the jars of Apache Kafka", f"Maven did not fetch them in {FETCH_SECONDS} s")
        move_unless_there(fetched, jars)


def move_unless_there(fetched: Path, jars: Path) -> None:
    """One atomic rename; another run that was faster has put the same jars there."""
    try:
        fetched.rename(jars)
    except OSError:
        if not jars.is_dir():
            raise
        shutil.rmtree(fetched)


def first_error(output: str) -> str:
    """Maven's first line of error, without its mark and colours."""
    errors = (line for line in output.splitlines() if "ERROR" in line)
    return re.sub(r"\x1b\[[0-9;]*m|\[ERROR\]", "", next(errors, "no reason given")).strip()
