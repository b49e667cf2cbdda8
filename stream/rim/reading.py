"""Have the workers read what was sent? Asked of their group's commits, without being a member."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError

from stream.rim.preflight import admin
from stream.rim.settings import RimSettings

LOOK_SECONDS: Final = 0.2
#: Workers commit every second: with no progress for this long, none runs.
PATIENCE_SECONDS: Final = 5.0
#: A broker that no group has used yet makes its coordinator when first asked for it.
NO_COORDINATOR: Final = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)


async def read_by_workers(
    settings: RimSettings, ends: Mapping[tuple[str, int], int], patience: float = PATIENCE_SECONDS
) -> bool:
    """Wait until the group has committed these end offsets.

    Returns:
        False where it made no progress for ``patience`` seconds, as where no worker runs.

    Raises:
        KafkaError: the broker does not answer.
    """
    wanted = [TopicPartition(*place) for place in ends]
    async with admin(settings) as client:
        least, since = -1, time.monotonic()
        while True:
            try:
                found = await client.list_consumer_group_offsets(settings.app_id, partitions=wanted)
            except NO_COORDINATOR:
                reached = least
            else:
                if all(commit.offset >= ends[tp.topic, tp.partition] for tp, commit in found.items()):
                    return True
                reached = sum(commit.offset for commit in found.values())
            if reached > least:
                least, since = reached, time.monotonic()
            elif time.monotonic() - since > patience:
                return False
            await asyncio.sleep(LOOK_SECONDS)
