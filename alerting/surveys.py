"""What customers answer: CSAT and NPS under their targets, by the upper bound of the interval, never by the point."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from alerting.promql import any_of, believed, decimal, promql, quoted
from alerting.rules import TICKET, Alert, Concern, Omission, Recording, Rule
from alerting.settings import Settings, SurveyTarget
from alerting.windows import survey_window

RESPONSES: Final = "queue_window:support_survey_responses:believed"

_BOUND: Final = {"csat": "support_csat_satisfied_ratio_upper95", "nps": "support_nps_upper95"}
_ALERT: Final = {"csat": "SupportCSATBelowTarget", "nps": "SupportNPSBelowTarget"}
_SHOWN: Final = {"csat": "satisfied share", "nps": "Net Promoter Score"}
_FORMAT: Final = {"csat": "{{ $value | humanizePercentage }}", "nps": "{{ $value | printf `%.1f` }}"}
_LOOK: Final = {
    "csat": ("support_csat_satisfied_ratio", "support_csat_satisfied_ratio_lower95"),
    "nps": ("support_nps_score", "support_nps_lower95"),
}


def concern(settings: Settings) -> Concern:
    """The file ``surveys.yml``."""
    usual = survey_window(settings.windows)
    targets: dict[str, list[tuple[SurveyTarget, str]]] = {survey: [] for survey in _ALERT}
    for target in settings.surveys:
        window = target.window or (usual.name if usual is not None else None)
        if window is not None:
            targets[target.survey].append((target, window))
    judged = {survey: found for survey, found in targets.items() if found}
    notes: tuple[str, ...] = ()
    if usual is not None and usual.name != "7d" and any(target.window is None for target in settings.surveys):
        notes = (f"Targets without a `window` are judged over {usual.name}: nearest to 7d of `windows.rolling`.",)
    return Concern(
        name="surveys",
        title="What customers say",
        recordings=tuple(_recordings(judged, settings.interval)) if judged else (),
        alerts=tuple(_alert(survey, found) for survey, found in judged.items()),
        omissions=tuple(Omission(_ALERT[survey], _why(survey, settings)) for survey in _ALERT if survey not in judged),
        notes=notes,
    )


def _why(survey: str, settings: Settings) -> str:
    if any(target.survey == survey for target in settings.surveys):
        return "it needs a window of 1d to 31d in `windows.rolling`, or one of its own"
    return f"`[kpis.{survey}]` has no `target`"


def _record(survey: str) -> str:
    return f"queue_window:{_BOUND[survey]}:believed"


def _recordings(judged: dict[str, list[tuple[SurveyTarget, str]]], interval: int) -> Iterable[Recording]:
    for survey, found in judged.items():
        windows = any_of(sorted({window for _, window in found}))
        record, series = _record(survey), f"{_BOUND[survey]}{{window=~{windows}}}"
        meaning = f"Upper bound of the {_SHOWN[survey]}, as last believed."
        yield Recording(record, believed(record, series, interval), meaning)
    matchers = f"survey=~{any_of(judged)},window=~{any_of(sorted({w for found in judged.values() for _, w in found}))}"
    series = f"support_survey_responses{{{matchers}}}"
    yield Recording(RESPONSES, believed(RESPONSES, series, interval), "Answers behind it, as last believed.")


def _alert(survey: str, found: list[tuple[SurveyTarget, str]]) -> Alert:
    own = [target.queue for target, _ in found if target.queue is not None]
    point, lower = _LOOK[survey]
    return Alert(
        name=_ALERT[survey],
        rules=tuple(_rule(survey, target, window, own) for target, window in found),
        means=f"The {_SHOWN[survey]} of a queue is under its target, and not by chance: the upper bound of its 95 % "
        "interval is, with at least `minimum_answers` answers.",
        look=(
            ("the number and its interval", point),
            ("", lower),
            ("", _BOUND[survey]),
            ("answers", f'support_survey_responses{{survey="{survey}"}}'),
        ),
        act="Nothing to do at night. Read the latest low answers with their comments, and compare with the first "
        "response and reopened tickets of the same queue.",
        wrong="Few customers answer, and those who do are not the average. A target above what the queue ever reached "
        "fires for ever: set it from your own baseline.",
    )


def _rule(survey: str, target: SurveyTarget, window: str, own: list[str]) -> Rule:
    queue = f"queue!~{any_of(own)}," if own else ""
    if target.queue is not None:
        queue = f"queue={quoted(target.queue)},"
    expr = promql(
        """\
max by (queue) ($bound{$queues$matcher} < $target)
and on (queue)
max by (queue) ($responses{$queues$survey,$matcher} >= $least)""",
        bound=_record(survey),
        queues=queue,
        matcher=f"window={quoted(window)}",
        survey=f"survey={quoted(survey)}",
        target=decimal(target.target),
        responses=RESPONSES,
        least=target.minimum_answers,
    )
    return Rule(
        expr=expr,
        lasting="15m",
        severity=TICKET,
        labels={"target": decimal(target.target), "window": window},
        summary=f"{{{{ $labels.queue }}}}: {survey.upper()} is under its target of {decimal(target.target)}",
        description=f"Over {window} the {_SHOWN[survey]} of queue {{{{ $labels.queue }}}} is at most {_FORMAT[survey]}"
        f" (upper bound, 95 % sure), under its target of {decimal(target.target)}, with at least"
        f" {target.minimum_answers} answers.",
    )
