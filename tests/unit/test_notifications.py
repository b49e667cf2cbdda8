"""Notifications of Alertmanager: read from a webhook, told once, as one line that steers no terminal."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from deskpulse.notifications import Alert, News, Notification, line, receiving


def alert(status: Any = "firing", queue: str = "billing", number: int = 3) -> Alert:
    return Alert(
        status=status,
        labels={"alertname": "SupportFirstResponseSLABreached", "queue": queue, "policy": "urgent"},
        annotations={"summary": f"{queue}: {number} past the first-response target now"},
        fingerprint=queue,
    )


def told(news: News, *alerts: Alert) -> list[str]:
    return list(news.lines(Notification(receiver="pager", status="firing", alerts=alerts)))


def test_a_firing_alert_says_what_and_to_whom() -> None:
    expected = "ALERT firing SupportFirstResponseSLABreached billing: 3 past the first-response target now → pager"
    assert line("pager", alert()) == expected


def test_a_resolved_alert_says_what_ended_and_no_number() -> None:
    assert line("pager", alert("resolved")) == "ALERT resolved SupportFirstResponseSLABreached billing urgent → pager"


def test_an_alert_without_anything_to_say_is_told_by_its_name() -> None:
    assert line("desk", Alert(status="firing", labels={"alertname": "Watchdog"})) == "ALERT firing Watchdog → desk"


def test_labels_cannot_steer_the_terminal_or_make_lines() -> None:
    assert line("pager", alert(queue="a\x1b[2J\nALERT")).count("\n") == 0
    assert "\x1b" not in line("pager", alert(queue="a\x1b[2J\nALERT"))


def test_only_what_changed_of_a_group_is_told() -> None:
    news = News()
    assert len(told(news, alert(), alert(queue="sales"))) == 2
    assert told(news, alert(), alert(queue="sales")) == []
    assert told(news, alert(number=4), alert(queue="sales")) == [line("pager", alert(number=4))]
    assert told(news, alert("resolved"), alert(queue="sales")) == [line("pager", alert("resolved"))]
    assert told(news, alert()) == [line("pager", alert())], "it fires again"


def test_the_end_of_what_was_never_told_to_fire_is_not_told() -> None:
    assert told(News(), alert("resolved")) == []


async def test_a_webhook_is_read_as_alertmanager_sends_it() -> None:
    body = {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": "firing",
        "receiver": "pager",
        "groupLabels": {"alertname": "A"},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://127.0.0.1:9093",
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "A"},
                "annotations": {},
                "startsAt": "2026-01-01T00:00:00Z",
                "endsAt": "0001-01-01T00:00:00Z",
                "generatorURL": "",
                "fingerprint": "f",
            }
        ],
    }
    seen: list[Notification] = []
    async with receiving(seen.append) as url, aiohttp.ClientSession() as http:
        async with http.post(f"{url}/pager", json=body) as answer:
            assert answer.status == 200
        async with http.post(f"{url}/pager", data=b"no JSON") as answer:
            assert answer.status == 400
    (notification,) = seen
    assert (notification.receiver, notification.alerts[0].starts_at) == ("pager", "2026-01-01T00:00:00Z")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"receiver": "x", "status": "on fire"}'])
async def test_anything_else_is_refused_and_told_to_nobody(body: bytes) -> None:
    seen: list[Notification] = []
    async with receiving(seen.append) as url, aiohttp.ClientSession() as http, http.post(url, data=body) as answer:
        assert answer.status == 400
    assert seen == []
