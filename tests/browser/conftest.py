"""What the console's tests need: Node, a built console, and a browser for some. Where they are missing tests are skipped; in CI they fail."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONSOLE = ROOT / ".ci" / "console"
BUILD_SECONDS = 300
NO_NODE, NO_BROWSER = 3, 4


def made_ready(step: str) -> None:
    """Runs a step of ``.ci/console``. Skips the test where its tools are missing, but in CI; fails it where the step fails."""
    ran = subprocess.run([CONSOLE, step], capture_output=True, text=True, timeout=BUILD_SECONDS, check=False)
    if ran.returncode in (NO_NODE, NO_BROWSER) and not os.environ.get("CI"):
        pytest.skip(ran.stderr.strip())
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="session")
def built() -> None:
    made_ready("build")


@pytest.fixture(scope="session")
def browser(built: None) -> None:
    made_ready("browser")
