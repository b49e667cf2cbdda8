"""Another distribution's `stream` or `metrics` is refused by its name: both are common (docs/decisions/0001)."""

import types
from collections.abc import Mapping
from pathlib import Path

import pytest

import metrics
import stream
from deskpulse import installation
from deskpulse.installation import NameTakenError, check_names


@pytest.fixture
def owners(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Who owns which import name, as far as the check can tell."""
    found = {
        "deskpulse": ["deskpulse"],
        "stream": ["deskpulse"],
        "metrics": ["deskpulse"],
        "faust": ["faust-streaming"],
    }

    def told() -> Mapping[str, list[str]]:
        return found

    monkeypatch.setattr("importlib.metadata.packages_distributions", told)
    return found


def test_the_names_of_this_installation_are_its_own() -> None:
    check_names()


def test_names_that_belong_to_deskpulse_alone_are_accepted(owners: dict[str, list[str]]) -> None:
    check_names()


@pytest.mark.parametrize("name", ["stream", "metrics"])
def test_a_name_that_another_distribution_owns_too_is_refused_naming_it(
    name: str, owners: dict[str, list[str]]
) -> None:
    owners[name] = ["stream-python", "deskpulse"]
    with pytest.raises(NameTakenError, match=f"`{name}` also belongs to stream-python: uninstall it"):
        check_names()


def test_a_checkout_that_no_distribution_owns_is_accepted(owners: dict[str, list[str]]) -> None:
    del owners["stream"], owners["metrics"]
    check_names()


@pytest.mark.parametrize("package", [stream, metrics])
def test_a_package_that_is_imported_from_elsewhere_is_refused_with_its_place(
    package: types.ModuleType, owners: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name = package.__name__
    stranger = types.ModuleType(name)
    stranger.__file__ = str(tmp_path / name / "__init__.py")
    monkeypatch.setattr(installation, name, stranger)
    with pytest.raises(NameTakenError, match=f"`{name}` is imported from {tmp_path}, not from beside deskpulse in"):
        check_names()


def test_a_folder_that_is_no_package_is_refused(owners: dict[str, list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    folder = types.ModuleType("stream")  # as Python makes one of a folder without __init__.py
    folder.__file__ = None
    monkeypatch.setattr(installation, "stream", folder)
    with pytest.raises(NameTakenError, match="`stream` is imported from"):
        check_names()
