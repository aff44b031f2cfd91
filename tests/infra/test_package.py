"""What is deployed: one API, five functions, two tables, one secret, and no more rights than that takes."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.config import read_settings
from infra.package import ROOT, merge

Resources = dict[str, Any]
TABLES = {"RecordsTable", "ExecutionsTable"}
ROLES = {
    "APIHandler": "ApiHandlerRole",
    "RunSegment": "RunSegmentRole",
    "AwaitSignal": "AwaitSignalRole",
    "Publish": "PublishRole",
    "Sweep": "SweepRole",
}
ACCOUNT = "${AWS::Region}:${AWS::AccountId}"
MACHINES = {"Fn::Sub": f"arn:${{AWS::Partition}}:states:{ACCOUNT}:stateMachine:${{AWS::StackName}}-*"}
EXECUTIONS = {"Fn::Sub": f"arn:${{AWS::Partition}}:states:{ACCOUNT}:execution:${{AWS::StackName}}-*:*"}


def of_type(resources: Resources, kind: str) -> Resources:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def statements(resources: Resources) -> Iterator[dict[str, Any]]:
    for name in of_type(resources, "AWS::IAM::Role"):
        yield from rights_of(resources, name)


def rights_of(resources: Resources, role: str) -> Iterator[dict[str, Any]]:
    for policy in resources[role]["Properties"].get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def actions_of(resources: Resources, role: str) -> set[str]:
    return {action for statement in rights_of(resources, role) for action in statement["Action"]}


@pytest.fixture(scope="session")
def variables(template: dict[str, Any]) -> dict[str, Any]:
    """What every function finds in its environment."""
    found: dict[str, Any] = template["Globals"]["Function"]["Environment"]["Variables"]
    return found


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


def test_every_function_has_a_role_and_a_log_of_its_own(resources: Resources) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    assert {name: function["Properties"]["Role"] for name, function in functions.items()} == {
        name: {"Fn::GetAtt": [role, "Arn"]} for name, role in ROLES.items()
    }
    for name, function in functions.items():
        assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}
        assert resources[f"{name}Logs"]["Properties"]["RetentionInDays"] == 90
        (own,) = [statement for statement in rights_of(resources, ROLES[name]) if statement["Action"][0].startswith("logs:")]
        assert own["Resource"] == [{"Fn::GetAtt": [f"{name}Logs", "Arn"]}]


def test_the_functions_know_their_tables_and_their_secret(variables: dict[str, Any]) -> None:
    assert variables["RECORDS_TABLE"] == {"Ref": "RecordsTable"}
    assert variables["EXECUTIONS_TABLE"] == {"Ref": "ExecutionsTable"}
    assert variables["STEPBASE_SECRET_ARN"] == {"Ref": "SigningSecret"}
    assert "STEPBASE_SECRET" not in variables


def test_a_function_may_run_as_long_as_its_caller_waits(resources: Resources) -> None:
    """29 seconds behind the gateway; walks of a machine have the time of a slow request or two; a sweep ends before the next."""
    functions = of_type(resources, "AWS::Serverless::Function")
    limits = {name: (function["Properties"]["MemorySize"], function["Properties"]["Timeout"]) for name, function in functions.items()}
    assert limits == {
        "APIHandler": (1024, 29),
        "RunSegment": (1024, 300),
        "AwaitSignal": (512, 29),
        "Publish": (512, 29),
        "Sweep": (1024, 60),
    }
    (event,) = resources["Sweep"]["Properties"]["Events"].values()
    assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", "rate(1 minute)")


def test_what_machines_are_told_are_the_functions_that_there_are(resources: Resources, variables: dict[str, Any]) -> None:
    named = {"RunSegment": "RUN_FUNCTION_ARN", "AwaitSignal": "WAIT_FUNCTION_ARN"}
    for function, variable in named.items():
        name = resources[function]["Properties"]["FunctionName"]["Fn::Sub"]
        assert variables[variable] == {"Fn::Sub": f"arn:${{AWS::Partition}}:lambda:{ACCOUNT}:function:{name}"}
    assert variables["PUBLISH_FUNCTION"] == resources["Publish"]["Properties"]["FunctionName"]
    assert variables["STATE_MACHINE_ARN_PREFIX"] == {"Fn::Sub": f"arn:${{AWS::Partition}}:states:{ACCOUNT}:stateMachine:"}
    assert variables["STEPBASE_STAGE"] == {"Ref": "AWS::StackName"}  # what the names of machines begin with, and the rights to them
    for function in set(ROLES) - {"Publish"}:
        assert "Variables" not in resources[function]["Properties"].get("Environment", {})


def test_only_one_function_makes_machines_and_gives_them_their_role(resources: Resources) -> None:
    makers = {name for name in ROLES.values() if actions_of(resources, name) & {"states:CreateStateMachine", "iam:PassRole"}}
    assert makers == {"PublishRole"}
    own = resources["Publish"]["Properties"]["Environment"]["Variables"]
    assert own == {"PUBLISH_FUNCTION": "", "STATE_MACHINE_ROLE_ARN": {"Fn::GetAtt": ["StateMachineRole", "Arn"]}}
    (given,) = [statement for statement in rights_of(resources, "PublishRole") if "iam:PassRole" in statement["Action"]]
    assert given["Resource"] == [{"Fn::GetAtt": ["StateMachineRole", "Arn"]}]
    assert given["Condition"] == {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}}


def test_machines_may_call_their_two_functions_and_nothing_else(resources: Resources) -> None:
    (only,) = rights_of(resources, "StateMachineRole")
    assert only["Action"] == ["lambda:InvokeFunction"]
    assert only["Resource"] == [{"Fn::GetAtt": ["RunSegment", "Arn"]}, {"Fn::GetAtt": ["AwaitSignal", "Arn"]}]
    (trust,) = resources["StateMachineRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"] == {"Service": ["states.amazonaws.com"]}
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"] == MACHINES


@pytest.mark.parametrize(
    ("role", "states"),
    [
        ("ApiHandlerRole", {"StartExecution", "StopExecution", "SendTaskSuccess"}),
        ("RunSegmentRole", {"StartExecution", "SendTaskSuccess"}),
        (
            "SweepRole",
            {"StartExecution", "DescribeExecution", "StopExecution", "SendTaskSuccess", "ListStateMachines", "DeleteStateMachine"},
        ),
        ("AwaitSignalRole", {"SendTaskSuccess"}),
        ("PublishRole", {"CreateStateMachine", "DescribeStateMachine"}),
    ],
)
def test_a_function_reaches_only_the_machines_of_its_stack(resources: Resources, role: str, states: set[str]) -> None:
    actions = actions_of(resources, role)
    assert {action for action in actions if action.startswith("states:")} == {f"states:{name}" for name in states}
    assert ("lambda:InvokeFunction" in actions) == ("states:StartExecution" in actions)
    for statement in rights_of(resources, role):
        if statement["Action"][0].startswith("lambda:"):
            name = resources["Publish"]["Properties"]["FunctionName"]["Fn::Sub"]
            assert statement["Resource"] == [{"Fn::Sub": f"arn:${{AWS::Partition}}:lambda:{ACCOUNT}:function:{name}"}]


def test_the_secret_is_read_by_the_one_function_that_sees_tokens(resources: Resources) -> None:
    assert {role for role in ROLES.values() if "secretsmanager:GetSecretValue" in actions_of(resources, role)} == {"ApiHandlerRole"}


def test_who_keeps_tokens_of_tasks_may_only_touch_executions(resources: Resources) -> None:
    (right,) = [statement for statement in rights_of(resources, "AwaitSignalRole") if statement["Action"][0].startswith("dynamodb:")]
    assert right["Action"] == ["dynamodb:BatchGetItem", "dynamodb:UpdateItem"]
    assert right["Resource"] == [{"Fn::GetAtt": ["ExecutionsTable", "Arn"]}]


def test_what_may_be_set_is_a_parameter_with_the_default_of_the_settings(template: dict[str, Any], variables: dict[str, Any]) -> None:
    """A stack that is made without a word has the settings of a machine without these variables."""
    parameters = template["Parameters"]
    settable = {name: value["Ref"] for name, value in variables.items() if isinstance(value, dict) and value.get("Ref") in parameters}
    assert {"TOKEN_HOURS", "SESSION_DAYS", "JWKS_URL", "JWKS_ISSUER", "JWKS_AUDIENCE", "JWKS_ALGORITHMS"} <= set(settable)
    required = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "us-east-1", "STEPBASE_SECRET_ARN": "arn"}
    defaults = {name: str(parameters[parameter]["Default"]) for name, parameter in settable.items()}
    assert read_settings(required | defaults) == read_settings(required)


def test_no_right_has_a_wildcard_but_indexes_machines_by_stack_and_tokens_of_tasks(resources: Resources) -> None:
    """Ending a wait is a right to no resource: IAM knows none for it, and the token, which nobody can guess, is the proof. Nor does
    it know one for listing machines."""
    for statement in statements(resources):
        assert isinstance(statement["Action"], list)
        assert not [action for action in statement["Action"] if "*" in action]
        assert "NotAction" not in statement
        texts = [json.dumps(resource) for resource in statement["Resource"]]
        allowed = {json.dumps({"Fn::Sub": f"${{{table}.Arn}}/index/*"}) for table in TABLES} | {
            json.dumps(MACHINES),
            json.dumps(EXECUTIONS),
        }
        allowed |= {json.dumps("*")} if statement["Action"] in (["states:SendTaskSuccess"], ["states:ListStateMachines"]) else set()
        assert not [text for text in texts if "*" in text and text not in allowed]


def test_the_database_rights_are_those_of_the_store_on_the_two_tables_only(resources: Resources) -> None:
    rights = [statement for statement in statements(resources) if statement["Action"][0].startswith("dynamodb:")]
    used = {"BatchGetItem", "Query", "ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"}
    assert {action for statement in rights for action in statement["Action"]} == {f"dynamodb:{name}" for name in used}
    named = [resource for statement in rights for resource in statement["Resource"]]
    assert {(r.get("Fn::GetAtt") or r["Fn::Sub"].removeprefix("${").split("."))[0] for r in named} == TABLES


def test_mail_and_notifications_may_be_sent_from_one_identity_and_to_one_topic_only(
    resources: Resources, variables: dict[str, Any]
) -> None:
    senders = {role for role in ROLES.values() if actions_of(resources, role) & {"ses:SendEmail", "sns:Publish"}}
    assert senders == {"ApiHandlerRole", "RunSegmentRole"}
    rights = {statement["Action"][0]: statement for statement in statements(resources)}
    identity = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/${MailIdentity}"
    assert (rights["ses:SendEmail"]["Action"], rights["ses:SendEmail"]["Resource"]) == (["ses:SendEmail"], [{"Fn::Sub": identity}])
    assert (rights["sns:Publish"]["Action"], rights["sns:Publish"]["Resource"]) == (["sns:Publish"], [{"Ref": "NotificationTopic"}])
    assert variables["NOTIFICATION_TOPICS"] == {"Fn::Sub": "notifications=${NotificationTopic}"}
    assert "OUTBOX_DIR" not in variables


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
for service in ("dynamodb", "secretsmanager", "sesv2", "sns", "stepfunctions", "lambda"):
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
