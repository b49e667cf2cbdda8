"""What all tests share: the brokers, a clean environment, no process left behind, and what was missing, at the end."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.brokers import apache_kafka, broker, embedded_broker, topic
from tests.programs import skips_by_missing

# How hard the properties search: enough for a bug of a rule, and some minutes for all of them together.
settings.register_profile(
    "properties",
    parent=settings.default,
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.load_profile("properties")

__all__ = ["apache_kafka", "broker", "embedded_broker", "topic"]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "embedded_gap(reason): fails on the embedded broker, for this reason")


@pytest.fixture(scope="session", autouse=True)
def no_process_left_behind() -> Iterator[None]:
    """Set up first and so torn down last: by then every fixture must have ended and reaped what it started."""
    before = child_processes()
    yield
    assert child_processes() - before == set(), "the tests left processes behind"


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's shell reaches a test."""
    for name in os.environ:
        if name.startswith("DESKPULSE_") and not name.startswith("DESKPULSE_TEST_"):
            monkeypatch.delenv(name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """Outermost, so that what was missing stands after every other list."""
    yield
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for what, tests in sorted(skips_by_missing(reasons).items()):
        terminalreporter.write_line(f"missing: {what}: tests skipped: {tests}")


def child_processes() -> set[str]:
    """This process's children, ended but unreaped ones too, as `id command`; none where there is no /proc."""
    children = set()
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = status.read_text().rpartition(")")
            if words[2].split()[1] == str(os.getpid()):
                children.add(words[0])
        except OSError:  # it has ended since the listing
            continue
    return children
