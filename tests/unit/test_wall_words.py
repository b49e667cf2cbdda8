"""Each language has every word, with the same blanks, and the page asks for no word that there is not."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wall.files import FILES, content_type
from wall.settings import LANGUAGES

WALL = Path(__file__).parents[2] / "wall"
CATALOGUES: dict[str, dict[str, Any]] = {
    path.stem: json.loads(path.read_text()) for path in sorted((WALL / "words").glob("*.json"))
}
SOURCES = {path.name: path.read_text() for path in (WALL / "static").glob("*.js")}
BLANK = re.compile(r"\{(\w+)\}")
SAID = re.compile(r'\b(?:say|has)\(\s*"([^"]+)"')
SAID_BY_PARTS = re.compile(r"\b(?:say|has)\(\s*`([^`$]*)\$\{")


def texts_of(entry: Any) -> list[str]:
    return list(entry.values()) if isinstance(entry, dict) else [entry]


def blanks(entry: Any) -> set[str]:
    return {name for text in texts_of(entry) for name in BLANK.findall(text)}


def test_there_is_a_catalogue_for_each_language_and_no_other() -> None:
    assert set(CATALOGUES) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_word_is_missing_or_empty(language: str) -> None:
    words = CATALOGUES[language]
    assert list(words) == list(CATALOGUES["en"])
    assert all(text.strip(" ") for entry in words.values() for text in texts_of(entry))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_text_has_the_blanks_of_the_english_one(language: str) -> None:
    for key, entry in CATALOGUES[language].items():
        assert isinstance(entry, dict) == isinstance(CATALOGUES["en"][key], dict), key
        assert blanks(entry) == blanks(CATALOGUES["en"][key]), key
        if isinstance(entry, dict):
            assert all("{n}" in text for text in entry.values()), key  # "{n} tickets": the number is always told


@pytest.mark.parametrize("language", ["fa", "he", "tr"])
def test_a_translation_is_one(language: str) -> None:
    same = {key for key, entry in CATALOGUES[language].items() if entry == CATALOGUES["en"][key]}
    assert same <= {"list.separator", "csat.label", "nps.label", "voice.n", "oldest.label"}


@pytest.mark.parametrize("language", ["fa", "he"])
def test_right_to_left_texts_hold_no_control_characters_of_their_own(language: str) -> None:
    # the page isolates what it puts into a blank; marks in the catalogue would fight with that
    text = json.dumps(CATALOGUES[language], ensure_ascii=False)
    assert re.findall("[\u200e\u200f\u202a-\u202e\u2066-\u2069]", text) == []


def test_every_word_that_a_page_says_is_there() -> None:
    said = {key for source in SOURCES.values() for key in SAID.findall(source)}
    assert len(said) > 40
    assert said <= set(CATALOGUES["en"])


def test_every_word_that_is_there_is_said_by_a_page() -> None:
    said = {key for source in SOURCES.values() for key in re.findall(r'["`]([a-z_]+(?:\.[a-z0-9_]+)+)["`]', source)}
    said |= {key for source in SOURCES.values() for key in SAID.findall(source)}
    beginnings = tuple(part for source in SOURCES.values() for part in SAID_BY_PARTS.findall(source) if part)
    unsaid = {key for key in CATALOGUES["en"] if key not in said and not key.startswith(beginnings)}
    assert {key for key in unsaid if not key.endswith((".label", ".step"))} == set()


def test_every_file_is_served_and_every_served_file_is_there() -> None:
    shipped = {str(path.relative_to(WALL)) for folder in ("static", "words") for path in (WALL / folder).iterdir()}
    assert set(FILES.values()) == shipped
    assert all(content_type(file) for file in FILES.values())


@pytest.mark.parametrize("page", [name for name in FILES.values() if name.endswith(".html")])
def test_a_page_asks_nothing_of_others_and_has_nothing_inline(page: str) -> None:
    html = (WALL / page).read_text()
    assert re.findall(r"https?://|//[a-z]", html) == []
    assert re.findall(r"\sstyle=|\son[a-z]+=|<style|<script(?![^>]*\ssrc=)", html) == []
    for address in re.findall(r'(?:src|href)="([^"]+)"', html):
        assert address in FILES


def test_sheets_know_no_left_and_right() -> None:
    physical = re.compile(
        r"(?:margin|padding|border|inset)-(?:left|right)|^\s*(?:left|right|width)\s*:|text-align:\s*(?:left|right)",
        re.MULTILINE,
    )
    for sheet in (WALL / "static").glob("*.css"):
        assert physical.findall(sheet.read_text()) == [], sheet.name
