"""Fixtures that every test may use: harmless AWS variables, and one DynamoDB Local for the session, started when first asked for.

Imports that bring botocore along are inside the fixtures: unit tests do without its 250 ms.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from chalicelib.adapters.dynamodb.store import DynamoStore

REGION = "us-east-1"


@pytest.fixture(scope="session", autouse=True)
def harmless_aws() -> Iterator[None]:
    """No test reaches an AWS account, whatever is configured on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_REGION", REGION)
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        patch.setenv("AWS_CONFIG_FILE", os.devnull)
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        yield


@pytest.fixture(scope="session")
def dynamodb_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a DynamoDB Local in memory. Where it cannot run, the test is skipped; on CI that is a failure."""
    from local.database import start_database

    database = start_database(Path(tmp_path_factory.mktemp("dynamodb")), in_memory=True)
    try:
        if database.engine != "dynamodb-local":
            (pytest.fail if os.environ.get("CI") else pytest.skip)("needs DynamoDB Local: install Java and npm")
        yield database.endpoint
    finally:
        database.stop()


@pytest.fixture(scope="module")
def dynamodb_tables(dynamodb_endpoint: str) -> tuple[str, str]:
    """The names of a records and an executions table that nothing else uses."""
    from local.database import create_tables

    mark = secrets.token_hex(4)
    names = (f"records-{mark}", f"executions-{mark}")
    create_tables(dynamodb_endpoint, names, REGION)
    return names


@pytest.fixture(scope="module")
def dynamodb_store(dynamodb_endpoint: str, dynamodb_tables: tuple[str, str], harmless_aws: None) -> DynamoStore:
    """A store over fresh tables; items stay from test to test within a module, so take keys of your own."""
    from chalicelib.adapters.dynamodb.connection import connect
    from chalicelib.adapters.dynamodb.store import DynamoStore

    return DynamoStore(connect(REGION, dynamodb_endpoint), *dynamodb_tables)
