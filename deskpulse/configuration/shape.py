"""Which keys a table of the configuration has, and which tables lie within it, read from the models."""

from __future__ import annotations

from inspect import isclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from deskpulse.configuration.values import Table


def keys_of(table: type[Table]) -> dict[str, FieldInfo]:
    """The keys of a table as the file spells them."""
    return {field.alias or name: field for name, field in table.model_fields.items()}


def bare(annotation: Any) -> Any:
    """An annotation without its ``Annotated`` and its ``| None``."""
    while True:
        origin = get_origin(annotation)
        if origin not in (Annotated, Union, UnionType):
            return annotation
        annotation = get_args(annotation)[0]


def item_of(annotation: Any) -> Any:
    """What the items of a list, or the values of a table with free keys, are; else None."""
    here = bare(annotation)
    places = {tuple: 0, dict: 1}
    origin = get_origin(here)
    return bare(get_args(here)[places[origin]]) if origin in places else None


def as_table(annotation: Any) -> type[Table] | None:
    """The table that an annotation names, if it names one."""
    here = bare(annotation)
    return here if isclass(here) and issubclass(here, Table) else None


def table_at(table: type[Table], path: tuple[str | int, ...]) -> type[Table] | None:
    """The table at ``path`` below ``table``; None where there is none."""
    here: Any = table
    for part in path:
        within = as_table(here)
        if within is None:
            here = item_of(here)
        else:
            field = keys_of(within).get(str(part))
            here = None if field is None else field.annotation
    return as_table(here)
