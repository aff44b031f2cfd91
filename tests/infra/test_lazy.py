"""What a cold start of the API does not need is not loaded by it; in a process of its own, because tests load everything."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from infra.stages import ROOT
from tests.bench.imports import ENVIRONMENT, NOT_LOADED

MACHINES = {
    "STATE_MACHINE_ARN_PREFIX": "arn:aws:states:us-east-1:123456789012:stateMachine:",
    "RUN_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:s-run-segment",
    "WAIT_FUNCTION_ARN": "arn:aws:lambda:us-east-1:123456789012:function:s-await-signal",
    "PUBLISH_FUNCTION": "s-publish",
    "SCHEDULE_GROUP": "s",
    "SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/schedules",
    "SCHEDULE_TARGET_ARN": "arn:aws:lambda:us-east-1:123456789012:function:s-fire",
    "SCHEDULE_DLQ_ARN": "arn:aws:sqs:us-east-1:123456789012:s-dead",
    "JWKS_URL": "https://example.com/jwks.json",
    "JWKS_ISSUER": "https://example.com",
    "JWKS_AUDIENCE": "stepbase",
}
# The first line is what a cold start does; then the clients that were made are counted by the descriptions that were read.
CHILD = """
import json, sys
import app
from chalicelib.bootstrap import product
product().backend.store._connection.client
import botocore.client, gc
services = sorted(o.meta.service_model.service_name for o in gc.get_objects() if isinstance(o, botocore.client.BaseClient))
print(json.dumps([services, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def cold_start() -> tuple[list[str], set[str]]:
    """The services that clients were made of, and the modules that were loaded, with everything set up that can be."""
    environment = os.environ | ENVIRONMENT | MACHINES
    ran = subprocess.run([sys.executable, "-c", CHILD], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    services, modules = json.loads(ran.stdout)
    return services, set(modules)


def test_a_cold_start_makes_one_client_that_of_the_database(cold_start: tuple[list[str], set[str]]) -> None:
    assert cold_start[0] == ["dynamodb"]


OF_OTHER_FUNCTIONS = ["chalicelib.adapters.sqs", *(f"chalicelib.services.{name}" for name in ("administration", "messages", "sweeping"))]


@pytest.mark.parametrize("module", [*NOT_LOADED, *OF_OTHER_FUNCTIONS])
def test_what_few_calls_need_is_not_loaded(cold_start: tuple[list[str], set[str]], module: str) -> None:
    assert module not in cold_start[1]


def test_step_functions_are_loaded_when_a_machine_is_first_asked_for(cold_start: tuple[list[str], set[str]]) -> None:
    assert "chalicelib.adapters.stepfunctions" not in cold_start[1]
