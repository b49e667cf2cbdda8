"""promtool as a parser of queries."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import yaml

from tests.programs import required


def checked_rules(folder: Path, queries: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """What it says of a file in which each query is a recording rule, named `query:` and its number from 0."""
    rules = [{"record": f"query:{number}", "expr": text} for number, text in enumerate(queries)]
    file = folder / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": rules}]}), encoding="utf-8")
    command = [required("promtool"), "check", "rules", "--lint=none", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
