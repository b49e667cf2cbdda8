"""What stands in a PromQL expression: its selectors, each with all that stands around it, innermost first."""

from __future__ import annotations

from typing import NamedTuple

import promql_parser as promql


class Selector(NamedTuple):
    """One selector; ``around``: the nodes that it stands in, from the nearest to the whole.

    ``is_pattern``: its name is a regular expression that names of series match.
    """

    name: str
    matchers: dict[str, tuple[str, str]]  # label -> operator and value
    around: tuple[promql.Expr, ...]
    is_pattern: bool = False

    @property
    def functions(self) -> list[str]:
        """The names of the functions around it."""
        return [node.func.name for node in self.around if isinstance(node, promql.Call)]

    @property
    def aggregates(self) -> list[promql.AggregateExpr]:
        return [node for node in self.around if isinstance(node, promql.AggregateExpr)]


def selectors(text: str) -> list[Selector]:
    """All of an expression, in its order.

    Raises:
        ValueError: it is no expression.
    """
    found: list[Selector] = []
    around: list[promql.Expr] = []

    def enter(node: promql.Expr) -> bool:
        if isinstance(node, promql.VectorSelector):
            found.append(_selector(node, tuple(reversed(around))))
        around.append(node)
        return True

    def leave(_: promql.Expr) -> bool:
        around.pop()
        return True

    promql.walk(promql.parse(text), enter, leave)
    return found


def _selector(node: promql.VectorSelector, around: tuple[promql.Expr, ...]) -> Selector:
    matchers = {one.name: (_OPERATORS[str(one.op)], one.value) for one in node.matchers.matchers}
    operator, name = matchers.pop("__name__", ("=", node.name or ""))
    return Selector(name, matchers, around, is_pattern=operator == "=~")


_OPERATORS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}


def grouping(text: str) -> set[str]:
    """Every label that an expression groups, matches or joins by."""
    found: set[str] = set()

    def enter(node: promql.Expr) -> bool:
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            found.update(node.modifier.labels)
        if isinstance(node, promql.BinaryExpr) and node.modifier is not None:
            found.update(node.modifier.group_labels or ())
            if node.modifier.matching is not None:
                found.update(node.modifier.matching.labels)
        return True

    promql.walk(promql.parse(text), enter)
    return found


def made_labels(text: str) -> set[str]:
    """Labels that an expression makes itself, by `label_replace`, `label_join` or `count_values`."""
    found: set[str] = set()

    def enter(node: promql.Expr) -> bool:
        if isinstance(node, promql.Call) and node.func.name in {"label_replace", "label_join"}:
            found.add(node.args[1].val)
        if isinstance(node, promql.AggregateExpr) and str(node.op) == "count_values":
            found.add(node.param.val if node.param is not None else "")
        return True

    promql.walk(promql.parse(text), enter)
    return found
