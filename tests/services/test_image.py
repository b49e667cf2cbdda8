"""What the Dockerfile does, done without Docker: its steps, its command, its health check, its end."""

from __future__ import annotations

import fnmatch
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.compose_file import CONFIG, ROOT, image_environment, said, words_of
from tests.kafka_from_jars import free_ports
from tests.processes import Serving, environment

STEP_SECONDS = 240

pytestmark = pytest.mark.timeout(600)


def context(folder: Path) -> Path:
    """What Docker would send to the builder."""
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]

    def left_out(path: str, names: list[str]) -> set[str]:
        patterns = [one.removeprefix("**/") for one in ignored if one.startswith("**/") or path == str(ROOT)]
        return {name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)}

    shutil.copytree(ROOT, folder, ignore=left_out)
    return folder


class Image:
    """The last stage: a folder that stands for the container's root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._places = {path: f"{root}{path}" for path in ("/opt/deskpulse", "/wheels", "/var/lib/deskpulse")}

    def placed(self, text: str) -> str:
        for path, place in self._places.items():
            text = text.replace(path, place)
        return text

    def step(self, text: str, cwd: Path) -> None:
        """One RUN."""
        command = self.placed(" ".join(word for word in text.split() if not word.startswith("--mount=")))
        own = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=cwd,
            capture_output=True,
            text=True,
            env=environment() | own,
            timeout=STEP_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    @property
    def variables(self) -> dict[str, str]:
        """The image's own, but for where it listens: this is no container."""
        found = {name: self.placed(value) for name, value in image_environment().items()}
        return found | {"PATH": found["PATH"].replace("$PATH", os.environ["PATH"]), "DESKPULSE_BIND": "127.0.0.1"}

    def run(self, *words: str, **own: str) -> subprocess.CompletedProcess[str]:
        """A command in the container."""
        program = shutil.which(words[0], path=self.variables["PATH"]) or words[0]
        return subprocess.run(
            [program, *words[1:]],
            cwd=self.root,
            capture_output=True,
            text=True,
            env=environment() | self.variables | own,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    """Built as the Dockerfile says, but for the step that adds the user."""
    folder = tmp_path_factory.mktemp("image")
    made = Image(folder / "root")
    made.root.mkdir()
    source = context(folder / "source")
    for step in said("RUN"):
        if "useradd" not in step:
            made.step(step, source if "pip wheel" in step else made.root)
    shutil.rmtree(source)  # the last stage has nothing of it
    return made


class Container(Serving):
    """A command of the image."""

    def __init__(self, image: Image, *arguments: str, **own: str) -> None:
        super().__init__(*arguments, **image.variables | own)
        self._arguments[0] = str(image.root / "opt" / "deskpulse" / "bin" / "deskpulse")


def test_the_entry_is_the_command_of_the_wheel(image: Image) -> None:
    done = image.run(*words_of("ENTRYPOINT"), "--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("deskpulse, version ")


def test_it_writes_what_prometheus_reads_without_the_project_around_it(image: Image, tmp_path: Path) -> None:
    done = image.run("deskpulse", "generate", "--config", str(CONFIG), "--output", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "prometheus" / "prometheus.yml").exists()


async def test_a_worker_is_healthy_while_it_runs_and_ends_cleanly_on_sigterm(image: Image) -> None:
    ports = dict(zip(("DESKPULSE_WORKER_PORT", "DESKPULSE_BOARD_PORT"), map(str, free_ports(2)), strict=True))
    own: Mapping[str, str] = ports | {"DESKPULSE_BROKER": f"kafka://127.0.0.1:{free_ports(1)[0]}"}
    check = words_of("HEALTHCHECK")
    before = image.run(*check, **ports)
    assert (before.returncode, before.stderr.partition(":")[0]) == (1, "nobody listens")
    async with Container(image, *words_of("CMD"), **own) as worker:
        await worker.url()
        assert image.run(*check, **ports).returncode == 0
        unready = image.run(*check, "/readyz", **ports)  # there is no broker
        assert (unready.returncode, "broker not reachable" in unready.stderr) == (1, True)
        done = await worker.ended(signal.SIGTERM)
    assert (done.code, done.last_line) == (0, "deskpulse worker: stopped cleanly")
