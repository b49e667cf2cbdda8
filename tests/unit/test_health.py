"""The container's health check: all that listen have to say 200, and one has to listen."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from deskpulse import health
from tests.kafka_from_jars import free_ports


@contextmanager
def saying(status: int, paths: list[str] | None = None) -> Iterator[str]:
    """The port of a server that says this to everything, and notes what it was asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if paths is not None:
                paths.append(self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b'{"error": "catching up"}')

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield str(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nobody listens on either, unless a test says so."""
    for name, port in zip(("DESKPULSE_WORKER_PORT", "DESKPULSE_BOARD_PORT"), free_ports(2), strict=True):
        monkeypatch.setenv(name, str(port))
    return monkeypatch


def test_where_nobody_listens_there_is_no_health(ports: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert health.main() == 1
    assert capsys.readouterr().err.startswith("nobody listens: http://127.0.0.1:")


@pytest.mark.parametrize("name", ["DESKPULSE_WORKER_PORT", "DESKPULSE_BOARD_PORT"])
def test_one_server_that_is_well_is_enough(ports: pytest.MonkeyPatch, name: str) -> None:
    with saying(200) as port:
        ports.setenv(name, port)
        assert health.main() == 0


def test_of_two_servers_both_have_to_be_well(ports: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with saying(200) as worker, saying(503) as board:
        ports.setenv("DESKPULSE_WORKER_PORT", worker)
        ports.setenv("DESKPULSE_BOARD_PORT", board)
        assert health.main() == 1
    assert capsys.readouterr().err == f'http://127.0.0.1:{board}/healthz says 503: {{"error": "catching up"}}\n'


def test_another_path_may_be_asked(ports: pytest.MonkeyPatch) -> None:
    paths: list[str] = []
    with saying(200, paths) as port:
        ports.setenv("DESKPULSE_WORKER_PORT", port)
        assert health.main("/readyz") == 0
    assert paths == ["/readyz"]


def test_a_server_that_says_nothing_is_not_well(ports: pytest.MonkeyPatch) -> None:
    ports.setattr(health, "_TIMEOUT_SECONDS", 0.05)
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:  # accepts, and serves nobody
        ports.setenv("DESKPULSE_WORKER_PORT", str(silent.server_port))
        assert health.main() == 1


@pytest.mark.parametrize(
    ("bind", "expected"), [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("10.1.2.3", "10.1.2.3"), ("::1", "[::1]")]
)
def test_a_server_is_asked_where_it_listens(bind: str, expected: str) -> None:
    assert health.servers({"DESKPULSE_BIND": bind}) == [f"{expected}:6066", f"{expected}:8080"]


def test_a_proxy_of_the_environment_is_not_asked(ports: pytest.MonkeyPatch) -> None:
    with saying(200) as port:
        ports.setenv("DESKPULSE_WORKER_PORT", port)
        ports.setenv("http_proxy", "http://127.0.0.1:1")
        assert health.main() == 0
