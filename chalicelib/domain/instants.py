"""Instants as the text that records hold: ``2026-11-21T02:04:48.219Z``, fixed width, so that text order is time order."""

from __future__ import annotations

from datetime import UTC, datetime


def iso_text(epoch_ms: int) -> str:
    """The instant with milliseconds, in UTC."""
    moment = datetime.fromtimestamp(epoch_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{epoch_ms % 1000:03d}Z"


def epoch_ms_of(text: str) -> int:
    """Milliseconds since 1970 of such a text."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)
