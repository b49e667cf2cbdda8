"""Suggested targets of KPIs, by figures worked out by hand: what is printed, and what a file is with it."""

import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from deskpulse.__main__ import main
from deskpulse.configuration.loading import judged, load_configuration
from tests.happenings import Happening, created, happening
from tests.logs import to_json_line
from tests.oracle.instants import HOUR, MINUTE, instant

START = instant("2026-03-02T00:00:00Z")


def floor(tickets: int = 100, queues: tuple[str, ...] = ("billing",)) -> list[Happening]:
    """Every fifth ticket is escalated, every tenth brings a sale; of five surveys sent two are answered."""
    log = []
    for number in range(tickets):
        name, at, queue = f"T{number:03d}", START + number * HOUR, queues[number % len(queues)]
        log.append(created(at, name, queue=queue, kind="complaint" if number % 2 else "question"))
        log.append(happening("ticket.replied", at + MINUTE, name, agent="sara"))
        if number % 5 == 0:
            log.append(happening("ticket.escalated", at + 2 * MINUTE, name))
        if number % 10 == 0:
            log.append(happening("ticket.converted", at + 3 * MINUTE, name))
        log.append(happening("survey.sent", at + 4 * MINUTE, name, survey="csat"))
        if number % 5 < 2:
            score = 5 if number % 5 == 0 else 2
            log.append(happening("survey.answered", at + 5 * MINUTE, name, survey="csat", score=score))
        log.append(
            happening("survey.answered", at + 6 * MINUTE, name, survey="brand", item="preferred", score=number % 2)
        )
    return log


def suggested(log: list[Happening], folder: Path, text: str = "") -> str:
    file = folder / "deskpulse.toml"
    file.write_text(text, encoding="utf-8")
    words = ["targets", "suggest", "-", "--config", str(file)]
    done = CliRunner().invoke(main, words, input=b"".join(map(to_json_line, log)))
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    return done.stdout


def test_each_step_is_to_the_bound_on_the_better_side(tmp_path: Path) -> None:
    text = suggested(floor(), tmp_path)
    # Wilson: 20 of 100 0.1334 to 0.2889, 10 of 100 0.0552 to 0.1744, 40 of 100 0.3094 to 0.49799,
    # 20 of 40 0.3520 to 0.64800, 50 of 100 0.4038 to 0.5962, 10 of 50 0.1124 to 0.3304
    targets = {name: table["target"] for name, table in tomllib.loads(text)["kpis"].items()}
    assert targets == {
        "csat": 0.648,
        "escalation": 0.134,
        "complaint_escalation": 0.113,
        "conversion": 0.174,
        "response_rate": 0.497,
        "brand_preferred": 0.596,
    }
    assert "# escalation: 20.0%, 95 % interval 13.3% to 28.9%, n=100 tickets created\n# the target now: none\n" in text
    assert "# complaint_escalation: 20.0%, 95 % interval 11.2% to 33.0%, n=50 complaints\n" in text
    assert "# ces: not enough answers (n=0)" in text


def test_a_target_that_is_a_most_only_comes_down(tmp_path: Path) -> None:
    text = suggested(floor(), tmp_path, "[kpis.escalation]\ntarget = 0.12\n[kpis.complaint_escalation]\ntarget = 0.5\n")
    assert "n=100 tickets created\n# the target stays at 0.12\n" in text
    assert "# the target now: 0.5\n# for [kpis.complaint_escalation] of your file, in place of the same keys:\n" in text
    assert "\n#: target = 0.113\n" in text
    assert not {"escalation", "complaint_escalation"} & tomllib.loads(text)["kpis"].keys()


@pytest.mark.parametrize("log", [floor(29), []], ids=["29", "none"])
def test_with_too_few_there_is_a_comment_and_no_line(log: list[Happening], tmp_path: Path) -> None:
    text = suggested([*log, created(START, "T000")], tmp_path)
    n = max(1, len({event["subject"] for event in log}))
    assert f"# escalation: not enough tickets created (n={n})" in text
    assert f"# conversion: not enough tickets created (n={n})" in text
    assert f"# response_rate: not enough surveys sent (n={29 if log else 0})" in text
    assert tomllib.loads(text) == {}


def test_a_queue_with_enough_answers_has_a_line_of_its_own_and_the_others_are_named(tmp_path: Path) -> None:
    odd = 'a "b".\x7f'
    # 16 of 32 of each of the first two queues are satisfied: at most 0.6635; 80 of 160 of all: at most 0.5766
    log = floor(400, ("billing", odd, "sales", "sales", "sales"))
    log = [event for event in log if event["data"].get("survey") != "csat"]
    for number, queue in enumerate(["billing"] * 32 + [odd] * 32 + ["returns"] * 29 + ["sales"] * 67):
        at, score = START + number * HOUR, 4 if number % 2 else 3
        log.append(happening("survey.answered", at, f"C{number}", survey="csat", score=score, queue=queue))
    text = suggested(log, tmp_path)
    own = tomllib.loads(text)["kpis"]["csat"]
    assert own["target"] == 0.576
    assert own["queues"]["billing"] == own["queues"][odd] == {"target": 0.663}
    assert "# billing: 50.0%, 95 % interval 33.6% to 66.4%, n=32\n[kpis.csat.queues.billing]\n" in text
    assert "# not enough answers for a target of their own: returns (n=29)" in text
    assert "returns" not in own["queues"]
    assert judged(tomllib.loads(text), "suggested", {}).kpis["csat"].queues[odd].target == 0.663


def test_a_queue_that_cannot_reach_the_step_of_all_keeps_its_target(tmp_path: Path) -> None:
    # billing 8 of 40: at most 0.3476; sales 32 of 40: at most 0.89500; all 40 of 80: at most 0.60703
    log = [created(START, "T0")]
    for number in range(80):
        is_good = number % 5 == 0 if number < 40 else number % 5 != 0
        queue = "billing" if number < 40 else "sales"
        at, score = START + number * HOUR, 5 if is_good else 1
        log.append(happening("survey.answered", at, f"C{number}", survey="csat", score=score, queue=queue))
    text = suggested(log, tmp_path, '[kpis.csat]\ntarget = 0.5\nwindow = "7d"\n')
    assert "\n#: target = 0.607\n#: queues = { billing = { target = 0.5 }, sales = { target = 0.895 } }\n" in text


def test_a_queue_with_a_target_of_its_own_moves_by_itself_and_keeps_its_other_keys(tmp_path: Path) -> None:
    own = '[kpis.csat]\nqueues = { billing = { target = 0.5, window = "24h" } }\n'
    text = suggested(floor(), tmp_path, own)  # all are of billing, so both step to the same
    assert '\n#: target = 0.648\n#: queues = { billing = { target = 0.648, window = "24h" } }\n' in text
    stays = suggested(floor(), tmp_path, own.replace("0.5", "0.9"))
    assert "\n#: target = 0.648\n" in stays
    assert "#: queues" not in stays


def test_a_queue_that_the_file_would_not_take_is_not_named(tmp_path: Path) -> None:
    known = '[labels]\nqueues = ["sales"]\n[[sla]]\nname = "a"\nfirst_response = "1s"\nmatch = { queue = ["vip"] }\n'
    text = suggested(floor(400, ("vip", "sales")), tmp_path, known)
    assert "[kpis.csat]" in text
    assert "vip" not in tomllib.loads(text)["kpis"]["csat"].get("queues", {})
    load_configuration(written(tmp_path, text + known), {})


def test_the_text_stands_on_top_of_any_file_and_below_one_without_sla(tmp_path: Path) -> None:
    for given, places in (
        ("[kpis.csat]\ntarget = 0.1\n[kpis]\nnps = { target = 1 }\n", ("{new}{old}", "{old}{new}")),
        ('[[sla]]\nname = "a"\nfirst_response = "1h"\n', ("{new}{old}",)),
    ):
        text = suggested(floor(), tmp_path, given)
        for place in places:
            found = load_configuration(written(tmp_path, place.format(new=text, old=given)), {})
            assert found.kpis["escalation"].target == 0.134
            assert found.sla[0].first_response == MINUTE


def written(folder: Path, text: str) -> Path:
    file = folder / "with.toml"
    file.write_text(text, encoding="utf-8")
    return file
