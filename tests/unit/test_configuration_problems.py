from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskpulse.configuration.loading import ConfigurationError, judged
from tests.configuration_files import CONTRACT, loaded, problems


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "floor.toml"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("brokr = {}", 'brokr: unknown key; did you mean "broker"?'),
        ("[broker]\nurls = []", 'broker.urls: unknown key; did you mean "url"?'),
        ("[broker]\nzzz = 1", "broker.zzz: unknown key; known here: url, partitions, replication, session_timeout"),
        ("broker = 5", "broker = 5: expected a table"),
        ("sla = 5", "sla = 5: expected a list"),
        ("sla = [5]", "sla[0] = 5: expected a table"),
        ('[broker]\nurl = "http://h"', 'broker.url = "http://h": expected an address such as kafka://localhost:9092'),
        ('[broker]\nurl = ["h:1", "h:x"]', 'broker.url[1] = "h:x": expected an address such as kafka://'),
        ("[broker]\nurl = []", "broker.url = []: expected a list that is not empty"),
        ("[broker]\npartitions = 0", "broker.partitions = 0: expected at least 1"),
        ("[broker]\npartitions = 2.0", "broker.partitions = 2.0: expected an integer"),
        ("[broker]\npartitions = true", "broker.partitions = true: expected an integer"),
        ('[broker]\nsession_timeout = "10"', 'broker.session_timeout = "10": expected a duration such as 90s, 15m'),
        ("[broker]\nsession_timeout = 10", "broker.session_timeout = 10: expected a duration such as 90s, 15m"),
        ('[broker]\nsession_timeout = "0s"', 'broker.session_timeout = "0s": expected a duration'),
        ('[retention]\nsettled = "9999999d"', 'retention.settled = "9999999d": expected a duration such as'),
        ("[dead_letters]\nmax_ratio = 0", "dead_letters.max_ratio = 0: expected more than 0"),
        ("[dead_letters]\nmax_ratio = nan", "dead_letters.max_ratio = nan: expected a finite number"),
        ('[redis]\nurl = "localhost"', 'redis.url = "localhost": expected an address such as redis://localhost:6379/0'),
        ("[worker]\nport = 70000", "worker.port = 70000: expected at most 65535"),
        ('[worker]\nbind = "a b"', 'worker.bind = "a b": expected an address or host name to listen on'),
        ("[board]\nport = 6066", "board.port = 6066: expected another port than the worker's, 6066"),
        ('[board]\nwall_token_env = "a-b"', 'board.wall_token_env = "a-b": expected the name of an environment var'),
        ('[floor]\ntime_zone = "europe/istanbul"', 'floor.time_zone = "europe/istanbul": expected an IANA time zone'),
        (
            '[labels]\nqueues = ["a", "a"]',
            'labels.queues = ["a", "a"]: expected each value once, but \'a\' is repeated',
        ),
        ('[labels]\nqueues = [""]', 'labels.queues[0] = "": expected a text that is not empty'),
        ('[labels]\naliases = { a = "b", b = "c" }', 'labels.aliases.a = "b": expected the queue\'s present name'),
        (
            '[labels]\nqueues = ["billing"]\naliases = { a = "biling" }',
            'labels.aliases.a = "biling": expected a queue of labels.queues; did you mean "billing"?',
        ),
        ('[labels]\nqueues = ["a", "b"]\naliases = { a = "b" }', 'labels.aliases.a = "b": expected a name that is not'),
        ('[windows]\nrolling = ["90s"]', 'windows.rolling[0] = "90s": expected a duration in whole minutes up to 24h'),
        ('[windows]\nrolling = ["25h30m"]', 'windows.rolling[0] = "25h30m": expected a duration in whole minutes'),
        ('[windows]\nrolling = ["today"]', 'windows.rolling[0] = "today": expected a duration in whole minutes'),
        ('[windows]\nrolling = ["1d", "24h"]', 'windows.rolling = ["1d", "24h"]: expected each length once'),
        ('[retention]\nsettled = "60d"', 'retention.settled = "60d": expected at least 61d, twice the longest window'),
        (
            "[time]\nlive_since = 2026-01-01T00:00:00",
            "time.live_since = 2026-01-01T00:00:00: expected a date-time with",
        ),
        ("[time]\nlive_since = 2026-01-01", "time.live_since = 2026-01-01: expected a date-time with an offset"),
        ("[time]\nlive_since = 0001-01-01T00:00:00+05:00", "time.live_since = 0001-01-01T00:00:00+05:00: expected"),
        ('[helpdesk]\nticket_url = "https://d/"', 'helpdesk.ticket_url = "https://d/": expected a link with {id}'),
        ('[mutes]\nfrom = ""', "mutes: expected a list"),
        ('[kpis."a b"]', 'kpis."a b": expected a name of letters'),
        ('[kpis.csat]\nwindow = "8d"', 'kpis.csat.window = "8d": expected a window of windows.rolling, or today: 15m'),
        (
            "[kpis.csat]\nexpected = ['fast']",
            'kpis.csat.expected = ["fast"]: expected no such key: it is of kpis.brand',
        ),
        ('[kpis.brand]\nexpected = ["a", "a"]', 'kpis.brand.expected = ["a", "a"]: expected each value once'),
        ("[samples]\ncaution = 0", "samples.caution = 0: expected"),
        ("[samples]\ncaution = 31", "samples.enough: expected at least samples.caution, 31"),
        ("[samples]\ncaution = 9\nenough = 8", "samples.enough = 8: expected at least samples.caution, 9"),
        ('[kpis.csat]\ntarget = "x"', 'kpis.csat.target = "x": expected a number, or a duration such as 15m'),
        (
            '[walls.a]\nnumbers = ["awaitin"]',
            'walls.a.numbers = ["awaitin"]: expected numbers of awaiting, oldest, breaching, in_sla_today, open; ',
        ),
        ('[walls.a]\nnumbers = ["open", "open"]', 'walls.a.numbers = ["open", "open"]: expected each value once'),
        ('[walls.a]\nlanguage = "de"', "walls.a.language = \"de\": expected 'en', 'fa', 'he' or 'tr'"),
        ('[walls.a]\ntitle = ""', 'walls.a.title = "": expected a text that is not empty'),
        ("[walls.a]\nnumbers = ['a','b','c','d','e','f']", 'walls.a.numbers = ["a", "b", "c", "d", "e", "f"]: exp'),
        (
            '[walls.a]\nqueues = ["x"]\n[labels]\nqueues = ["y"]',
            'walls.a.queues = ["x"]: expected queues of labels.que',
        ),
        ('[[receivers]]\nname = "a"\nkind = "slack"', "receivers[0]: expected either secret_env or secret_file"),
        ('[[receivers]]\nname = "a"\nkind = "email"', "receivers[0]: expected to, the address that mail goes to"),
        (
            '[[receivers]]\nname = "a"\nkind = "email"\nto = "b"\nfrom = "c"\nsmarthost = "d:25"\nusername = "e"',
            "receivers[0]: expected username and a secret, its password, or neither",
        ),
        (
            '[[receivers]]\nname = "a"\nkind = "webhook"\nsecret_env = "A"',
            "receivers[0]: expected url, the address it posts to, without anything secret in it: a secret goes beside",
        ),
        (
            '[[receivers]]\nname = "a"\nkind = "webhook"\nurl = "http://h"\nsecret_env = "A"\nsecret_file = "b"',
            "receivers[0]: expected either secret_env or secret_file: where the secret is",
        ),
        (
            '[[receivers]]\nname = "a"\nkind = "slack"\nsecret_env = "A"\nurl = "http://h"',
            'receivers[0].url = "http://h": expected only where kind is webhook',
        ),
        (
            '[[receivers]]\nname = "a"\nkind = "webhook"\nurl = "ftp://h"',
            'receivers[0].url = "ftp://h": expected an address such as http://127.0.0.1:9093',
        ),
        (
            '[[receivers]]\nname = "nobody"\nkind = "slack"\nsecret_env = "A"',
            'receivers[0].name = "nobody": expected another name: this one is where',
        ),
        ('[alerts]\nwatchdog = "dog"', 'alerts.watchdog = "dog": expected a name of [[receivers]] (none is there)'),
        ('[alerts]\ninterval = "500ms"', 'alerts.interval = "500ms": expected a duration such as'),
        ('[alerts]\ninterval = "3m"', 'alerts.interval = "3m": expected whole seconds, from 1s to 2m'),
        ('[alerts]\nbase_url = "h:1"', 'alerts.base_url = "h:1": expected an address such as http://127.0.0.1:9093'),
        ('[alerts]\nscrape_targets = ["h"]', 'alerts.scrape_targets[0] = "h": expected an address with a port, such'),
        ('[alerts]\nscrape_targets = ["h:0"]', 'alerts.scrape_targets[0] = "h:0": expected an address with a port'),
        ("[alerts]\nscrape_targets = []", "alerts.scrape_targets = []: expected a list that is not empty"),
        ('[kpis.csat]\nwithin = "72h"', 'kpis.csat.within = "72h": expected only in [kpis.conversion]'),
        ("[kpis.conversion]\nwithin = 72", "kpis.conversion.within = 72: expected a duration such as 90s, 15m"),
        ("[kpis.csat]\ntarget = 85.0", "kpis.csat.target = 85.0: expected a number from 0 to 1"),
        ("[kpis.cast]\ntarget = 0.5", 'kpis.cast: expected a KPI of docs/kpis.md; did you mean "csat"?'),
        ('[kpis.first_response]\ntarget = "15m"', 'kpis.first_response.target = "15m": expected no target: first_resp'),
        ("[kpis.nps]\nqueues = { a = { target = 101.0 } }", "kpis.nps.queues.a.target = 101.0: expected a number from"),
        (
            '[[receivers]]\nname = "a"\nkind = "fax"',
            "receivers[0].kind = \"fax\": expected 'webhook', 'slack', 'pagerduty'",
        ),
        (
            "[[mutes]]\nfrom = 2026-01-02T00:00:00Z\nto = 2026-01-02T00:00:00Z",
            "mutes[0].to = 2026-01-02T00:00:00+00:00: expected an instant after from",
        ),
        ("[[feeds]]", "feeds[0].source: expected this key to be given"),
        (
            '[[feeds]]\nsource = "a"\n[[feeds]]\nsource = "a"',
            'feeds[1].source = "a": expected another source: feeds[0]',
        ),
        ('[[feeds]]\nsource = "a"\ncalendar = "x"', 'feeds[0].calendar = "x": expected a name of [calendars] (none is'),
    ],
)
def test_a_bad_key_is_named_with_its_value_and_what_is_expected(file: Path, text: str, line: str) -> None:
    (problem,) = problems(file, text)
    assert problem.startswith(f"floor.toml: {line}")


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        ('resolution = "1h"', "sla[0].name: expected this key to be given"),
        ('name = "a"', "sla[0]: expected at least one of first_response, next_response, resolution"),
        ('name = "a"\nresolution = "1h"\nobjective = 1', "sla[0].objective = 1: expected a number strictly between"),
        (
            'name = "a"\nresolution = "1h"\nobjective = 0.0',
            "sla[0].objective = 0.0: expected a number strictly between",
        ),
        ('name = "a"\nresolution = "1h"\nat_risk = 1.0', "sla[0].at_risk = 1.0: expected a number strictly between"),
        ('name = "a"\nfirst_response = "15 min"', 'sla[0].first_response = "15 min": expected a duration such as'),
        ('name = "a"\nresolution = "1h"\ncalendar = "x"', 'sla[0].calendar = "x": expected a name of [calendars]'),
        ('name = "a"\nresolution = "1h"\npage = {}', "sla[0].page: expected first_response beside it"),
        (
            'name = "a"\nfirst_response = "1h"\npage = { receiver = "x" }',
            'sla[0].page.receiver = "x": expected a name of [[receivers]] (none is there)',
        ),
        (
            'name = "a"\nresolution = "1h"\nmatch = { queues = ["a"] }',
            'sla[0].match.queues: unknown key; did you mean "queue"?',
        ),
        ('name = "a"\nresolution = "1h"\nmatch = { queue = "a" }', 'sla[0].match.queue = "a": expected a list'),
        (
            'name = "a"\nresolution = "1h"\nmatch = { queue = [] }',
            "sla[0].match.queue = []: expected a list that is not",
        ),
        (
            'name = "a"\nresolution = "1h"\nmatch = { queue = ["old"] }\n[labels]\naliases = { old = "new" }',
            'sla[0].match.queue = ["old"]: expected present names: "old" is renamed to "new"',
        ),
    ],
)
def test_a_bad_policy_is_named_with_its_key(file: Path, policy: str, line: str) -> None:
    (problem,) = problems(file, f"[[sla]]\n{policy}")
    assert problem.startswith(f"floor.toml: {line}")


POLICY = '[[sla]]\nname = "{}"\nresolution = "1h"\n{}\n'
FROM_2026 = "from = 2026-01-01T00:00:00Z"
FROM_2025 = "from = 2025-01-01T00:00:00Z"


def test_a_policy_behind_one_that_matches_all_of_its_tickets_is_refused_with_the_remedy(file: Path) -> None:
    wide = POLICY.format("wide", 'match = { queue = ["a", "b"] }')
    narrow = POLICY.format("narrow", 'match = { queue = ["b"], priority = ["urgent"] }')
    (problem,) = problems(file, wide + narrow)
    assert problem.startswith("floor.toml: sla[1]: expected tickets that an earlier policy leaves over; ")
    assert problem.endswith('sla[0] "wide" matches all of these first: move this policy before it, or narrow that one')
    assert len(loaded(file, narrow + wide).sla) == 2


def test_a_newer_version_leaves_the_older_tickets_to_the_policy_behind_it(file: Path) -> None:
    newer, older = POLICY.format("a", FROM_2026), POLICY.format("a", FROM_2025)
    assert len(loaded(file, newer + older + POLICY.format("a", "")).sla) == 3
    assert ["sla[1]" in line for line in problems(file, older + newer)] == [True]


def test_two_policies_of_one_name_and_instant_are_refused(file: Path) -> None:
    first = POLICY.format("a", 'match = { queue = ["a"] }')
    (problem,) = problems(file, first + POLICY.format("a", ""))
    assert problem == 'floor.toml: sla[1].name = "a": expected another name, or another from: sla[0] has both'


VERSION = "[[calendars.c.versions]]\n{}\n"
OPEN = 'week = { mon = ["09:00-12:00"] }'


@pytest.mark.parametrize(
    ("version", "line"),
    [
        ('week = { mon = ["09:00-09:00"] }', 'versions[0].week.mon[0] = "09:00-09:00": expected opening hours such as'),
        ('week = { mon = ["18:00-09:00"] }', 'versions[0].week.mon[0] = "18:00-09:00": expected opening hours such as'),
        ('week = { mon = ["24:00-24:00"] }', 'versions[0].week.mon[0] = "24:00-24:00": expected opening hours such as'),
        ('week = { mon = ["23:00-24:01"] }', 'versions[0].week.mon[0] = "23:00-24:01": expected opening hours such as'),
        (
            'week = { mon = ["11:00-13:00", "09:00-11:01"] }',
            'versions[0].week.mon = ["11:00-13:00", "09:00-11:01"]: expected opening hours that do not overlap',
        ),
        ("week = { monday = [] }", 'versions[0].week.monday: unknown key; did you mean "mon"?'),
        ("week = { mon = [] }", "versions[0].week: expected opening hours on some weekday: this calendar never opens"),
        ("", "versions[0].week: expected opening hours on some weekday: this calendar never opens"),
        (f'{OPEN}\nholidays = ["2026-02-30"]', 'versions[0].holidays[0] = "2026-02-30": expected a date such as'),
        (f"{OPEN}\nholidays = [{{}}]", "versions[0].holidays[0].date: expected this key to be given"),
        (
            f'{OPEN}\nholidays = ["2026-02-01", 2026-02-01]',
            'versions[0].holidays = ["2026-02-01", 2026-02-01]: expected each date once, but 2026-02-01 is repeated',
        ),
        (
            f'{OPEN}\npublic_holidays = "Turkey"',
            'versions[0].public_holidays = "Turkey": expected a country such as TR',
        ),
        (f'{OPEN}\ntime_zone = "Mars"', 'versions[0].time_zone = "Mars": expected an IANA time zone'),
    ],
)
def test_a_bad_calendar_is_named_with_its_key(file: Path, version: str, line: str) -> None:
    found = problems(file, VERSION.format(version))
    assert len(found) == 1
    assert found[0].startswith(f"floor.toml: calendars.c.{line}")


def test_versions_of_a_calendar_ascend_and_only_the_first_may_leave_its_instant_out(file: Path) -> None:
    newer, older = VERSION.format(f"{OPEN}\n{FROM_2026}"), VERSION.format(f"{OPEN}\n{FROM_2025}")
    assert len(loaded(file, VERSION.format(OPEN) + older + newer).calendars["c"].versions) == 3
    (problem,) = problems(file, newer + older)
    assert problem.endswith("expected an instant after the version before it: versions ascend")
    (problem,) = problems(file, newer + VERSION.format(OPEN))
    assert "calendars.c.versions[1].from: expected an instant" in problem


def test_hours_may_touch_and_end_at_midnight(file: Path) -> None:
    configuration = loaded(file, VERSION.format('week = { sun = ["22:00-24:00", "00:00-22:00"] }'))
    assert configuration.calendars["c"].versions[0].week.sun == ((0, 1320), (1320, 1440))


def test_all_problems_come_at_once_each_with_its_place(file: Path) -> None:
    text = """
        colour = "red"
        [broker]
        partitions = -1
        [[sla]]
        name = "first"
        objective = 2
        calendar = "offic"
        resolution = "1h"
        match = { queue = ["a"] }
        [[sla]]
        resolution = "1h"
        [[sla]]
        name = "third"
        first_response = "15"
        match = { queue = ["b"] }
        [[sla]]
        name = "fourth"
        [[calendars.office.versions]]
        week = { mon = ["09:00-25:00"], tue = ["09:00-10:00"] }
        [[calendars.office.versions]]
        week = { mon = ["09:00-12:00"] }
    """
    keys = [line.removeprefix("floor.toml: ").split(": ")[0].split(" = ")[0] for line in problems(file, text)]
    assert sorted(keys) == [
        "broker.partitions",
        "calendars.office.versions[0].week.mon[0]",
        "calendars.office.versions[1].from",
        "colour",
        "sla[0].calendar",
        "sla[0].objective",
        "sla[1].name",
        "sla[2].first_response",
        "sla[3]",
    ]


def test_a_key_that_is_wrong_by_itself_raises_no_second_problem(file: Path) -> None:
    assert len(problems(file, '[[sla]]\nname = "a"\nfirst_response = "x"\npage = {}')) == 1
    assert len(problems(file, '[windows]\nrolling = ["x"]\n[retention]\nsettled = "3d"')) == 1
    calendar = '[[sla]]\nname = "a"\nresolution = "1h"\ncalendar = "c"\n[calendars.c]\n'
    assert problems(file, calendar) == ["floor.toml: calendars.c.versions: expected this key to be given"]


def test_a_secret_in_the_file_is_refused_and_not_repeated(file: Path) -> None:
    (redis,) = problems(file, '[redis]\nurl = "redis://:hunter2@h:6379/0"')
    assert "DESKPULSE_REDIS" in redis
    (broker,) = problems(file, '[broker]\nurl = "kafka://u:hunter2@h"')
    receiver = '[[receivers]]\nname = "p"\nkind = "slack"\nsecret_env = "A"\nsecret = "hunter2"'
    (unknown,) = problems(file, receiver)
    assert 'did you mean "secret_env"?' in unknown
    assert "hunter2" not in redis + broker + unknown


SCALARS = st.one_of(
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["15m", "[key]", "office", "billing", date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)]),
)
KEYS = st.sampled_from(["from", "name", "week", "versions", "url", "[key]", "", "date"])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2))


def places_in(node: Any) -> list[tuple[Any, Any]]:
    """Every container in ``node`` with each of its keys."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [place for key in keys for place in places_in(node[key])]


@given(st.data())
def test_a_damaged_file_is_a_configuration_or_problems_with_keys(data: st.DataObject) -> None:
    document = tomllib.loads(CONTRACT)
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(places_in(document)))
        if data.draw(st.booleans()):
            container[key] = data.draw(VALUES)
        elif isinstance(container, dict):
            container[data.draw(KEYS)] = container.pop(key)
        else:
            del container[key]
        if not places_in(document):
            break
    try:
        judged(document, "floor.toml", {}).rules()
        files = {"floor.toml"}
    except ConfigurationError as error:
        files = {problem.file for problem in error.problems}
    assert files == {"floor.toml"}
