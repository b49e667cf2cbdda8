"""The board over a source that stands still: pages, tokens, what Prometheus reads, and errors."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from deskpulse.board import latest, pages
from deskpulse.board.access import COOKIE
from tests.boards import Asked, StandingSource
from tests.configuration_files import loaded
from tests.oracle.instants import text_of
from tests.small_floor import NOW

WALLS = """
[labels]
queues = ["billing", "returns", "sales, abroad"]
aliases = { payments = "billing" }
[walls.bills]
title = "Bills"
queues = ["billing"]
numbers = ["breaching", "awaiting"]
language = "tr"
time_zone = "Europe/Istanbul"
theme = "light"
[[mutes]]
from = 2026-10-07T00:00:00Z
to = 2261-01-01T00:00:00Z
reason = "migration"
"""
TOTALS = ("/", "/events", "/metrics", "/api/snapshot", "/sd/prometheus")
PAGES = set(pages.assets()) & {"/", "/tickets"}
TICKETS = (*sorted(PAGES - {"/"}), "/api/tickets?state=waiting", "/api/tickets/late/explain")
WALL, API = "the wall's", "the API's"


@pytest.fixture
def source() -> StandingSource:
    return StandingSource()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestPages:
    async def test_every_file_of_the_wall_is_served_with_its_type_and_strict_headers(
        self, source: StandingSource
    ) -> None:
        async with Asked.serving(source) as board:
            for path in pages.assets():
                answer = await board.get(path)
                assert answer.status == 200, path
                assert "'unsafe" not in answer.headers["Content-Security-Policy"]
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert (await board.get("/")).headers["Content-Type"].startswith("text/html")
            assert (await board.get("/static/wall.js")).headers["Content-Type"].startswith("text/javascript")

    async def test_a_file_that_a_browser_has_is_not_sent_again(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            tag = (await board.get("/static/wall.css")).headers["Etag"]
            again = await board.get("/static/wall.css", **{"If-None-Match": tag})
            assert (again.status, again.body) == (304, "")
            assert (await board.get("/static/wall.css", **{"If-None-Match": '"another"'})).status == 200

    @pytest.mark.parametrize("path", ["/static/../pyproject.toml", "/static/%2e%2e/document.py", "/static/x", "/x"])
    async def test_no_other_file_is_served(self, source: StandingSource, path: str) -> None:
        async with Asked.serving(source) as board:
            answer = await board.get(path)
            assert (answer.status, set(answer.body)) == (404, {"error"})

    async def test_errors_carry_the_headers_of_security_and_are_not_kept(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            answer = await board.get("/?wall=none")
            assert answer.status == 404
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"


class TestWalls:
    async def test_a_named_wall_is_as_configured(self, source: StandingSource, tmp_path: Path) -> None:
        configuration = loaded(tmp_path / "floor.toml", WALLS)
        async with Asked.serving(source, configuration) as board, board.events("/events?wall=bills") as stream:
            shown = (await stream.next("wall")).data
        assert shown["wall"] == {
            "name": "bills",
            "title": "Bills",
            "language": "tr",
            "theme": "light",
            "time_zone": "Europe/Istanbul",
            "numbers": ["breaching", "awaiting"],
            "queues": ["billing"],
        }
        assert [queue["name"] for queue in shown["queues"]] == ["billing"]
        assert [mute["reason"] for mute in shown["state"]["mutes"]] == ["migration"]
        assert shown["state"]["shows"] == "worker-1"

    @pytest.mark.parametrize(
        ("query", "queues"),
        [
            ("queue=billing,returns", ["billing", "returns"]),
            ("queue=returns&queue=billing&queue=returns", ["returns", "billing"]),
            ("queue=payments", ["billing"]),
            ("queue=sales, abroad", ["sales, abroad"]),
            ("queue=other", ["other"]),
            ("queue=", None),
            ("wall=&lang=xx&theme=pink", None),
        ],
    )
    async def test_an_address_chooses_queues(
        self, source: StandingSource, tmp_path: Path, query: str, queues: list[str] | None
    ) -> None:
        configuration = loaded(tmp_path / "floor.toml", WALLS)
        async with Asked.serving(source, configuration) as board, board.events(f"/events?{query}") as stream:
            assert (await stream.next("wall")).data["wall"]["queues"] == queues

    @pytest.mark.parametrize("path", ["/", "/events"])
    @pytest.mark.parametrize(
        ("query", "error"),
        [
            ("wall=bill", "wall: no wall 'bill'; known: bills, default"),
            (
                "queue=billling",
                "queue: no queue 'billling'; did you mean \"billing\"?; known: billing, returns, sales, abroad, other",
            ),
        ],
    )
    async def test_a_wall_or_queue_that_is_not_there_is_a_404_with_those_that_are(
        self, source: StandingSource, tmp_path: Path, path: str, query: str, error: str
    ) -> None:
        async with Asked.serving(source, loaded(tmp_path / "floor.toml", WALLS)) as board:
            answer = await board.get(f"{path}?{query}")
            assert (answer.status, answer.body) == (404, {"error": error})

    async def test_without_a_list_of_queues_any_may_come_yet_and_is_unknown_until_then(
        self, source: StandingSource
    ) -> None:
        async with Asked.serving(source) as board, board.events("/events?queue=tomorrow") as stream:
            shown = (await stream.next("wall")).data
        assert [(queue["name"], queue["state"]) for queue in shown["queues"]] == [("tomorrow", "unknown")]

    async def test_a_hundred_queues_are_enough_for_a_wall(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            asked = ",".join(f"q{number}" for number in range(101))
            assert (await board.get(f"/events?queue={asked}")).status == 404


class TestTokens:
    @pytest.mark.parametrize("path", [*TOTALS, *TICKETS])
    async def test_without_its_token_a_path_is_a_401_that_says_how(self, source: StandingSource, path: str) -> None:
        async with Asked.serving(source, wall=WALL, api=API) as board:
            for headers in ({}, bearer("wrong"), {"Authorization": f"Basic {API}"}, {"Cookie": f"{COOKIE}={API}"}):
                answer = await board.get(path, **headers)
                assert (answer.status, set(answer.body)) == (401, {"error"}), headers
                assert answer.headers["WWW-Authenticate"] == 'Bearer realm="deskpulse"'
        assert source.taken <= 2, "a snapshot was taken for nobody but the charts"

    async def test_the_walls_token_opens_totals_and_no_ticket(self, source: StandingSource) -> None:
        async with Asked.serving(source, wall=WALL, api=API) as board:
            for path in TOTALS:
                if path != "/events":
                    assert (await board.get(path, **bearer(WALL))).status == 200, path
            for path in TICKETS:
                assert (await board.get(path, **bearer(WALL))).status == 401, path

    async def test_the_apis_token_opens_both(self, source: StandingSource) -> None:
        async with Asked.serving(source, wall=WALL, api=API) as board:
            for path in (*PAGES, "/api/snapshot", "/api/tickets?state=waiting"):
                assert (await board.get(path, **bearer(API))).status == 200, path

    async def test_health_and_files_need_none(self, source: StandingSource) -> None:
        async with Asked.serving(source, wall=WALL, api=API) as board:
            for path in ("/healthz", "/readyz", "/static/wall.js"):
                assert (await board.get(path)).status == 200, path

    async def test_a_page_makes_a_cookie_of_a_token_and_leaves_the_address_without_it(
        self, source: StandingSource
    ) -> None:
        async with Asked.serving(source, wall=WALL) as board:
            answer = await board.get(f"/?lang=fa&token={WALL}&queue=a%2Cb")
            assert (answer.status, answer.headers["Location"]) == (303, "/?lang=fa&queue=a,b")
            cookie, *attributes = answer.headers["Set-Cookie"].split("; ")
            assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
            assert WALL not in cookie
            assert (await board.get("/", Cookie=cookie)).status == 200
            async with board.events(Cookie=cookie) as stream:
                assert (await stream.next("wall")).data["v"] == 1

    async def test_behind_tls_the_cookie_is_sent_by_tls_only(self, source: StandingSource) -> None:
        async with Asked.serving(source, wall=WALL) as board:
            plain = await board.get(f"/?token={WALL}")
            behind = await board.get(f"/?token={WALL}", **{"X-Forwarded-Proto": "https"})
            assert "Secure" not in plain.headers["Set-Cookie"]
            assert "Secure" in behind.headers["Set-Cookie"]

    @pytest.mark.parametrize(
        "path", [f"/?token={API}x", "/?token=", *(f"{page}?token={WALL}" for page in PAGES - {"/"})]
    )
    async def test_a_token_that_does_not_open_a_page_makes_no_cookie(self, source: StandingSource, path: str) -> None:
        async with Asked.serving(source, wall=WALL, api=API) as board:
            answer = await board.get(path)
            assert answer.status == 401
            assert "Set-Cookie" not in answer.headers

    async def test_a_cookie_ends_with_its_token(self, source: StandingSource) -> None:
        async with Asked.serving(source, wall=WALL) as board:
            cookie = (await board.get(f"/?token={WALL}")).headers["Set-Cookie"].partition(";")[0]
        async with Asked.serving(source, wall="the next one") as board:
            assert (await board.get("/", Cookie=cookie)).status == 401

    async def test_a_token_where_none_is_asked_leaves_the_address_all_the_same(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            answer = await board.get("/?token=x")
            assert (answer.status, answer.headers["Location"]) == (303, "/")
            assert "Set-Cookie" not in answer.headers

    async def test_tickets_are_closed_where_only_totals_have_a_token(self, source: StandingSource) -> None:
        async with Asked.serving(source, wall=WALL) as board:
            answer = await board.get("/api/tickets?state=waiting", **bearer(WALL))
            assert answer.status == 403
            assert "api_token_env" in answer.body["error"]

    async def test_every_path_of_the_board_is_under_a_token_or_the_same_for_everybody(
        self, source: StandingSource
    ) -> None:
        async with Asked.serving(source, wall=WALL, api=API) as board:
            for path in board.paths - {"/healthz", "/readyz"}:
                answer = await board.get(path.replace("{ticket}", "late"))
                assert answer.status == (200 if path.startswith("/static/") else 401), path

    async def test_totals_are_open_where_only_tickets_have_a_token(self, source: StandingSource) -> None:
        async with Asked.serving(source, api=API) as board:
            assert (await board.get("/api/snapshot")).status == 200
            assert (await board.get("/api/tickets?state=waiting")).status == 401


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot stands until something changes, however slow the machine is."""
    monkeypatch.setattr(latest, "QUIET_SECONDS", 1_000.0)


@pytest.mark.usefixtures("still")
class TestApi:
    async def test_the_snapshot_is_tagged_and_not_sent_again_while_it_stands(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            answer = await board.get("/api/snapshot")
            assert answer.body == json.loads(json.dumps(source.floor.tickets.snapshot(NOW + source.taken, (0, 1), 2)))
            again = await board.get("/api/snapshot", **{"If-None-Match": answer.headers["Etag"]})
            assert (again.status, again.body) == (304, "")

    async def test_whoever_asks_after_a_change_sees_it(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            before = (await board.get("/api/snapshot")).body["all"]["open"]
            source.change("new")
            assert (await board.get("/api/snapshot")).body["all"]["open"] == before + 1

    async def test_many_who_ask_at_once_cost_one_snapshot(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            answers = await asyncio.gather(*(board.get("/api/snapshot") for _ in range(20)))
            assert len({answer.headers["Etag"] for answer in answers}) == 1
            assert source.taken == 1

    @pytest.mark.parametrize(
        ("path", "status"),
        [
            ("/api/tickets", 400),
            ("/api/tickets?state=late", 400),
            ("/api/tickets?state=waiting&queues=billing", 400),
            ("/api/tickets/nobody/explain", 404),
            ("/api/tickets/unread/explain", 503),
            ("/api/nothing", 404),
        ],
    )
    async def test_what_cannot_be_answered_is_an_error_in_json(
        self, source: StandingSource, path: str, status: int
    ) -> None:
        async with Asked.serving(source) as board:
            answer = await board.get(path)
            assert (answer.status, set(answer.body)) == (status, {"error"})

    async def test_what_goes_wrong_is_logged_and_told_as_json_without_its_words(
        self, source: StandingSource, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def fails(*_: object) -> None:
            raise ZeroDivisionError("of ticket-private")

        monkeypatch.setattr(source, "listed", fails)
        async with Asked.serving(source) as board:
            answer = await board.get("/api/tickets?state=waiting")
        assert (answer.status, set(answer.body)) == (500, {"error"})
        assert "ticket-private" not in answer.body["error"]
        assert "frame-ancestors" in answer.headers["Content-Security-Policy"]
        assert "GET /api/tickets is answered with 500" in caplog.text
        assert "ZeroDivisionError: of ticket-private" in caplog.text

    async def test_the_snapshot_is_compressed_for_whoever_accepts_that(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            plain = await board.get("/api/snapshot", **{"Accept-Encoding": "identity"})
            small = await board.get("/api/snapshot", **{"Accept-Encoding": "gzip"})
            assert "Content-Encoding" not in plain.headers
            assert small.headers["Content-Encoding"] == "gzip"
            assert int(small.headers["Content-Length"]) * 4 < int(plain.headers["Content-Length"])
            assert small.body == plain.body
            assert small.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
            again = await board.get("/api/snapshot", **{"If-None-Match": small.headers["Etag"]})
            assert (again.status, again.body) == (304, "")

    async def test_prometheus_is_told_where_the_workers_are(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            answer = await board.get("/sd/prometheus")
            assert answer.headers["Content-Type"] == "application/json"
            assert answer.body == [{"targets": ["127.0.0.1:6066"], "labels": {}}]

    async def test_a_fault_is_told_by_health(self, source: StandingSource) -> None:
        source.fault = "the broker is gone"
        async with Asked.serving(source) as board:
            answer = await board.get("/healthz")
            assert (answer.status, answer.body) == (503, {"error": "the broker is gone"})


class TestMetrics:
    async def test_the_walls_numbers_are_those_of_the_snapshot(self, source: StandingSource) -> None:
        async with Asked.serving(source) as board:
            billing = (await board.get("/api/snapshot")).body["queues"]["billing"]
            late = sum(clock["live_breaches"] for clock in billing["sla"].values())
            assert await board.sample('support_board_tickets_open{queue="billing"}') == billing["open"] == 2
            waiting = await board.sample('support_board_awaiting_first_response{queue="billing"}')
            assert waiting == billing["awaiting_first_response"] == 2
            assert await board.sample('support_board_sla_live_breaches{queue="billing"}') == late == 1
            at = await board.sample("support_board_snapshot_timestamp_seconds")
            assert at is not None
            assert text_of(int(at)) == text_of(NOW // 10**9)

    async def test_queues_beyond_fifty_are_added_up_under_other(self, source: StandingSource) -> None:
        for number in range(60):
            source.floor.create(f"t{number}", "11:00", f"queue-{number:02}", "high")
        async with Asked.serving(source) as board:
            lines = (await board.get("/metrics")).body.splitlines()
            found = [line for line in lines if line.startswith("support_board_tickets_open{")]
            total = (await board.get("/api/snapshot")).body["all"]["open"]
            assert len(found) == 51
            assert sum(float(line.rpartition(" ")[2]) for line in found) == total
