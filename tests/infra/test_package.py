"""What is deployed: one function, one API, two tables, one secret, and no more rights than that takes."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.package import ROOT, merge

Resources = dict[str, Any]
TABLES = {"RecordsTable", "ExecutionsTable"}


def of_type(resources: Resources, kind: str) -> Resources:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def statements(resources: Resources) -> Iterator[dict[str, Any]]:
    for role in of_type(resources, "AWS::IAM::Role").values():
        for policy in role["Properties"].get("Policies", []):
            yield from policy["PolicyDocument"]["Statement"]


def test_cfn_lint_finds_nothing(packaged: Path) -> None:
    ran = subprocess.run([Path(sys.executable).parent / "cfn-lint", packaged / "sam.json"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_there_are_two_tables_exactly_as_the_one_definition_says(resources: Resources) -> None:
    assert of_type(resources, "AWS::DynamoDB::Table") == json.loads((ROOT / "infra" / "tables.json").read_text())


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_table_survives_its_stack_and_can_be_restored(resources: Resources, table: str) -> None:
    resource = resources[table]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    assert resource["Properties"]["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert resource["Properties"]["SSESpecification"]["SSEEnabled"]
    assert resource["Properties"]["BillingMode"] == "PAY_PER_REQUEST"


def test_there_is_one_function_with_a_role_of_its_own(resources: Resources) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    assert set(functions) == {"APIHandler"}
    assert functions["APIHandler"]["Properties"]["Role"] == {"Fn::GetAtt": ["ApiHandlerRole", "Arn"]}


def test_the_function_knows_its_tables_and_its_secret(resources: Resources) -> None:
    properties = resources["APIHandler"]["Properties"]
    variables = properties["Environment"]["Variables"]
    assert variables["RECORDS_TABLE"] == {"Ref": "RecordsTable"}
    assert variables["EXECUTIONS_TABLE"] == {"Ref": "ExecutionsTable"}
    assert variables["STEPBASE_SECRET_ARN"] == {"Ref": "SigningSecret"}
    assert "STEPBASE_SECRET" not in variables
    assert (properties["MemorySize"], properties["Timeout"]) == (1024, 29)


def test_no_right_has_a_wildcard_but_the_indexes_of_the_two_tables(resources: Resources) -> None:
    for statement in statements(resources):
        assert isinstance(statement["Action"], list)
        assert not [action for action in statement["Action"] if "*" in action]
        assert "NotAction" not in statement
        texts = [json.dumps(resource) for resource in statement["Resource"]]
        allowed = {json.dumps({"Fn::Sub": f"${{{table}.Arn}}/index/*"}) for table in TABLES}
        assert not [text for text in texts if "*" in text and text not in allowed]


def test_the_database_rights_are_those_of_the_store_on_the_two_tables_only(resources: Resources) -> None:
    rights = [statement for statement in statements(resources) if statement["Action"][0].startswith("dynamodb:")]
    used = {"BatchGetItem", "Query", "ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"}
    assert {action for statement in rights for action in statement["Action"]} == {f"dynamodb:{name}" for name in used}
    named = [resource for statement in rights for resource in statement["Resource"]]
    assert {(r.get("Fn::GetAtt") or r["Fn::Sub"].removeprefix("${").split("."))[0] for r in named} == TABLES


def test_the_secret_is_made_by_aws_and_long_enough(resources: Resources) -> None:
    (secret,) = of_type(resources, "AWS::SecretsManager::Secret").values()
    assert secret["Properties"]["GenerateSecretString"]["PasswordLength"] >= 48
    assert "SecretString" not in secret["Properties"]


def test_the_gateways_own_errors_are_in_the_error_envelope(resources: Resources) -> None:
    answers = resources["RestAPI"]["Properties"]["GatewayResponses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "MISSING_AUTHENTICATION_TOKEN", "REQUEST_TOO_LARGE"} <= set(answers)
    for answer in answers.values():
        text = answer["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '"a message"')
        (error,) = json.loads(text)["errors"]
        assert set(error) == {"message", "code"}
        assert answer["ResponseParameters"]["Headers"]["Access-Control-Allow-Origin"] == "'*'"


def test_the_api_is_regional_and_named_after_its_stage(resources: Resources) -> None:
    properties = resources["RestAPI"]["Properties"]
    assert (properties["EndpointConfiguration"], properties["StageName"]) == ("REGIONAL", "dev")


@pytest.fixture(scope="module")
def unpacked(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        archive.extractall(folder)
    return folder


def test_the_zip_holds_what_runs_and_nothing_else(unpacked: Path) -> None:
    top = {path.name for path in unpacked.iterdir()}
    assert {"app.py", "chalicelib", "chalice", "pynamodb", "botocore"} <= top
    assert not top & {"tests", "local", "infra", "console", "docs", "example", "boto3", "pip", "moto", "pytest"}
    assert not list(unpacked.rglob("tests"))


def test_every_module_in_the_zip_is_compiled(unpacked: Path) -> None:
    tag = sys.implementation.cache_tag
    missing = [str(path) for path in unpacked.rglob("*.py") if not (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").is_file()]
    assert not missing


def test_the_zip_is_small_enough_for_lambda(packaged: Path, unpacked: Path) -> None:
    assert (packaged / "deployment.zip").stat().st_size < 15_000_000
    assert sum(path.stat().st_size for path in unpacked.rglob("*") if path.is_file()) < 60_000_000


def test_the_zip_alone_answers_a_call(unpacked: Path) -> None:
    """Only the zip and the standard library are on the path, and a client of the database can be made."""
    ran = subprocess.run([sys.executable, "-S", "-I", "-c", CALL, str(unpacked)], capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.returncode) == ("", 0)
    assert json.loads(ran.stdout) == [200, "stepbase"]


CALL = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
os.environ |= {
    "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x",
    "RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "STEPBASE_SECRET": os.urandom(32).hex(),
}
import app
import botocore.session
for service in ("dynamodb", "secretsmanager"):
    botocore.session.get_session().create_client(service)
event = {
    "requestContext": {"httpMethod": "GET", "resourcePath": "/api/{resource}", "requestId": "r-1"},
    "pathParameters": {"resource": "app%3AgetInfo"}, "headers": {}, "multiValueQueryStringParameters": None,
    "body": None, "isBase64Encoded": False, "stageVariables": None,
}
answer = app.app(event, None)
print(json.dumps([answer["statusCode"], json.loads(answer["body"])["data"]["name"]]))
"""


def test_merging_goes_deep_in_objects_and_replaces_the_rest() -> None:
    assert merge({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2], "e": 3}}) == {"a": {"b": 1, "c": [2], "e": 3}, "d": 1}
