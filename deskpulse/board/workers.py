"""Workers asked over HTTP for what Redis does not hold: single tickets, and why their clocks stand as they do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote

import msgspec
from aiohttp import ClientError, ClientSession, ClientTimeout

from deskpulse.ticket_lists import TicketList
from metrics.contribution import SLAS
from metrics.instants import parse_instant
from mirror.store import Seen
from stream.explain import Explanation
from stream.listing import CLOCK_STATES, Row, Wanted

_TIMEOUT: Final = ClientTimeout(total=10, connect=2)
_OK: Final = 200
_NO_TICKET: Final = 404

T = TypeVar("T")


class Workers:
    """One HTTP client for all of them; ``close`` it."""

    def __init__(self, token: str | None = None) -> None:
        """``token``: of the API, which workers ask for as the board does."""
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._session: ClientSession | None = None

    async def listed(self, owners: Sequence[Seen], wanted: Wanted, limit: int, total: int) -> TicketList | None:
        """The lists of all that answer as one, soonest due first; partial where one does not; None: none does."""
        query: list[tuple[str, str]] = [("state", wanted.state.value), ("limit", str(limit))]
        query += [("queue", queue) for queue in wanted.queues or ()]
        query += [("priority", priority) for priority in wanted.priorities or ()]
        query += [("policy", policy) for policy in wanted.policies or ()]
        if wanted.state in CLOCK_STATES:
            query.append(("sla", ",".join(SLAS[sla] for sla in sorted(wanted.slas))))
        bodies = await asyncio.gather(*(self._asked(one, "/api/tickets", query) for one in owners))
        answers = (_read(body, TicketList) for status, body in bodies if status == _OK)
        lists = [one for one in answers if one is not None]
        if not lists:
            return None
        rows = sorted((row for one in lists for row in one.tickets), key=in_order)
        return TicketList(
            as_of=min((one.as_of for one in lists), key=parse_instant),
            state=wanted.state,
            partitions={
                "ready": sum(one.partitions["ready"] for one in lists),
                "catching_up": sum(one.partitions["catching_up"] for one in lists),
                "total": total,
            },
            total=sum(one.total for one in lists),
            tickets=tuple(rows[:limit]),
        )

    async def explained(self, owners: Sequence[Seen], ticket: str) -> Explanation | str | None:
        """What the worker says that has the ticket; that one cannot be asked, where none has it."""
        path = f"/api/tickets/{quote(ticket, safe='')}/explain"
        bodies = await asyncio.gather(*(self._asked(one, path, ()) for one in owners))
        silent = None
        for one, (status, body) in zip(owners, bodies, strict=True):
            found = _read(body, Explanation) if status == _OK else None
            if found is not None:
                return found
            if status != _NO_TICKET:
                silent = f"worker {one.name}: {_error(body)}"
        return silent

    async def _asked(self, worker: Seen, path: str, query: Any) -> tuple[int, bytes]:
        if self._session is None:
            self._session = ClientSession(timeout=_TIMEOUT, headers=self._headers)
        try:
            async with self._session.get(f"{worker.address}{path}", params=query, allow_redirects=False) as answer:
                return answer.status, await answer.read()
        except (ClientError, TimeoutError, OSError) as error:
            return 0, msgspec.json.encode({"error": f"does not answer: {error or type(error).__name__}"})

    async def close(self) -> None:
        """Give back its connections."""
        if self._session is not None:
            await self._session.close()


def in_order(row: Row) -> tuple[bool, int, int, str, int]:
    """As each worker orders its own."""
    due = 0 if row.due is None else parse_instant(row.due)
    return row.due is None, due, parse_instant(row.since), row.id, 0 if row.sla is None else SLAS.index(row.sla)


def _read(body: bytes, kind: type[T]) -> T | None:
    """What a worker says; None where it is of another version and cannot be read."""
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.MsgspecError:
        return None


def _error(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["error"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return "an answer that cannot be read"
