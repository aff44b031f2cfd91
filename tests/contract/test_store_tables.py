"""The tables that CloudFormation makes, the indexes that stores query and the PynamoDB models say the same."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb import dynamodb_store
from chalicelib.adapters.dynamodb.indexes import INDEXES, Index
from chalicelib.adapters.dynamodb.tables import ExecutionItem, ItemModel, RecordItem, bound
from chalicelib.config import read_settings
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Table

ROOT = Path(__file__).resolve().parents[2]
RESOURCES = json.loads((ROOT / "infra" / "tables.json").read_text())
TABLES = [(RECORDS, RecordItem, "RecordsTable"), (EXECUTIONS, ExecutionItem, "ExecutionsTable")]


def keys_of(definition: dict[str, Any]) -> tuple[str, str]:
    partition, sort = definition["KeySchema"]
    assert (partition["KeyType"], sort["KeyType"]) == ("HASH", "RANGE")
    return partition["AttributeName"], sort["AttributeName"]


@pytest.mark.parametrize(("table", "model", "resource"), TABLES)
def test_the_template_has_exactly_the_indexes_that_stores_query(table: Table, model: type[ItemModel], resource: str) -> None:
    properties = RESOURCES[resource]["Properties"]
    types = {a["AttributeName"]: a["AttributeType"] for a in properties["AttributeDefinitions"]}
    found = {Index(None, *keys_of(properties))}
    for kind, strong in (("LocalSecondaryIndexes", True), ("GlobalSecondaryIndexes", False)):
        for definition in properties.get(kind, []):
            assert definition["Projection"] == {"ProjectionType": "ALL"}
            partition, sort = keys_of(definition)
            found.add(Index(definition["IndexName"], partition, sort, types[sort] == "N", strong))
    assert found == set(INDEXES[table].values())


@pytest.mark.parametrize(("table", "model", "resource"), TABLES)
def test_models_and_template_agree_on_key_types(table: Table, model: type[ItemModel], resource: str) -> None:
    attributes = model.get_attributes()
    for definition in RESOURCES[resource]["Properties"]["AttributeDefinitions"]:
        assert attributes[definition["AttributeName"]].attr_type == definition["AttributeType"]


@pytest.mark.parametrize("resource", ["RecordsTable", "ExecutionsTable"])
def test_tables_are_on_demand_encrypted_and_backed_up(resource: str) -> None:
    properties = RESOURCES[resource]["Properties"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert properties["SSESpecification"] == {"SSEEnabled": True}
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


@pytest.mark.parametrize("resource", ["RecordsTable", "ExecutionsTable"])
def test_executions_and_the_tasks_they_gave_to_people_expire_by_ttl(resource: str) -> None:
    assert RESOURCES[resource]["Properties"]["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_two_stores_bind_one_model_to_their_own_tables() -> None:
    first, second = bound(RecordItem, "one"), bound(RecordItem, "two")
    assert (first.Meta.table_name, second.Meta.table_name) == ("one", "two")
    assert not hasattr(RecordItem, "Meta")


def test_the_in_memory_store_needs_no_botocore() -> None:
    loaded = "any(name.startswith(('botocore', 'pynamodb')) for name in sys.modules)"
    code = f"import sys, chalicelib.adapters.memory as memory; memory.MemoryStore(); sys.exit({loaded})"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_store_is_made_from_settings_without_a_client() -> None:
    settings = read_settings({"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "eu-west-1", "STEPBASE_SECRET_ARN": "name"})
    store = dynamodb_store(settings)
    assert store._silent._client is None  # type: ignore[attr-defined]
