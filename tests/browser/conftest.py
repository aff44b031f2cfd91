"""What the console's tests need: Node, a built console, a browser, an instance. What is missing skips tests here and fails them in CI."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.instances import ROOT, Instance

CONSOLE = ROOT / ".ci" / "console"
FOLDER = Path(__file__).parent
BUILD_SECONDS = 600
RUN_SECONDS = 600
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


@contextmanager
def serving(data: Path, *, example: bool) -> Iterator[dict[str, str]]:
    """A running instance that keeps its data in ``data``; what the browser must know of it, as environment variables."""
    with Instance(data, machines=True, EXAMPLE="1" if example else "0") as instance:
        yield {"STEPBASE_URL": f"http://127.0.0.1:{instance.port}", "STEPBASE_EMAIL": ROOT_EMAIL, "STEPBASE_PASSWORD": ROOT_PASSWORD}


def play(spec: str, environment: dict[str, str]) -> None:
    """Plays the tests of a ``*.test.js`` here; fails with what they printed unless all of them passed and none was left out."""
    ran = subprocess.run(
        ["node", "--test", "--test-reporter=tap", spec],
        cwd=FOLDER,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(r"^# pass [1-9]\d*$", ran.stdout, re.MULTILINE), ran.stdout
    assert "\n# skipped 0\n" in ran.stdout
