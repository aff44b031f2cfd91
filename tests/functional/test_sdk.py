"""The published JavaScript client, unchanged, against ``make run``: the tests in ``tests/e2e`` under node's own test runner.

They run against the instance with the example, and sign with its secret to see what becomes of old tokens. Without node the file is
skipped; where ``CI`` is set it fails instead. Source: https://docs.nocobase.com/api/sdk
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from local.settings import ROOT_EMAIL, ROOT_PASSWORD
from tests.instances import ROOT, Instance

FOLDER = ROOT / "tests" / "e2e"
INSTALL_SECONDS = 300
RUN_SECONDS = 300  # ten seconds of work; the machine may be busy
OLDEST_NODE = 20


@pytest.fixture(scope="module")
def node() -> str:
    """The program, with the locked packages in ``tests/e2e/node_modules``."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program is None or npm is None or _major(program) < OLDEST_NODE:
        message = f"the client's tests need node {OLDEST_NODE} or later, and npm"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        ran = subprocess.run(
            [npm, "ci", "--ignore-scripts"], cwd=FOLDER, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
        assert ran.returncode == 0, ran.stderr
    return program


@pytest.fixture(scope="module")
def environment(example: Instance) -> dict[str, str]:
    """What the tests must know of a running instance with the example in it."""
    return {
        "STEPBASE_URL": f"http://127.0.0.1:{example.port}",
        "STEPBASE_EMAIL": ROOT_EMAIL,
        "STEPBASE_PASSWORD": ROOT_PASSWORD,
        "STEPBASE_SECRET": (example.data_dir / "secret").read_text().strip(),
    }


def test_the_published_client_works_unchanged(node: str, environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [node, "--test", "--test-reporter=tap"],
        cwd=FOLDER,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, "\n".join([*_failures(ran.stdout), ran.stderr])
    assert re.search(r"^# pass [1-9]\d+$", ran.stdout, re.MULTILINE), ran.stdout
    assert "\n# skipped 0\n" in ran.stdout


def _major(program: str) -> int:
    version = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=RUN_SECONDS, check=True).stdout
    return int(version.removeprefix("v").partition(".")[0])


def _failures(tap: str) -> list[str]:
    """The names of the failed tests, each with where it is and what it said, without the stack."""
    blocks = re.findall(r"^not ok .*?^ {2}\.\.\.$", tap, re.MULTILINE | re.DOTALL)
    return [block.partition("\n  stack:")[0] for block in blocks]
