"""The pictures of the tour: every one that is shown is there and small, and none lies about."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs/pictures"
MOST_BYTES, WIDTH = 250_000, 1280
SHOWN = sorted(re.findall(r"\(pictures/([a-z]+\.png)\)", (ROOT / "docs/console.md").read_text()))


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_that_is_shown_is_there_small_and_as_wide_as_the_page(name: str) -> None:
    content = (PICTURES / name).read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) < MOST_BYTES
    assert struct.unpack(">I", content[16:20]) == (WIDTH,)


def test_every_picture_is_shown() -> None:
    assert sorted(path.name for path in PICTURES.iterdir()) == SHOWN
