"""What is looked at in a wall's page: what hangs over or is cut, sizes, directions, and what axe-core says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: Everything that is cut, hangs out of its box or lies over its neighbour; empty where all fits.
MISFITS = """() => {
  const bad = [];
  const seen = (node) => node.getClientRects().length > 0 && !node.classList.contains("unseen");
  const box = (node) => node.getBoundingClientRect();
  for (const node of document.querySelectorAll(
    ".top, .details p, h1, h2, .word, .notice p, .foot p, .window, .value, .badge, .empty p"
  )) {
    if (seen(node) && node.scrollWidth > node.clientWidth + 1 && getComputedStyle(node).display !== "inline")
      bad.push(["cut", node.className || node.tagName, node.textContent, node.scrollWidth, node.clientWidth]);
  }
  for (const holder of document.querySelectorAll("body, .wall, main, .tile, .survey, .card, .notices, .empty")) {
    if (!seen(holder)) continue;
    const around = box(holder);
    for (const node of [...holder.children].filter(seen)) {
      const own = box(node);
      if (own.bottom > around.bottom + 1 || own.top < around.top - 1 || own.left < around.left - 1 ||
          own.right > around.right + 1)
        bad.push(["out", holder.id || holder.className, node.id || node.className]);
    }
  }
  for (const number of document.querySelectorAll(".number")) {
    if (seen(number) && box(number.firstElementChild).width > box(number).width + 1)
      bad.push(["wide", number.textContent]);
  }
  for (const tile of document.querySelectorAll(".tile:not(.voice), .survey")) {
    if (!seen(tile) || getComputedStyle(tile).flexDirection !== "column") continue;
    const parts = [...tile.children].filter(seen).map(box);
    parts.slice(1).forEach((part, place) => {
      if (parts[place].bottom > part.top + 1) bad.push(["over", tile.id, place]);
    });
  }
  return bad;
}"""

#: The sizes in pixels of the main numbers that are shown, by tile.
NUMBER_SIZES = """() => Object.fromEntries([...document.querySelectorAll(".tile:not(.voice)")].map(
  (tile) => [tile.id.replace("tile-", ""), parseFloat(getComputedStyle(tile.querySelector(".number bdi")).fontSize)]
))"""

LABEL_SIZES = """() => [...document.querySelectorAll(".tile:not(.voice) h2")].map(
  (label) => parseFloat(getComputedStyle(label).fontSize)
)"""

#: Where things stand from left to right.
LEFTS = """(selector) => [...document.querySelectorAll(selector)].filter((node) => node.getClientRects().length > 0)
  .map((node) => node.getBoundingClientRect().left)"""

TIDY = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def accessibility(page: Page) -> list[str]:
    """What axe-core finds: rule, element and why; empty where it finds nothing."""
    from axe_playwright_python.base import AXE_SCRIPT  # noqa: PLC0415 - only where it is installed

    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(AXE_SCRIPT)
    options = {"runOnly": {"type": "tag", "values": TIDY}, "resultTypes": ["violations"]}
    found: dict[str, Any] = page.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{rule['id']}: {node['target']}: {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def texts(page: Page) -> dict[str, str]:
    """What the main numbers read, by tile."""
    found: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll(".tile:not(.voice)")].map(
          (tile) => [tile.id.replace("tile-", ""), tile.querySelector(".number bdi").textContent]
        ))"""
    )
    return found
