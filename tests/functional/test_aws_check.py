"""What ``make aws-check`` does over HTTP, tried against the local stack; the rest of it needs AWS."""

from __future__ import annotations

import subprocess
import sys

import pytest

from infra.aws_check import HTTP_STEPS, Check
from local.client import Client as Caller
from tests.functional.client import Client
from tests.functional.conftest import EMAIL, ROOT_PASSWORD
from tests.instances import CALL_SECONDS, ROOT

pytestmark = pytest.mark.usefixtures("machines")


def refuse(text: str) -> None:
    raise OSError("no topic here")


@pytest.fixture
def check(stranger: Client) -> Check:
    return Check(Caller(f"http://127.0.0.1:{stranger.port}", timeout_seconds=CALL_SECONDS), (EMAIL, ROOT_PASSWORD), refuse)


def left_of(check: Check) -> list[str]:
    """Collections and workflows that are still there."""
    workflows = [row["title"] for row in check.client.call("workflows:list", None, paginate="false")["data"]]
    collections = [row["name"] for row in check.client.call("collections:list", None, paginate="false")["data"]]
    return [name for name in workflows + collections if name and name.startswith(check.name)]


def test_a_product_that_works_passes_and_nothing_is_left(check: Check) -> None:
    said: list[str] = []
    assert check.run(HTTP_STEPS, said.append) == []
    assert [line.split()[0] for line in said] == ["ok"] * 3
    assert left_of(check) == []


def test_a_run_that_does_not_end_in_time_and_a_message_that_cannot_be_sent_are_problems_and_nothing_is_left(check: Check) -> None:
    check.patience_seconds = 0
    problems = check.run(("sign-in", "asynchronous run", "message"), lambda line: None)
    assert [problem.partition(":")[0] for problem in problems] == ["asynchronous run", "message"]
    assert left_of(check) == []


def test_who_cannot_sign_in_is_told_and_nothing_else_is_tried(check: Check) -> None:
    check.account = (EMAIL, "wrong password 1")
    said: list[str] = []
    (problem,) = check.run(HTTP_STEPS, said.append)
    assert problem.startswith("sign-in: 401")
    assert len(said) == 1


def test_the_command_says_what_it_needs() -> None:
    ran = subprocess.run([sys.executable, "-m", "infra.aws_check"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert "STACK=… or URL=…, EMAIL=… and PASSWORD=…" in ran.stderr
