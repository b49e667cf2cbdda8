"""Is this the only owner of the names `stream` and `metrics`? See docs/decisions/0001."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import deskpulse
import metrics
import stream


class NameTakenError(Exception):
    """Another distribution owns one of our import names."""


def check_names() -> None:
    """Refuse to run on somebody else's `stream` or `metrics`.

    Raises:
        NameTakenError: names the package and who owns it.
    """
    home = Path(deskpulse.__file__).resolve().parent.parent
    for package in (stream, metrics):
        place = Path(package.__file__ or "").resolve().parent.parent
        if place != home:
            raise NameTakenError(f"`{package.__name__}` is imported from {place}, not from beside deskpulse in {home}")
    for name, owners in metadata.packages_distributions().items():
        strangers = sorted(set(owners) - {"deskpulse"})
        if name in {"stream", "metrics"} and strangers:
            raise NameTakenError(f"`{name}` also belongs to {', '.join(strangers)}: uninstall it, or use another venv")
