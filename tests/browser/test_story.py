"""What people do on an installation that nothing is on yet: the stories in ``story*.test.js``, in order, on one instance."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.browser.conftest import FOLDER, play, serving


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the browser must know of a running instance with nothing in it but its first user."""
    with serving(tmp_path_factory.mktemp("story"), example=False) as environment:
        yield environment


@pytest.mark.parametrize("spec", sorted(path.name for path in FOLDER.glob("story*.test.js")))
def test_people_begin_with_nothing(browser: None, empty: dict[str, str], spec: str) -> None:
    play(spec, empty)
