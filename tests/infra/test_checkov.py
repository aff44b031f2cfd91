"""checkov finds nothing in the packaged template but what is written down here with a reason.

It runs from an environment of its own that `make test` makes. Source: https://www.checkov.io/2.Basics/CLI%20Command%20Reference.html
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.stages import ROOT

CHECKOV = ROOT / ".stepbase-cache" / "checkov" / "bin" / "checkov"
BY_CHOICE = "off until a parameter switches it on, which checkov does not see through a condition"
EXCEPTIONS = {
    "CKV_AWS_73": f"traces of the API: {BY_CHOICE} (`Tracing`)",
    "CKV_AWS_76": f"access logs of the API: {BY_CHOICE} (`AccessLogs`); the account must have a role for them",
    "CKV_AWS_116": "asynchronous functions have a destination for failures, which says more than a dead letter queue; others have a caller",
    "CKV_AWS_117": "no function is in a VPC: all that they call are public services of AWS, and workflows call the internet",
    "CKV_AWS_120": "no cache before the API: answers depend on who asks",
}


@pytest.fixture(scope="module")
def failed(packaged: Path) -> set[str]:
    """The ids of the checks that failed."""
    if not CHECKOV.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("checkov is not installed: make test installs it")
    command = [CHECKOV, "-f", packaged / "sam.json", "--framework", "cloudformation", "--skip-download", "--output", "json"]
    ran = subprocess.run(command, cwd=packaged, env=os.environ | {"LOG_LEVEL": "ERROR"}, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(ran.stdout)
    assert found["summary"]["passed"] > 100
    assert found["summary"]["parsing_errors"] == 0
    return {check["check_id"] for check in found["results"]["failed_checks"]}


def test_nothing_fails_but_the_exceptions(failed: set[str]) -> None:
    assert failed - set(EXCEPTIONS) == set()


def test_no_exception_is_there_for_nothing_and_there_are_at_most_five(failed: set[str]) -> None:
    assert set(EXCEPTIONS) - failed == set()
    assert len(EXCEPTIONS) <= 5
