"""A missing program is named, and fails the test where CI is set."""

from pathlib import Path

import pytest

from tests.programs import missing, required, skips_by_missing


@pytest.fixture
def folder_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def put_program(folder: Path, name: str) -> str:
    program = folder / name
    program.touch(mode=0o755)
    return str(program)


def test_program_on_path_is_given_with_its_path(folder_on_path: Path) -> None:
    program = put_program(folder_on_path, "redis-server")
    assert required("redis-server") == program


def test_program_is_found_under_debians_name(folder_on_path: Path) -> None:
    program = put_program(folder_on_path, "prometheus-alertmanager")
    assert required("alertmanager") == program


def test_missing_program_skips_the_test_and_is_named(folder_on_path: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="missing: redis-server "):
        required("redis-server")


def test_missing_program_fails_the_test_where_ci_is_set(folder_on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="missing: redis-server "):
        required("redis-server")


def test_skipped_tests_are_counted_for_each_missing_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    reasons = ["not on this platform"]
    for what in ("mvn", "the jars of Apache Kafka", "mvn"):
        with pytest.raises(pytest.skip.Exception) as skipped:
            missing(what, "why (in detail)")
        reasons.append(f"('tests/x.py', 3, 'Skipped: {skipped.value}')")
    assert skips_by_missing(reasons) == {"mvn": 2, "the jars of Apache Kafka": 1}
