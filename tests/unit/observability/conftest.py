"""What is told while a test runs, as it would be told on AWS."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.observability import configure, logger
from chalicelib.observability.lines import DISCRETION, FORMAT
from chalicelib.observability.metrics import METRICS


class Told:
    """The lines of the log, and what is printed beside it: metrics."""

    def __init__(self, stream: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
        self._stream = stream
        self._capsys = capsys
        self._printed = ""

    @property
    def text(self) -> str:
        return self._stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    @property
    def printed(self) -> str:
        self._printed += self._capsys.readouterr().out
        return self._printed

    @property
    def metrics(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.printed.splitlines() if line.startswith('{"_aws"')]

    def value(self, name: str, **dimensions: str) -> Any:
        """Of the one document that has the metric under these dimensions; ``None`` when there is none."""
        found = [one for one in self.metrics if name in one and dimensions.items() <= one.items()]
        return found[-1][name] if found else None


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Iterator[Told]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(FORMAT)
    level = logger.level
    configure(level="DEBUG", as_json=True, metrics=True, stage="test", traces=False)
    logger.addHandler(handler)
    try:
        yield Told(stream, capsys)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        FORMAT.as_text = DISCRETION.shows_messages = False
        METRICS.stage = ""
