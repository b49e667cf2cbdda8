from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from deskpulse.configuration.loading import Configuration, ConfigurationError, load_configuration
from deskpulse.configuration.reference import example, render
from metrics.instants import DAY, HOUR, MINUTE, SECOND, parse_instant
from metrics.policies import DEFAULT_POLICY, DEFAULT_WINDOWS, Labels, Policies, Rules
from tests.configuration_files import CONTRACT, loaded, problems


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "floor.toml"


def test_without_a_file_every_default_works() -> None:
    configuration = load_configuration(None, {})
    assert configuration.broker.url == ("localhost:9092",)
    assert (configuration.worker.port, configuration.board.port) == (6066, 8080)
    assert (configuration.worker.bind, configuration.board.bind) == ("127.0.0.1", "127.0.0.1")
    assert configuration.redis.url is None


def test_the_defaults_of_the_file_are_the_defaults_of_the_core() -> None:
    rules, core = load_configuration(None, {}).rules(), Rules()
    assert rules.policies.all == core.policies.all == (DEFAULT_POLICY,)
    assert rules.windows == core.windows == DEFAULT_WINDOWS
    names = ("skew", "future", "live_since", "time_zone", "retention")
    assert [getattr(rules, name) for name in names] == [getattr(core, name) for name in names]
    assert rules.labels.queues is None


def test_every_example_of_the_reference_is_a_file_that_loads(file: Path) -> None:
    assert loaded(file, example()).sla[0].calendar == "office"


def test_the_reference_page_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert page.read_text(encoding="utf-8") == render()


def test_an_empty_table_of_every_kind_takes_its_defaults(file: Path) -> None:
    tables = [name for name, field in Configuration.model_fields.items() if "dict" not in str(field.annotation)]
    plain = [name for name in tables if name not in {"sla", "receivers", "mutes", "feeds"}]
    assert loaded(file, "".join(f"[{name}]\n" for name in plain)).model_dump() == Configuration().model_dump()


def test_the_file_of_the_contract_loads_with_every_value(file: Path) -> None:
    configuration = loaded(file, CONTRACT)
    assert configuration.broker.session_timeout == 10 * SECOND
    version = configuration.calendars["office"].versions[0]
    assert version.week.mon == ((540, 750), (810, 1080))
    assert [(holiday.date, holiday.open) for holiday in version.holidays] == [
        (date(2026, 1, 1), ()),
        (date(2026, 4, 22), ((540, 720),)),
    ]
    assert configuration.kpis["csat"].queues["billing"].target == 0.9
    assert configuration.mutes[0].to == parse_instant("2026-12-05T12:00:00Z")
    assert (configuration.feeds[0].silent_after, configuration.feeds[0].late_after) == (15 * MINUTE, 5 * MINUTE)


def test_the_file_of_the_contract_compiles_to_rules_in_nanoseconds(file: Path) -> None:
    rules = loaded(file, CONTRACT).rules()
    (policy,) = rules.policies.all
    assert policy.starts_at == rules.live_since == parse_instant("2026-01-01T00:00:00Z")
    assert policy.match["priority"] == {"urgent", "high"}
    assert (policy.first_response, policy.next_response, policy.resolution) == (15 * MINUTE, HOUR, 8 * HOUR)
    assert (policy.at_risk_ppm, policy.objective) == (200_000, 0.9)
    assert rules.windows == DEFAULT_WINDOWS
    assert (rules.time_zone, rules.retention) == ("Asia/Tehran", 62 * DAY)
    assert rules.labels.queue("payments") == "billing"


def test_the_calendar_of_a_policy_compiles_to_its_versions(file: Path) -> None:
    rules = loaded(file, CONTRACT).rules()
    assert rules.policies.uses_calendar == ("urgent billing",)
    office = rules.calendars["office"]
    (version,) = office.versions
    assert (version.starts_at, version.time_zone) == (parse_instant("2020-01-01T00:00:00Z"), "Europe/Istanbul")
    assert version.dates == {date(2026, 1, 1): (), date(2026, 4, 22): ((540, 720),)}
    monday, national_day = (
        parse_instant("2026-06-01T06:00:00Z"),
        parse_instant("2026-10-29T09:00:00Z"),
    )  # 9:00 and 12:00
    assert (office.is_open(monday - 1), office.is_open(monday), office.is_open(national_day)) == (False, True, False)
    assert office.elapsed(monday, monday + DAY) == 8 * HOUR


def test_samples_and_expected_words_reach_the_core(file: Path) -> None:
    rules = loaded(file, '[samples]\ncaution = 3\nenough = 3\n[kpis.brand]\nexpected = ["fast", "شفاف"]').rules()
    assert (rules.samples.caution, rules.samples.enough) == (3, 3)
    assert rules.brand_expected == {"fast", "شفاف"}
    usual = loaded(file, "").rules()
    assert (usual.samples.caution, usual.samples.enough, usual.brand_expected) == (5, 30, frozenset())


def test_a_url_never_has_a_password(file: Path) -> None:
    (problem,) = problems(file, '[alerts]\nalertmanager_url = "https://me:hunter2@am.example"')
    assert "without user or password" in problem
    assert "hunter2" not in problem


def test_a_receiver_of_each_kind_loads_with_what_it_needs(file: Path) -> None:
    webhook = '[[receivers]]\nname = "a"\nkind = "webhook"\nurl = "http://[::1]:8000/page?to=a"\n'
    slack = '[[receivers]]\nname = "b"\nkind = "slack"\nsecret_file = "/run/b"\n'
    email = '[[receivers]]\nname = "c"\nkind = "email"\nto = "a@b"\nfrom = "c@d"\nsmarthost = "[::1]:25"\n'
    receivers = loaded(file, webhook + slack + email).receivers
    assert [receiver.name for receiver in receivers] == ["a", "b", "c"]
    assert receivers[2].from_ == "c@d"


def test_windows_come_in_ascending_order_with_their_panes(file: Path) -> None:
    windows = loaded(file, '[windows]\nrolling = ["2d", "90m", "24h"]').rules().windows
    assert windows == (("90m", 90 * MINUTE, MINUTE), ("24h", DAY, MINUTE), ("2d", 2 * DAY, HOUR))


def test_retention_grows_with_the_longest_window_when_it_is_not_given(file: Path) -> None:
    assert loaded(file, '[windows]\nrolling = ["90d"]').rules().retention == 181 * DAY


@pytest.mark.parametrize(
    ("text", "hours"),
    [("", 72), ("[kpis.conversion]\nminimum_answers = 9", 72), ('[kpis.conversion]\nwithin = "1d"', 24)],
)
def test_a_conversion_counts_within_72_hours_or_what_is_configured(file: Path, text: str, hours: int) -> None:
    assert loaded(file, text).rules().conversion_within == hours * HOUR


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = ", "line 1, column 5: not TOML: Invalid value"),
        ("[broker]\npartitions == 3", "line 2, column 13: not TOML: Invalid value"),
        ("a = 1\na = 2\n", "line 2, column 6: not TOML: Cannot overwrite a value"),
        ('a = 1\nb = "x', "line 2, column 7: not TOML: Unterminated string"),
    ],
)
def test_bad_toml_is_named_with_line_and_column(file: Path, text: str, line: str) -> None:
    assert problems(file, text) == [f"floor.toml: {line}"]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.toml: cannot be read: No such file"):
        load_configuration(tmp_path / "absent.toml", {})
    (tmp_path / "latin.toml").write_bytes(b"a = '\xe9'")
    with pytest.raises(ConfigurationError, match=r"latin\.toml: expected UTF-8, but byte 5 is not"):
        load_configuration(tmp_path / "latin.toml", {})


def test_the_environment_names_the_file_unless_a_file_is_given(file: Path, tmp_path: Path) -> None:
    file.write_text("[worker]\nport = 7000", encoding="utf-8")
    environment = {"DESKPULSE_CONFIG": str(file)}
    assert load_configuration(None, environment).worker.port == 7000
    other = tmp_path / "other.toml"
    other.write_text("[worker]\nport = 7001", encoding="utf-8")
    assert load_configuration(other, environment).worker.port == 7001


def test_the_environment_wins_over_the_file(file: Path) -> None:
    configuration = loaded(
        file,
        '[broker]\nurl = "kafka://file"\n[redis]\nurl = "redis://file"\n[worker]\nport = 1\nbind = "::1"',
        DESKPULSE_BROKER="kafka://a:1,b:2",
        DESKPULSE_REDIS="rediss://:pw@redis:6380/1",
        DESKPULSE_WORKER_PORT="7066",
        DESKPULSE_BOARD_PORT="9090",
        DESKPULSE_BIND="0.0.0.0",
        DESKPULSE_STATE_DIR="scratch",
    )
    assert configuration.broker.url == ("a:1", "b:2")
    assert configuration.redis.url == "rediss://:pw@redis:6380/1"
    assert (configuration.worker.port, configuration.board.port) == (7066, 9090)
    assert configuration.worker.bind == configuration.board.bind == "0.0.0.0"
    assert configuration.worker.state_dir == "scratch"


def test_an_empty_variable_counts_as_not_set(file: Path) -> None:
    assert loaded(file, "[worker]\nport = 7000", DESKPULSE_WORKER_PORT="", DESKPULSE_CONFIG="").worker.port == 7000
    assert load_configuration(None, {"DESKPULSE_CONFIG": ""}) == Configuration()


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("DESKPULSE_BROKER", "http://h", "an address such as kafka://localhost:9092"),
        ("DESKPULSE_REDIS", "http://h", "an address such as redis://localhost:6379/0"),
        ("DESKPULSE_WORKER_PORT", "http", "an integer"),
        ("DESKPULSE_BIND", "a b", "an address or host name to listen on, such as 127.0.0.1 or 0.0.0.0"),
    ],
)
def test_a_bad_variable_is_named_as_such(file: Path, variable: str, value: str, expected: str) -> None:
    assert problems(file, "", **{variable: value}) == [f'environment: {variable} = "{value}": expected {expected}']


def test_the_error_as_text_has_one_line_for_each_problem(file: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        loaded(file, "a = 1\nb = 2")
    assert str(caught.value).splitlines() == [str(problem) for problem in caught.value.problems]
    assert len(caught.value.problems) == 2


def test_rules_hold_the_compiled_kinds(file: Path) -> None:
    rules = loaded(file, "").rules()
    assert isinstance(rules.labels, Labels)
    assert isinstance(rules.policies, Policies)
