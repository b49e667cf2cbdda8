"""Suggested targets of random floors: baselines are the oracle's, steps its bounds, and files with them are sound."""

import json
import math
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from deskpulse.__main__ import main
from deskpulse.configuration.loading import judged
from tests.happenings import Happening, happening
from tests.logs import QUEUES, random_log, shuffled, to_json_line
from tests.oracle.configuration import configuration_of
from tests.oracle.durations import wilson
from tests.oracle.instants import DAY, MINUTE, instant
from tests.oracle.snapshot import snapshot as expected_snapshot
from tests.oracle.windows import Window

LEAST = 30
#: Of each KPI: decimals, end of the scale, by queue, and where value, sample and bounds stand.
SHARE = (3, 1, False)
KPIS: dict[str, tuple[tuple[int, float, bool], tuple[str, ...]]] = {
    "csat": ((3, 1, True), ("csat", "satisfied_ratio", "responses")),
    "nps": ((1, 100, True), ("nps", "score", "responses")),
    "ces": ((2, 7, True), ("ces", "mean", "responses")),
    "first_response_in_sla": ((3, 1, True), ("first_response", "in_sla_ratio", "")),
    "resolution_in_sla": ((3, 1, True), ("resolution", "in_sla_ratio", "")),
    "escalation": (SHARE, ("escalation", "ratio", "created")),
    "complaint_escalation": (SHARE, ("complaint_escalation", "ratio", "created")),
    "conversion": (SHARE, ("conversion", "ratio", "created")),
    "response_rate": (SHARE, ("response_rate.csat", "ratio", "sent")),
    "brand_preferred": (SHARE, ("brand.preferred", "agree_ratio", "responses")),
}
INSTRUMENTS: tuple[tuple[str, tuple[int, int], dict[str, str]], ...] = (
    ("csat", (1, 5), {}),
    ("nps", (0, 10), {}),
    ("ces", (1, 7), {}),
    ("brand", (0, 1), {"item": "preferred"}),
)
LEAST_OF = {"nps": -100, "ces": 1}
LOWER = {"escalation", "complaint_escalation"}
BY_QUEUE = [name for name, (scale, _) in KPIS.items() if scale[2]]


class Between(Window):
    """What happened in [start, end)."""

    def holds(self, at: int | None) -> bool:
        return at is not None and self.since <= at < self.until

    @property
    def since(self) -> int:
        return int(self.name.split()[0])

    @property
    def until(self) -> int:
        return int(self.name.split()[1])


def baseline(kpi: str, window: dict[str, Any]) -> tuple[int, float, float, float] | None:
    """Sample, value and bounds in one of the oracle's windows; None with too few."""
    (place, value, sample), found = KPIS[kpi][1], window
    for key in place.split("."):
        found = found.get(key) or {}
    if not sample:
        n = found["met"] + found["breached"]
        return (n, found["met"] / n, *wilson(found["met"], n)) if n >= LEAST else None
    n = found.get(sample, 0)
    return (n, found[value], found["lower95"], found["upper95"]) if n >= LEAST else None


def better(kpi: str, found: tuple[int, float, float, float], present: float | None) -> float | None:
    """The target after the step, which is the present one where that is as good."""
    (digits, most, _), (_, value, low, high) = KPIS[kpi][0], found
    if value == (1 if kpi in LOWER else LEAST_OF.get(kpi, 0)):
        return present
    if kpi in LOWER:
        step = math.ceil(round(low * 10**digits, 6)) / 10**digits
        return step if step > 0 and (present is None or step < present) else present
    step = math.floor(round(high * 10**digits, 6)) / 10**digits
    return step if step < most and (present is None or step > present) else present


def presents(draw: Any) -> dict[str, Any]:
    """Tables of some KPIs, with a target or without, some with targets of queues."""
    made: dict[str, Any] = {}
    for kpi in draw(st.lists(st.sampled_from(sorted(KPIS)), unique=True, max_size=6)):
        low, high = {"nps": (-100, 100), "ces": (1, 7)}.get(kpi, (0, 1))
        table: dict[str, Any] = {"minimum_answers": 12}
        if draw(st.booleans()):
            table["target"] = round(draw(st.floats(low, high)), 3)
        if kpi in BY_QUEUE and draw(st.booleans()):
            table["queues"] = {
                queue: draw(st.sampled_from(({"target": round((low + high) / 2, 1)}, {"window": "24h"})))
                for queue in draw(st.lists(st.sampled_from(QUEUES), unique=True, max_size=3))
            }
        made[kpi] = table
    return made


def answers(seed: int, now: int) -> list[Happening]:
    """More answers than tickets make: in some queues enough, in others not."""
    dice = random.Random(seed)
    found = []
    for number in range(dice.choice((0, 200, 400))):
        survey, scale, more = dice.choice(INSTRUMENTS)
        queue = dice.choice(("billing", "billing", "returns", "tech", "пошта"))
        at, score = now - dice.randrange(1, 50 * DAY), dice.randint(*scale)
        told: dict[str, Any] = {"survey": survey, "scale": list(scale), "score": score, "queue": queue, **more}
        found.append(happening("survey.answered", at, f"C{number}", name=f"more-{number}", **told))
    return found


def as_toml(document: dict[str, Any]) -> str:
    def told(value: Any) -> str:
        if isinstance(value, dict):
            return "{ " + ", ".join(f"{json.dumps(key)} = {told(inner)}" for key, inner in value.items()) + " }"
        return f"[{', '.join(map(told, value))}]" if isinstance(value, list) else json.dumps(value)

    text = "".join(
        f"[kpis.{name}]\n" + "".join(f"{key} = {told(value)}\n" for key, value in table.items())
        for name, table in document["kpis"].items()
    )
    for policy in document.get("sla", ()):
        text += "[[sla]]\n" + "".join(f"{key} = {told(value)}\n" for key, value in policy.items())
    if "labels" in document:
        text = f"[labels]\nqueues = {told(document['labels']['queues'])}\n" + text
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("suggestions")


@settings(max_examples=25)
@given(data=st.data(), seed=st.integers(0, 10_000))
def test_each_target_is_the_oracles_bound_and_the_file_with_it_is_sound(
    data: st.DataObject, seed: int, folder: Path
) -> None:
    document: dict[str, Any] = {"kpis": presents(data.draw)}
    if data.draw(st.booleans()):
        # targets that are as short as can be do not move, so that shares of clocks in them do
        document["sla"] = [{"name": "a", "first_response": "1s", "resolution": "1s"}]
    if data.draw(st.booleans()):
        document["labels"] = {"queues": list(QUEUES)}
    log = random_log(seed, data.draw(st.sampled_from((900, 500, 60))))
    now = max(instant(event["time"]) for event in log)
    log += answers(seed, now)
    end, over = now // MINUTE * MINUTE + MINUTE, data.draw(st.sampled_from((28, 60)))
    file = folder / "floor.toml"
    file.write_text(as_toml(document), encoding="utf-8")
    words = ["targets", "suggest", "-", "--over", f"{over}d", "--config", str(file)]
    done = CliRunner().invoke(main, words, input=b"".join(map(to_json_line, shuffled(log, seed))))
    assert done.exit_code == 0, done.output
    text = done.stdout

    window = Between(f"{end - over * DAY} {end}", 0, 0)
    expected = expected_snapshot(log, now, configuration_of(document), [window])
    of_all = expected["all"]["windows"][window.name]
    of_queues = {name: scope["windows"][window.name] for name, scope in expected["queues"].items()}
    merged = with_lines(document, text)
    moved = moves(text)
    for kpi in KPIS:
        check(kpi, document["kpis"].get(kpi, {}), merged["kpis"].get(kpi, {}), of_all, of_queues, moved, text)
    judged(tomllib.loads(text + file.read_text(encoding="utf-8")), "on top", {})
    judged(merged, "merged", {})


def check(
    kpi: str,
    before: dict[str, Any],
    after: dict[str, Any],
    of_all: dict[str, Any],
    of_queues: dict[str, dict[str, Any]],
    moved: set[str],
    text: str,
) -> None:
    found = baseline(kpi, of_all)
    if found is None:
        assert f"\n# {kpi}: not enough " in text
        assert after == before
        return
    assert f", n={found[0]:,} " in text.partition(f"\n# {kpi}: ")[2].partition("\n")[0]
    if kpi.removesuffix("_in_sla") in moved:
        assert after == before
        return
    present = before.get("target")
    target = better(kpi, found, present)
    assert after.get("target") == target
    assert {**after, "target": 0, "queues": 0} == {**before, "target": 0, "queues": 0} or not before
    for queue in {*of_queues, *before.get("queues", {})} if kpi in BY_QUEUE else ():
        own = before.get("queues", {}).get(queue, {})
        wanted = own.get("target", target)
        of_queue = baseline(kpi, of_queues[queue]) if queue in of_queues else None
        if of_queue is not None:
            reached = better(kpi, of_queue, own.get("target", present))
            wanted = wanted if reached is None else reached
        now = after.get("queues", {}).get(queue, {})
        assert now.get("target", after.get("target")) == wanted, (kpi, queue)
        assert {**now, "target": 0} == {**own, "target": 0} or not own
    if kpi not in BY_QUEUE:
        assert "queues" not in after


def moves(text: str) -> set[str]:
    """The clocks of which some policy's target is another one then."""
    return {sla for sla in ("first_response", "resolution") if f"#   {sla}, " in text and is_moved(text, sla)}


def is_moved(text: str, sla: str) -> bool:
    parts = text.split(f"#   {sla}, ")[1:]
    return any(" now, " in part.split("#     target ")[1].partition("\n")[0] for part in parts)


def with_lines(document: dict[str, Any], text: str) -> dict[str, Any]:
    """The document with what is live in the text, and with what its comments would put in place."""
    found = tomllib.loads(text)
    merged = {**document, "kpis": dict(document["kpis"])}
    if "sla" in found:
        merged["sla"] = found["sla"] + document.get("sla", [])
    assert not found.get("kpis", {}).keys() & document["kpis"].keys()
    merged["kpis"] |= found.get("kpis", {})
    name = ""
    for line in text.splitlines():
        if line.startswith("# for [kpis."):
            name = line.partition("kpis.")[2].partition("]")[0]
        if line.startswith("#: "):
            merged["kpis"][name] = {**merged["kpis"][name], **tomllib.loads(line[3:])}
    return merged
