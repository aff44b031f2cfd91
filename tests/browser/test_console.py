"""The web console: its own checks (style, types, unit tests, size of the first screen), then what people do with it, in Chromium.

The browser's side is in ``*.test.js`` here, played by node's own test runner with playwright-core against an instance of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.browser.conftest import ROOT, made_ready
from tests.functional.conftest import STOP_SECONDS, wait_until_ready
from tests.functional.test_make_run import free_port

FOLDER = Path(__file__).parent
RUN_SECONDS = 300


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What the browser must know of a running instance with the example in it."""
    data, port = tmp_path_factory.mktemp("console"), free_port()
    settings = {"PORT": str(port), "DATA_DIR": str(data), "EXAMPLE": "1", "WORKERS": "2"}
    settings |= {"INIT_ROOT_EMAIL": ROOT_EMAIL, "INIT_ROOT_PASSWORD": ROOT_PASSWORD}
    log = data / "printed"
    with log.open("wb") as printed:
        command = [sys.executable, "-m", "local"]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | settings, stdout=printed, stderr=subprocess.STDOUT)
    try:
        wait_until_ready(process, port, log)
        yield {"STEPBASE_URL": f"http://127.0.0.1:{port}", "STEPBASE_EMAIL": ROOT_EMAIL, "STEPBASE_PASSWORD": ROOT_PASSWORD}
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def test_the_console_is_clean_and_its_first_screen_small(built: None) -> None:
    made_ready("check")


@pytest.mark.parametrize("spec", sorted(path.name for path in FOLDER.glob("*.test.js")))
def test_people_can_do_it(browser: None, environment: dict[str, str], spec: str) -> None:
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
