"""The OpenAPI document over HTTP (https://spec.openapis.org/oas/v3.1.0): valid, and not to be proved wrong by requests made up from it.

The made-up requests come from schemathesis, which has an environment of its own (``make fuzz``), and go to a server of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.functional.client import Client
from tests.functional.conftest import EMAIL, ROOT_PASSWORD
from tests.functional.model import Model
from tests.instances import ROOT, Instance

FUZZER = ROOT / ".stepbase-cache" / "fuzz" / "bin" / "python"
REQUESTS = int(os.environ.get("FUZZ_REQUESTS") or 150)
SEED = os.environ.get("SEED") or ("1" if REQUESTS == 150 else "")  # CI sends the same requests every time
SECONDS_A_REQUEST = 0.3


@pytest.fixture
def port_of_its_own(tmp_path: Path) -> Iterator[int]:
    """A server with the example in it, whose data may be spoilt."""
    if not FUZZER.exists():
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs schemathesis: make fuzz installs it")
    with Instance(tmp_path, EXAMPLE="1", INIT_ROOT_EMAIL=EMAIL, INIT_ROOT_PASSWORD=ROOT_PASSWORD) as instance:
        yield instance.port


def test_the_document_is_a_valid_openapi_document(model: Model) -> None:
    answer = model.root.get("openapi.json").ok()
    document = answer.json
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_the_document_is_for_who_is_signed_in(stranger: Client) -> None:
    refused = stranger.get("openapi.json")
    assert (refused.status, refused.codes) == (401, ["EMPTY_TOKEN"])


def test_a_role_sees_what_it_may_use(model: Model) -> None:
    paths = model.users["viewer"].get("openapi.json").json["paths"]
    assert "/api/samples:list" in paths
    assert "/api/samples:create" not in paths


def test_the_document_is_read_only(root: Client) -> None:
    assert root.post("openapi.json", {}).status == 404


def test_made_up_requests_find_no_server_error_and_no_answer_that_the_document_does_not_promise(port_of_its_own: int) -> None:
    command = [str(FUZZER), "-m", "tests.fuzz", str(port_of_its_own), str(REQUESTS)]
    environment = os.environ | {"ACCOUNT": EMAIL, "PASSWORD": ROOT_PASSWORD, "SEED": SEED}
    most_seconds = 300 + REQUESTS * SECONDS_A_REQUEST
    ran = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, timeout=most_seconds, check=False)
    assert ran.returncode == 0, ran.stdout
    assert json.loads(ran.stdout.splitlines()[-1])["requests"] == REQUESTS
