"""What a measurement says, and how a table of them reads."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One measured thing; ``aim`` is what was wished for, ``met`` whether it was reached (``None``: there is no aim)."""

    what: str
    value: str
    aim: str = ""
    met: bool | None = None

    @property
    def verdict(self) -> str:
        return {None: "", True: f"{self.aim}: met", False: f"{self.aim}: MISSED"}[self.met]


def at_most(what: str, value: float, limit: float, unit: str) -> Line:
    return Line(what, f"{value:,.0f} {unit}" if value >= 10 else f"{value:.2f} {unit}", f"<= {limit:g} {unit}", value <= limit)


def at_least(what: str, value: float, limit: float, unit: str) -> Line:
    return Line(what, f"{value:,.0f} {unit}", f">= {limit:g} {unit}", value >= limit)


def table(title: str, lines: Sequence[Line]) -> str:
    """A Markdown table."""
    rows = [f"| {line.what} | {line.value} | {line.verdict} |" for line in lines]
    return "\n".join([f"## {title}", "", "| | Measured | Aim |", "|---|---|---|", *rows, ""])


def spread(values: Sequence[float]) -> str:
    """``median (p95)`` with two decimals."""
    ordered = sorted(values)
    return f"{statistics.median(ordered):.2f} ({ordered[int(len(ordered) * 0.95)]:.2f})"
