"""The web console: its own checks (style, types, unit tests, size of the first screen), then what people do with it, in Chromium.

The browser's side is in ``*.test.js`` here, played by node's own test runner with playwright-core against an instance of their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import FOLDER, made_ready, play, serving

# What `make test` plays beside the stories, which pass through every screen: one after the other, on one instance whose records are odd
# after the last. `make browser` plays each screen by itself too.
ALWAYS = tuple(f"{name}.test.js" for name in ("axe", "examples", "tasks", "xss"))
DEEP = sorted({path.name for path in FOLDER.glob("*.test.js") if not path.name.startswith("story")}.difference(ALWAYS))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the browser must know of a running instance with the example in it."""
    with serving(tmp_path_factory.mktemp("shared"), example=True) as environment:
        yield environment


@pytest.fixture
def own(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The same of an instance that no other spec uses."""
    with serving(tmp_path, example=True) as environment:
        yield environment


def test_the_console_is_clean_and_its_first_screen_small(built: None) -> None:
    made_ready("check")


@pytest.mark.parametrize("spec", ALWAYS)
def test_people_can_do_it(browser: None, shared: dict[str, str], spec: str) -> None:
    play(spec, shared)


@pytest.mark.deep
@pytest.mark.parametrize("spec", DEEP)
def test_people_can_do_all_of_it(browser: None, own: dict[str, str], spec: str) -> None:
    play(spec, own)
