"""How Grafana reads a value of a provisioning file: what it replaces, and what it leaves.

Written from what its documentation and its loader say: text is taken apart at each `$$`, which stays a dollar; in each
part `$__env{NAME}`, `${NAME}` and `$__file{PATH}` are replaced, and then, in what has become of it, `$NAME` and
`${NAME}` once more. So a dollar within what was inserted by the first step is not safe.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_FIRST = re.compile(r"\$(|__env|__file)\{([^}]+)\}")
_THEN = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def expanded(text: str, environment: Mapping[str, str], content: Mapping[str, str] | None = None) -> str:
    """What Grafana makes of ``text``; ``content``: of the files that it can read, by path."""

    def first(found: re.Match[str]) -> str:
        if found[1] == "__file":
            return (content or {})[found[2]].strip()
        return environment.get(found[2], "")

    def then(found: re.Match[str]) -> str:
        return environment.get(found[1] or found[2], "")

    return "$".join(_THEN.sub(then, _FIRST.sub(first, part)) for part in text.split("$$"))
