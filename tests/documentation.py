"""The pages for people as a test reads them: blocks of code, commands within them, headings and links.

Every page of ``PAGES`` is held by tests/unit/test_documentation.py and, where it has commands or queries,
tests/services/test_documentation.py; how its commands are run stands in tests/documented_commands.py.
"""

from __future__ import annotations

import re
import shlex
import textwrap
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PAGES = (
    *("README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"),
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
)
#: Languages in which a line is a command; in a console only what stands after the prompt.
SHELLS, CONSOLE = ("sh", "bash", "shell"), "console"
PROMPT = "$ "
OPENING, CLOSING = ("for", "while", "until", "if"), ("done", "fi")

_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_FILE = re.compile(r"# (?P<name>[\w./-]+\.\w+)\n")
_COMMENT = re.compile(r"""(?P<kept>(?:[^\s"'#]|\s(?!\s*\#)|"[^"]*"|'[^']*'|(?<=\S)\#)*)(?P<left_out>.*)""", re.DOTALL)
_BEGINS, _IS_SET = re.compile(r"[|&;(]+|do|then|else|while|until|if"), re.compile(r"\w+=.*", re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?)\s*$", re.MULTILINE)
_LINK = re.compile(r"(?<!\\)\]\((?P<target>[^()\s]+)\)")
_CODE_SPAN = re.compile(r"`([^`\n]+)`")


class Block(NamedTuple):
    """One fenced block, without its indentation; `line` is that of its fence."""

    page: str
    line: int
    language: str
    text: str

    @property
    def file(self) -> str | None:
        """The file that it is, where its first line is a comment with nothing but a name: `# deskpulse.toml`.

        What is to be changed in a file (`diff`) is none.
        """
        found = None if self.language == "diff" else _FILE.match(self.text)
        return found["name"] if found else None


class Command(NamedTuple):
    """One command of a page, without its comment."""

    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: `{self.text}`"


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, *languages: str) -> list[Block]:
    """The page's blocks of these languages, of any if none is given."""
    text = text_of(page)
    return [
        Block(page, text.count("\n", 0, found.start()) + 1, found["language"], textwrap.dedent(found["text"]))
        for found in _BLOCK.finditer(text)
        if not languages or found["language"] in languages
    ]


def commands(page: str) -> list[Command]:
    """What the page tells its reader to type, in its order; a line that ends in a backslash goes on in the next."""
    return [command for block in blocks(page, *SHELLS, CONSOLE) for command in _commands_of(block)]


def _commands_of(block: Block) -> Iterator[Command]:
    begun: list[str] = []
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if block.language == CONSOLE and not begun and not line.startswith(PROMPT):
            continue
        begun.append(without_comment(line if begun else line.removeprefix(PROMPT)))
        text = _joined(begun)
        if text.endswith("\\") or _is_within(text):
            continue
        begun = []
        if text:
            yield Command(block.page, number, text)


def _joined(lines: list[str]) -> str:
    """Lines as one command; those that a backslash continues are one line."""
    return re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).strip()


def _is_within(text: str) -> bool:
    """Whether a loop or a condition is not over."""
    words = re.findall(r"(?:^|[;\n])\s*(\w+)", text)
    return sum(word in OPENING for word in words) > sum(word in CLOSING for word in words)


def without_comment(line: str) -> str:
    """A command without what stands behind a ``#`` that begins a word outside of quotes, which end in their line."""
    found = _COMMENT.fullmatch(f" {line}")
    assert found is not None
    assert found["left_out"][:1] not in ("'", '"'), f"a quote that does not end: {line}"
    return found["kept"].strip()


def programs_of(text: str) -> set[str]:
    """The first word of each part of a pipe, a list or a loop; a variable that is set before it is passed over."""
    words = shlex.shlex(text.replace("\n", " ; "), posix=True, punctuation_chars="|&;()<>")
    words.whitespace_split = True
    found, is_first = set(), True
    for word in words:
        if _BEGINS.fullmatch(word):
            is_first = True
        elif not (is_first and _IS_SET.fullmatch(word)):
            if is_first and word not in (*OPENING, *CLOSING):
                found.add(word)
            is_first = False
    return found


def prose(page: str) -> str:
    """The page without its blocks."""
    return _BLOCK.sub("", text_of(page))


def code_spans(page: str) -> list[str]:
    """What stands between backticks in a sentence."""
    return _CODE_SPAN.findall(prose(page))


def links(page: str) -> list[str]:
    """Where the page points to, pictures included; what stands between backticks is no link."""
    return [found["target"] for found in _LINK.finditer(_CODE_SPAN.sub("", prose(page)))]


def anchors(page: str) -> set[str]:
    """What can stand behind ``#``: headings as GitHub names them, the second of a name with -1 and so on."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in _HEADING.findall(prose(page)):
        name = re.sub(r"[^\w\- ]", "", _shown(heading).lower()).replace(" ", "-")
        found.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    return found


def _shown(heading: str) -> str:
    """A heading as it is read: a link in it is its text."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
