"""How far each topic partition is read and processed; knows neither Kafka nor Faust.

A record batch is *waiting* from its fetch until all that follows from it is acknowledged. Invariant: an offset is
processed only when every batch fetched before it is. With nothing waiting the consumer's position counts, which also
passes transaction markers and compacted holes at a topic's end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

#: Topic and partition; Faust's and aiokafka's own tuples compare and hash equal to it.
TopicPartition = tuple[str, int]


class Track:
    """One topic partition of one assignment."""

    __slots__ = ("done", "position", "waiting")

    def __init__(self) -> None:
        self.waiting: deque[int] = deque()  # last offset of each batch that was fetched and is not yet processed
        self.done: int | None = None  # the offset after the last processed batch
        self.position: int | None = None  # the next offset the consumer would fetch

    @property
    def processed(self) -> int | None:
        """The offset up to which (exclusive) everything is processed; None before anything is known."""
        if self.waiting or self.position is None:
            return self.done
        return self.position if self.done is None else max(self.done, self.position)


class Offsets:
    """All topic partitions of one assignment. `accepting` is False from a revoke until the next seek is done."""

    def __init__(self) -> None:
        self._tracks: dict[TopicPartition, Track] = {}
        self.waiting = 0
        self.accepting = False

    def __iter__(self) -> Iterator[TopicPartition]:
        return iter(self._tracks)

    def clear(self, topic_partitions: Iterable[TopicPartition] | None = None) -> None:
        """Forget these topic partitions, or all of them: what waits of them will be fetched again."""
        for tp in list(self._tracks if topic_partitions is None else topic_partitions):
            track = self._tracks.pop(tp, None)
            self.waiting -= len(track.waiting) if track else 0

    def fetched(self, tp: TopicPartition, batch_ends: Iterable[int]) -> None:
        """Batches were fetched, in this order; each is named by its last offset."""
        waiting = self._track(tp).waiting
        before = len(waiting)
        waiting.extend(batch_ends)
        self.waiting += len(waiting) - before

    def at(self, tp: TopicPartition, position: int) -> None:
        """The consumer's position, read while no fetch is under way."""
        self._track(tp).position = position

    def oldest(self, tp: TopicPartition) -> int | None:
        """The end of the oldest waiting batch; None where none waits."""
        track = self._tracks.get(tp)
        return track.waiting[0] if track and track.waiting else None

    def skip(self, tp: TopicPartition, held: int) -> None:
        """Batches up to this offset never come: whoever receives them has them already."""
        track = self._tracks.get(tp)
        while track and track.waiting and track.waiting[0] <= held:
            track.waiting.popleft()
            self.waiting -= 1

    def processed(self, tp: TopicPartition, end: int) -> None:
        """All batches up to the one that ends here are through."""
        self.skip(tp, end)
        track = self._track(tp)
        track.done = max(track.done or 0, end + 1)

    def position(self, tp: TopicPartition) -> int | None:
        """The offset to commit: everything before it is processed; None where nothing is known yet."""
        track = self._tracks.get(tp)
        return track.processed if track else None

    def _track(self, tp: TopicPartition) -> Track:
        track = self._tracks.get(tp)
        if track is None:
            track = self._tracks[tp] = Track()
        return track
