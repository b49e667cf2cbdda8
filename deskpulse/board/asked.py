"""Which wall an address asks for: one of the configuration by its name, perhaps of other queues.

Knows no HTTP server. Language and theme of an address are the page's own business: what is sent does not depend on
them, so that one document serves all who show the same wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec

from deskpulse.configuration.model import Configuration
from deskpulse.configuration.values import closest
from metrics.policies import OTHER
from wall.settings import NUMBERS, Facts, Mute, Wall

DEFAULT: Final = "default"
QUEUES_MAX: Final = 100


def walls_of(configuration: Configuration) -> dict[str, Wall]:
    """Every wall by its name; there always is a default one."""
    zone = configuration.floor.time_zone
    named = {
        name: Wall(
            name=name,
            title=wall.title,
            language=wall.language,
            time_zone=wall.time_zone or zone,
            theme=wall.theme,
            numbers=wall.numbers or NUMBERS,
            queues=wall.queues,
        )
        for name, wall in configuration.walls.items()
    }
    return {DEFAULT: Wall(name=DEFAULT, time_zone=zone)} | named


def facts_of(configuration: Configuration) -> Facts:
    """What a document needs of the configuration."""
    mutes = configuration.mutes
    return Facts(
        rules=configuration.rules(),
        mutes=tuple(
            Mute(starts_at=mute.from_, ends_at=mute.to, queues=mute.queues, reason=mute.reason) for mute in mutes
        ),
    )


class Walls:
    """The walls that can be asked for."""

    def __init__(self, configuration: Configuration) -> None:
        self._walls: Final = walls_of(configuration)
        self._aliases: Final[Mapping[str, str]] = configuration.labels.aliases
        self._queues: Final = configuration.labels.queues

    def asked(self, name: str | None, queues: Iterable[str]) -> Wall:
        """The wall of this name (none, or an empty one: the default), of these queues where any is given.

        A queue is looked up as the configuration knows it; with no list there, any may come yet.

        Raises:
            LookupError: no such wall or queue; the text lists those that are known.
        """
        wall = self._walls.get(name or DEFAULT)
        if wall is None:
            raise LookupError(f"wall: no wall {name!r}; known: {', '.join(sorted(self._walls))}")
        chosen = tuple(dict.fromkeys(self._known(queues)))
        if len(chosen) > QUEUES_MAX:
            raise LookupError(f"queue: at most {QUEUES_MAX} queues on one wall")
        return msgspec.structs.replace(wall, queues=chosen) if chosen else wall

    def _known(self, texts: Iterable[str]) -> Iterator[str]:
        known = None if self._queues is None else (*self._queues, OTHER)
        for text in texts:
            whole = self._present(text)
            is_one = known is not None and whole in known  # a name may have a comma
            for queue in (whole,) if is_one else map(self._present, filter(None, text.split(","))):
                if known is not None and queue not in known:
                    raise LookupError(f"queue: no queue {queue!r}{closest(queue, known)}; known: {', '.join(known)}")
                yield queue

    def _present(self, queue: str) -> str:
        return self._aliases.get(queue, queue)
