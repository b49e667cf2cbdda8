"""The wheel brings its own eight packages, their data, and nothing else that could take somebody's name."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.processes import environment
from tests.programs import missing

ROOT = Path(__file__).parents[2]
PACKAGES = {"deskpulse", "stream", "metrics", "intake", "alerting", "dashboards", "mirror", "wall"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel that pip builds of this project, with the builder that is installed."""
    if find_spec("hatchling") is None:
        missing("hatchling", "not installed beside the tests")
    folder = tmp_path_factory.mktemp("wheel")
    arguments = ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet"]
    done = subprocess.run(
        [sys.executable, *arguments, "--wheel-dir", folder, ROOT],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    [file] = folder.glob("*.whl")
    assert file.name.endswith("-py3-none-any.whl")
    return zipfile.ZipFile(file)


def test_its_roots_are_the_eight_packages_and_its_own_metadata(wheel: zipfile.ZipFile) -> None:
    roots = {name.partition("/")[0] for name in wheel.namelist()}
    [metadata] = roots - PACKAGES
    assert metadata.endswith(".dist-info")
    assert metadata.startswith("deskpulse-")
    assert roots >= PACKAGES


def test_it_holds_every_file_of_the_packages_and_no_other(wheel: zipfile.ZipFile) -> None:
    expected = {
        str(file.relative_to(ROOT))
        for package in PACKAGES
        for file in (ROOT / package).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == expected
    assert {f"{package}/py.typed" for package in PACKAGES} <= expected


def test_its_metadata_forbids_an_upload_and_names_the_command(wheel: zipfile.ZipFile) -> None:
    [folder] = {name.partition("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    metadata = wheel.read(f"{folder}/METADATA").decode()
    assert "Classifier: Private :: Do Not Upload\n" in metadata
    assert "Requires-Dist: faust-streaming==0.15.3\n" in metadata
    assert "deskpulse = deskpulse.__main__:run" in wheel.read(f"{folder}/entry_points.txt").decode()
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())
