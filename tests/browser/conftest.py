"""What the console's tests need: Node, a built console, a browser, an instance. What is missing skips tests here and fails them in CI."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.functional.conftest import READY_SECONDS, STOP_SECONDS, wait_until_ready
from tests.functional.test_make_run import free_port

ROOT = Path(__file__).resolve().parents[2]
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


def wait_until_loaded(log: Path) -> None:
    """Until it has said that it is ready: it answers before the example is in it."""
    ends = time.monotonic() + READY_SECONDS
    while "Stepbase is ready" not in log.read_text():
        assert time.monotonic() < ends, log.read_text()
        time.sleep(0.1)


@contextmanager
def serving(data: Path, *, example: bool) -> Iterator[dict[str, str]]:
    """A running instance that keeps its data in ``data``; what the browser must know of it, as environment variables."""
    port = free_port()
    settings = {"PORT": str(port), "DATA_DIR": str(data), "EXAMPLE": "1" if example else "0", "WORKERS": "2"}
    settings |= {"INIT_ROOT_EMAIL": ROOT_EMAIL, "INIT_ROOT_PASSWORD": ROOT_PASSWORD}
    log = data / "printed"
    with log.open("wb") as printed:
        command = [sys.executable, "-m", "local"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=printed, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(process, port, log)
        wait_until_loaded(log)
        yield {"STEPBASE_URL": f"http://127.0.0.1:{port}", "STEPBASE_EMAIL": ROOT_EMAIL, "STEPBASE_PASSWORD": ROOT_PASSWORD}
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


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
