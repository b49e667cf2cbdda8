"""A view as Prometheus reads it: text or OpenMetrics. The only module that imports prometheus_client.

Reads nothing but the immutable view, so ``render`` may run in any thread. Families are made afresh each time: what is
gone from the view is gone from the exposition. No sample has a timestamp, and there are no ``_created`` series.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from prometheus_client.exposition import choose_encoder

from metrics.series import Family, Histogram, families
from metrics.text_format import OPENMETRICS_END, in_openmetrics, in_text
from metrics.view import View, view

__all__ = ["View", "render", "render_families", "view"]  # the one door for who serves it


def render(view: View, accept: str | None = None, names: Collection[str] = ()) -> tuple[bytes, str]:
    """The exposition and its content type, chosen by the Accept header; with ``names`` only these samples."""
    return render_families(families(view), accept, names)


def render_families(
    found: Iterable[Family | Histogram], accept: str | None = None, names: Collection[str] = ()
) -> tuple[bytes, str]:
    """The same of other families; one without series is left out."""
    found = (family for family in found if family.rows)
    content_type = _content_type(accept or "")
    if content_type.startswith("application/openmetrics-text"):
        lines = [*in_openmetrics(found, names), OPENMETRICS_END]
    else:
        lines = [*in_text(found, names)]
    return "".join(lines).encode(), content_type


def _content_type(accept: str) -> str:
    try:
        _, content_type = choose_encoder(accept)
    except TypeError:  # a version that is no number
        _, content_type = choose_encoder("")
    for escaping in ("dots", "values"):  # our names need none; these two would change them all the same
        content_type = content_type.replace(f"escaping={escaping}", "escaping=underscores")
    return content_type
