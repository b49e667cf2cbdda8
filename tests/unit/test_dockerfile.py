"""The Dockerfile against the project and the compose file; tests/services/test_image.py runs its steps."""

from __future__ import annotations

import fnmatch
import importlib
import re
import tomllib

import pytest

from deskpulse.addresses import PORT_BOARD, PORT_WORKER
from deskpulse.configuration.loading import OVERRIDES
from tests.compose_file import OWN, ROOT, SERVICES, image_environment, mounts, parsed, said, words_of

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
USER = "10001"


def test_both_stages_are_one_pinned_python_that_the_project_supports() -> None:
    [build, image] = said("FROM")
    assert build == f"{image} AS build"
    found = re.fullmatch(r"python:3\.(\d+)\.\d+-slim-bookworm", image)
    assert found is not None
    assert int(found[1]) >= int(PROJECT["project"]["requires-python"].removeprefix(">=3."))


def test_it_runs_as_a_user_without_rights_whose_number_the_compose_file_knows() -> None:
    assert said("USER") == ["deskpulse"]
    [adding] = [step for step in said("RUN") if "useradd" in step]
    assert f"--uid {USER} " in adding
    owners = {re.search("uid=([0-9]+)", one) for service in OWN.values() for one in service["tmpfs"] if ":" in one}
    assert {found[1] for found in owners if found} == {USER}


def test_the_folders_that_it_writes_to_are_that_users() -> None:
    [adding] = [step for step in said("RUN") if "useradd" in step]
    owned = set(adding.partition("--group=deskpulse ")[2].split())
    written = {mount.target for mount in mounts(SERVICES["generate"]) if mount.is_named}
    assert written < owned
    assert image_environment()["DESKPULSE_STATE_DIR"] in owned
    assert said("VOLUME") == [image_environment()["DESKPULSE_STATE_DIR"]]


def test_every_variable_of_ours_is_one_that_is_read() -> None:
    assert {name for name in image_environment() if name.startswith("DESKPULSE_")} <= set(OVERRIDES)


def test_it_exposes_the_ports_that_are_served_by_default() -> None:
    assert said("EXPOSE") == [f"{PORT_WORKER} {PORT_BOARD}"]


def test_the_command_is_one_and_gets_the_signals_itself() -> None:
    assert words_of("ENTRYPOINT") == [*PROJECT["project"]["scripts"]]
    parsed(words_of("CMD"))
    assert said("STOPSIGNAL") == ["SIGTERM"]


@pytest.mark.parametrize("check", [words_of("HEALTHCHECK"), SERVICES["board"]["healthcheck"]["test"][1:]])
def test_the_health_check_is_a_module_that_is_there(check: list[str]) -> None:
    python, flag, module, *path = check
    assert (python, flag, path) in [("python", "-m", []), ("python", "-m", ["/readyz"])]
    assert callable(importlib.import_module(module).main)


def test_the_image_is_built_from_every_package_and_not_from_what_is_left_out() -> None:
    ignored = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if line and line[0] != "#"]
    needed = [*PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], "pyproject.toml"]
    needed += [PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]]
    assert not [name for name in needed for pattern in ignored if fnmatch.fnmatch(name, pattern)]
    assert all((ROOT / name).exists() for name in needed)
    assert fnmatch.fnmatch(".git", ignored[0])
