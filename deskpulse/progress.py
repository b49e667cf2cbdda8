"""Progress on stderr: a bar on a terminal for what takes longer than two seconds, nothing elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

_Item = TypeVar("_Item")
_EVERY = 500


def bar() -> Progress:
    """A progress display on stderr that vanishes when it is done; silent where stderr is no terminal."""
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def counted(items: Iterable[_Item], progress: Progress, title: str) -> Iterator[_Item]:
    """Pass items on and show how many there were."""
    task = progress.add_task(title, total=None)
    count = 0
    for item in items:
        count += 1
        if count % _EVERY == 0:
            progress.update(task, completed=count)
        yield item
    progress.update(task, completed=count, total=count)
