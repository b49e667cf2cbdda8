"""The pages for people are right: links lead somewhere, fragments are valid, and every command is run by some test."""

import ast
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from deskpulse.__main__ import main
from deskpulse.configuration.loading import ConfigurationError, judged
from intake.imports.maps import load_map
from stream.events import Refusal, decode
from tests import documentation
from tests.documentation import PAGES, ROOT, Block, Command, blocks, commands, programs_of, without_comment
from tests.documented_commands import (
    ANYTHING,
    ELSEWHERE,
    PAGES_ELSEWHERE,
    PROGRAMS,
    SAYS,
    SERVERS,
    elsewhere,
    is_server,
)

ALL_COMMANDS = [command for page in PAGES for command in commands(page)]
#: What a fragment of a configuration may name without showing it.
AROUND_A_FRAGMENT: dict[str, Any] = tomllib.loads("""
[labels]
queues = ["billing", "returns", "sales"]
priorities = ["urgent", "high", "normal", "low"]
[calendars.office]
versions = [{ time_zone = "Europe/Istanbul", week = { mon = ["09:00-18:00"] } }]
[[receivers]]
name = "pager"
kind = "webhook"
url = "http://127.0.0.1:8000/pager"
""")
#: What a page about an import may leave out of an event that it shows.
LEFT_OUT_OF_EVENTS = {"specversion": "1.0", "source": "desk/example"}

of_every_page = pytest.mark.parametrize("page", PAGES)


def all_blocks(*languages: str) -> list[Block]:
    return [block for page in PAGES for block in blocks(page, *languages)]


def named(block: Block) -> str:
    return f"{block.page}:{block.line}"


# ------------------------------------------------------------------------------------------------------- links


@of_every_page
def test_every_link_leads_to_a_file_and_to_a_heading_of_it(page: str) -> None:
    assert list(broken_links(page)) == []


def broken_links(page: str) -> Iterator[str]:
    for target in documentation.links(page):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        if not file.exists():
            yield f"{target}: there is no such file"
        elif anchor and anchor not in documentation.anchors(str(file.resolve().relative_to(ROOT))):
            yield f"{target}: there is no such heading"


def test_a_broken_link_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "# A `b`, c!\n## A b c\n[1](#a-b-c) [2](#a-b-c-1) [3](#a-b-c-2) [4](absent.md) [5](docs/sla.md#absent)"
    monkeypatch.setattr(documentation, "text_of", lambda page: text)
    assert [told.partition(":")[0] for told in broken_links("README.md")] == [
        "#a-b-c-2",
        "absent.md",
        "docs/sla.md#absent",
    ]


# --------------------------------------------------------------------------------------------------- fragments


@pytest.mark.parametrize("block", all_blocks("toml"), ids=named)
def test_a_fragment_of_toml_is_a_good_configuration_or_a_good_map(block: Block, tmp_path: Path) -> None:
    document = tomllib.loads(block.text)
    if "ticket" in document:
        (tmp_path / "map.toml").write_text(block.text, encoding="utf-8")
        load_map(tmp_path / "map.toml")
    else:
        judged(AROUND_A_FRAGMENT | document, named(block), {})


def test_a_wrong_fragment_would_be_found() -> None:
    with pytest.raises(ConfigurationError, match="silent_after"):
        judged(AROUND_A_FRAGMENT | tomllib.loads('[[feeds]]\nsource = "a"\nsilent_after = "soon"\n'), "page", {})


@pytest.mark.parametrize("block", all_blocks("json"), ids=named)
def test_a_fragment_of_json_is_one_and_an_event_in_it_is_one(block: Block) -> None:
    for one in documents_of(block.text):
        if isinstance(one, dict) and str(one.get("type")).startswith("support."):
            decoded = decode(json.dumps(LEFT_OUT_OF_EVENTS | one).encode())
            assert not isinstance(decoded, Refusal), decoded


def documents_of(text: str) -> list[Any]:
    """A document, a part of one that begins with a key, or a document a line."""
    if text.startswith('"'):
        return [json.loads(f"{{{text}}}")]
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("block", all_blocks("yaml"), ids=named)
def test_a_fragment_of_yaml_is_one(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.text), (dict, list))


@pytest.mark.parametrize("block", all_blocks("python"), ids=named)
def test_a_fragment_of_python_is_a_file_that_a_command_of_its_page_runs(block: Block) -> None:
    ast.parse(block.text)
    assert block.file is not None, "its first line is to be `# NAME.py`"
    assert any(block.file in command.text.split() for command in commands(block.page))


# ---------------------------------------------------------------------------------------------------- commands


@pytest.mark.parametrize("command", ALL_COMMANDS, ids=str)
def test_every_command_is_run_with_its_page_or_named_with_the_test_that_runs_it(command: Command) -> None:
    if elsewhere(command.page, command.text) is not None:
        return
    unknown = programs_of(command.text) - PROGRAMS
    assert not unknown, f"{command} is run by no test: put it into tests/documented_commands.py"


def test_no_entry_is_of_a_command_or_page_that_is_not_there() -> None:
    texts = {command.text for command in ALL_COMMANDS}
    stale = [key for key in ELSEWHERE if not any(text.startswith(key.removesuffix(ANYTHING)) for text in texts)]
    on_pages = {(page, command.text) for command in ALL_COMMANDS for page in ("", command.page)}
    assert [*stale, *(SAYS.keys() - on_pages), *(PAGES_ELSEWHERE.keys() - {page for page, _ in on_pages})] == []
    assert [words for words in SERVERS if not any(is_server(text) == words for text in texts)] == []


@pytest.mark.parametrize("key", [*ELSEWHERE, *PAGES_ELSEWHERE])
def test_the_test_that_is_said_to_run_a_command_is_there(key: str) -> None:
    entry = (ELSEWHERE | PAGES_ELSEWHERE)[key]
    path, _, name = entry.test.partition("::")
    assert (ROOT / path).exists(), path
    content = (ROOT / path).read_text(encoding="utf-8")
    for part in filter(None, name.split("::")):
        assert re.search(rf"^ *(async )?(def|class) {part}\b", content, re.MULTILINE), part
    assert entry.reason
    assert key not in PAGES_ELSEWHERE or key.rpartition("/")[2] in content, "it does not read the page"


@of_every_page
def test_no_command_stands_in_a_block_in_which_nobody_would_run_it(page: str) -> None:
    other = [block for block in blocks(page) if block.language not in (*documentation.SHELLS, documentation.CONSOLE)]
    lines = [
        line for block in other for line in block.text.splitlines() if re.match(r"(\$ |deskpulse [a-z-]+ -)", line)
    ]
    assert lines == []


@of_every_page
def test_a_command_within_a_sentence_has_only_options_that_there_are(page: str) -> None:
    spans = [span for span in documentation.code_spans(page) if re.match(r"deskpulse [a-z]", span)]
    assert [told for span in spans for told in unknown_words(span)] == []


def unknown_words(span: str) -> Iterator[str]:
    words = re.sub(r"[|…\[\]]", " ", span).split()[1:]
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        known = command.get_command(click.Context(command), words[0])
        if known is None:
            yield f"{span}: there is no command {words[0]!r}"
            return
        command, words = known, words[1:]
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word.startswith("--") and word.partition("=")[0] not in {*options, "--help"}:
            yield f"{span}: there is no option {word}"


def test_an_unknown_option_or_command_would_be_found() -> None:
    assert len(list(unknown_words("deskpulse worker --konfig a"))) == 1
    assert len(list(unknown_words("deskpulse board-games"))) == 1
    assert not list(unknown_words("deskpulse topics create --broker URL"))


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("make demo     # live within a minute", "make demo"),
        ("curl 'http://a/#b' -o \"c # d\" # e", "curl 'http://a/#b' -o \"c # d\""),
        ("# nothing", ""),
        ("printf '%s\\n' a#b | cat", "printf '%s\\n' a#b | cat"),
    ],
)
def test_a_command_is_what_stands_before_its_comment(line: str, text: str) -> None:
    assert without_comment(line) == text


def test_a_quote_that_does_not_end_in_its_line_is_told() -> None:
    with pytest.raises(AssertionError, match="does not end"):
        without_comment("curl --data '{")


def test_a_command_of_many_lines_is_one_and_its_programs_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = "for a in b c; do  # each\n  A=1 curl $a |\n    jq .\ndone\n"
    text = f"```sh\n{loop}\ncat a \\\n  b\n```\n```console\n$ cut c\nsaid\n```\n"
    monkeypatch.setattr(documentation, "text_of", lambda page: text)
    first, cat, cut = commands("page")
    assert first.text == "for a in b c; do\nA=1 curl $a |\njq .\ndone"
    assert programs_of(first.text) == {"curl", "jq"}
    assert (cat.line, cat.text, cut.text) == (8, "cat a b", "cut c")


@pytest.mark.parametrize("text", sorted({one.text for one in ALL_COMMANDS if one.text.startswith("make ")}))
def test_what_is_made_has_its_target_and_its_modules(text: str) -> None:
    planned = subprocess.run([*text.split(), "--dry-run"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert planned.returncode == 0, planned.stderr
    modules = {name for name in re.findall(r"python -m (\S+)", planned.stdout) if name != "pip"}
    assert [name for name in modules if find_spec(name) is None] == []
