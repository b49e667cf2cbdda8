"""Programs of the system that some tests need: found on PATH, or the test is skipped naming them.

Where `CI` is set a missing program fails the test: a service that nobody noticed missing proves nothing.
"""

import os
import re
import shutil
from collections import Counter
from collections.abc import Iterable
from typing import NoReturn

import pytest

# Debian gives some programs a longer name than their makers do.
NAMES_ON_PATH = {
    "alertmanager": ("alertmanager", "prometheus-alertmanager"),
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
}
MISSING = re.compile(r"missing: ([^(]+?) \(")


def required(program: str) -> str:
    """The program's path on PATH; without it the test is skipped, or fails where `CI` is set."""
    names = NAMES_ON_PATH.get(program, (program,))
    paths = [path for name in names if (path := shutil.which(name))]
    if not paths:
        missing(program, "not on PATH; `make services` installs it on Debian")
    return paths[0]


def missing(what: str, why: str) -> NoReturn:
    """Skips the test, naming what it lacks and why; fails it where `CI` is set."""
    reason = f"missing: {what} ({why})"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def skips_by_missing(reasons: Iterable[str]) -> Counter[str]:
    """How many tests each missing program cost, from the reasons of all skipped tests."""
    return Counter(found[1] for reason in reasons if (found := MISSING.search(reason)))
