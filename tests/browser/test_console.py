"""The web console: its own checks (style, types, unit tests, size of the first screen), then what people do with it, in Chromium.

The browser's side is in ``*.test.js`` here, played by node's own test runner with playwright-core against an instance of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import FOLDER, made_ready, play, serving

# What `make test` plays beside the stories, which pass through every screen; `make browser` plays each screen by itself too.
ALWAYS = {f"{name}.test.js" for name in ("axe", "examples", "tasks", "xss")}
SPECS = sorted(path.name for path in FOLDER.glob("*.test.js") if not path.name.startswith("story"))


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the browser must know of a running instance with the example in it: each spec has one of its own, as its author had."""
    with serving(tmp_path, example=True) as environment:
        yield environment


def test_the_console_is_clean_and_its_first_screen_small(built: None) -> None:
    made_ready("check")


@pytest.mark.parametrize("spec", [pytest.param(spec, marks=() if spec in ALWAYS else pytest.mark.deep) for spec in SPECS])
def test_people_can_do_it(browser: None, environment: dict[str, str], spec: str) -> None:
    play(spec, environment)
