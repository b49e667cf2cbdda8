"""How each command of the pages is run by a test. A new page needs entries only for what cannot simply be run.

A command that stands nowhere here is run as it is by tests/services/test_documentation.py, in a folder with the files
of ``tests.documented_floor``, and has to end with 0. Addresses of the pages become those of the run. What cannot be run
with its page is an entry of ELSEWHERE, which names the test that does the same; a page that has a test for all of its
commands is an entry of PAGES_ELSEWHERE. An entry without a command, page or test fails.
"""

from __future__ import annotations

from typing import NamedTuple

#: What may be run; a command of another program is an entry of ELSEWHERE, or the program is added here. Those that a
#: machine may lack are asked for by their names.
OWN_PROGRAMS = frozenset(("deskpulse", "python", "kafka-console-producer.sh", "printf"))
PROGRAMS = OWN_PROGRAMS | {"amtool", "cat", "curl", "cut", "grep", "jq", "promtool"}


class Elsewhere(NamedTuple):
    """Why a command is not run with its page, and the test that runs it or the same, as pytest names it."""

    reason: str
    test: str


_DEMO = (
    "tests/services/test_commands.py::TestDemo::test_it_shows_live_numbers_within_a_minute_and_ctrl_c_ends_all_of_it"
)
_SCENE = "tests/services/test_demo_scenes.py"
_CONNECT, _SLA = "docs/how-to/connect-a-help-desk.md", "docs/how-to/set-an-sla.md"
_COMPOSE = "tests/unit/test_compose.py"
_DOCTOR = "tests/services/test_doctor.py"
_GRAFANA = "tests/unit/test_grafana_provisioning.py"
_CRASH = "tests/services/test_crash.py"
_MAKE = "tests/unit/test_documentation.py::test_what_is_made_has_its_target_and_its_modules"

#: By command, or by how commands begin: "docker compose …".
ANYTHING = "…"
ELSEWHERE: dict[str, Elsewhere] = {
    "make demo": Elsewhere("it runs `deskpulse demo` of the checkout, which that test starts and ends", _DEMO),
    "make test": Elsewhere("it is the suite, which would run itself", ".ci/run"),
    "make install": Elsewhere("`make test` begins with it", ".ci/run"),
    "make services": Elsewhere("it installs packages of the system", ".ci/run"),
    "make check": Elsewhere("it takes minutes, and is part of each run of the suite", ".ci/run"),
    "make format": Elsewhere("it changes the checkout; `make check` runs the same tools", ".ci/run"),
    "make soak": Elsewhere("it takes hours; that test runs its workers, killed at each named place", _CRASH),
    "make bench": Elsewhere("it takes many minutes, and no test asserts a time", _MAKE),
    "deskpulse demo --scene …": Elsewhere("it runs for minutes", _SCENE),
    "docker …": Elsewhere("no Docker daemon is at hand; services, commands and the file are held there", _COMPOSE),
    "deskpulse doctor …": Elsewhere("it ends with 1 where nothing but this page's floor runs", _DOCTOR),
    "curl --fail --request POST …": Elsewhere("no Grafana is at hand; its addresses are held there", _GRAFANA),
}


#: Pages with a test of their own, which reads and runs every command of them.
PAGES_ELSEWHERE: dict[str, Elsewhere] = {
    "docs/production.md": Elsewhere("it needs a Kafka with rights, and years", "tests/services/test_production.py"),
}


def elsewhere(page: str, text: str) -> Elsewhere | None:
    """The entry that the command is of: its own, one that ends in " …" and begins as it does, or its page's."""
    begun = (one for key, one in ELSEWHERE.items() if key.endswith(ANYTHING) and text.startswith(key[:-1]))
    return ELSEWHERE.get(text) or next(begun, None) or PAGES_ELSEWHERE.get(page)


class Server(NamedTuple):
    """A command that runs until it is told to end, with the address in the pages at which it says that it is ready."""

    address: str


#: By first words. It is started where it stands and ended by Ctrl-C after the last command of its page.
SERVERS = {
    "deskpulse worker": Server("127.0.0.1:6066"),
    "deskpulse board": Server("127.0.0.1:8080"),
}


def is_server(text: str) -> str | None:
    """The entry of SERVERS that the command is of."""
    return next((words for words in SERVERS if f"{text} ".startswith(f"{words} ")), None)


#: What a command says, as a pattern that is searched, on one page or on all (""). A `curl` is asked until it does.
SAYS: dict[tuple[str, str], str] = {
    ("", "curl http://127.0.0.1:6066/snapshot"): r'"partitions":\{"ready":8,"catching_up":0,"total":8\}',
    (_CONNECT, "curl http://127.0.0.1:6066/snapshot"): (
        r'"all":\{"open":1,.*"24h":\{[^{}]*"created":2,"replied":1,"resolved":1'
    ),
    (_CONNECT, "curl 'http://127.0.0.1:6066/api/tickets?state=waiting'"): r'"id":"4711".*"policy":"default"',
    ("", "curl 'http://127.0.0.1:6066/api/tickets?state=breaching&queue=billing'"): r'"id":"4711"',
    ("", "curl http://127.0.0.1:6066/api/tickets/TICKET/explain"): r'"state":"breaching"',
    ("", "deskpulse check-config deskpulse.toml"): r"^deskpulse\.toml: no problems$",
    ("", "deskpulse explain events.jsonl TICKET --now 2026-10-01T12:00:00Z"): r"first response: breaching",
    (_SLA, "deskpulse explain day.jsonl T-0000029 --config deskpulse.toml --now 2026-10-05T09:00:00Z"): (
        r"policy 'everything else' holds"
    ),
    ("", "deskpulse alerts test pager --config deskpulse.toml"): r"^pager: accepted, goes to pager; it ends at ",
    ("", "deskpulse alerts test --config deskpulse.toml"): r"^pager: accepted, goes to pager; it ends at ",
    ("", "deskpulse topics create --config deskpulse.toml"): r"^all topics are there$",
    ("", "deskpulse dead-letters list"): r"not_json",
    ("", "deskpulse dead-letters requeue --from mended.jsonl"): r"",
    ("", "deskpulse replay uci.jsonl --now 2016-06-01T12:00:00Z"): r'"as_of": "2016-06-01T12:00:00Z"',
}


def expected_of(page: str, text: str) -> str:
    """The pattern of what the command says on the page; an empty one is in every text."""
    return SAYS.get((page, text)) or SAYS.get(("", text), "")
