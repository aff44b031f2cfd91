"""The packaged template becomes a stack: translated as AWS translates it, and made by moto's CloudFormation.

moto makes no resource of some types; those are left out here and checked in the document (`test_template.py`, `test_rights.py`).
Sources: https://github.com/aws/serverless-application-model and https://docs.getmoto.org/en/latest/docs/services/cloudformation.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.config import read_settings
from infra.functions import ASYNCHRONOUS, function_names, logical_id
from infra.stages import ROOT
from tests.infra.statements import ROLES, Resources, of_type

STACK, REGION = "stepbase-dev", "us-east-1"
NOT_IN_MOTO = (
    "AWS::ApiGateway::",
    "AWS::CloudWatch::Alarm",
    "AWS::Scheduler::",
    "AWS::SecretsManager::",
    "AWS::SQS::QueuePolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SNS::Subscription",
    "AWS::Lambda::EventInvokeConfig",
)


def known_to_moto(translated: dict[str, Any]) -> dict[str, Any]:
    """Without the types that moto has not, and with a text wherever one of those is named."""
    resources = translated["Resources"]
    missing = {name for name, resource in resources.items() if resource["Type"].startswith(NOT_IN_MOTO)}
    kept = {name: resource for name, resource in resources.items() if name not in missing}
    return {**translated, "Outputs": {}, "Resources": _without(kept, missing)}


def _without(value: Any, missing: set[str]) -> Any:
    if isinstance(value, dict):
        if value.get("Ref") in missing or value.get("Fn::GetAtt", [""])[0] in missing:
            return "left-out"
        return {key: _without(item, missing) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, missing) for item in value]
    if isinstance(value, str):
        for name in missing:
            value = value.replace(f"${{{name}}}", name)
    return value


@pytest.fixture(scope="module")
def stack(translated: dict[str, Any], packaged: Path) -> Iterator[dict[str, str]]:
    """The stack's resources: physical by logical name."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        with mock_aws():
            storage, formation = boto3.client("s3"), boto3.client("cloudformation")
            storage.create_bucket(Bucket="zips")
            storage.put_object(Bucket="zips", Key="deployment.zip", Body=(packaged / "deployment.zip").read_bytes())
            storage.put_object(Bucket="zips", Key="template", Body=json.dumps(known_to_moto(translated)))
            at = "https://zips.s3.amazonaws.com/template"
            formation.create_stack(StackName=STACK, TemplateURL=at, Capabilities=["CAPABILITY_IAM"])
            assert formation.describe_stacks(StackName=STACK)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
            pages = formation.get_paginator("list_stack_resources").paginate(StackName=STACK)
            made = [resource for page in pages for resource in page["StackResourceSummaries"]]
            yield {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in made}


def test_all_that_moto_can_make_is_made(stack: dict[str, str], translated: dict[str, Any]) -> None:
    wanted = known_to_moto(translated)["Resources"]
    # The mapping of the queue has no logical name in moto's list.
    unnamed = set() if "ReceiveMessages" in stack else {"ReceiveMessages"}
    assert {name for name, resource in wanted.items() if "Condition" not in resource} - unnamed == set(stack) - {""}
    assert len(stack) > 40


def test_the_tables_are_there_with_their_indexes(stack: dict[str, str]) -> None:
    client = boto3.client("dynamodb")
    for name, table in json.loads((ROOT / "infra" / "tables.json").read_text()).items():
        found = client.describe_table(TableName=stack[name])["Table"]
        for kind in ("LocalSecondaryIndexes", "GlobalSecondaryIndexes"):
            wanted = {index["IndexName"] for index in table["Properties"].get(kind, [])}
            assert {index["IndexName"] for index in found.get(kind, [])} == wanted
        assert found["DeletionProtectionEnabled"] is False  # of the stage dev


def test_every_function_is_there_runs_as_its_role_and_reads_its_settings(stack: dict[str, str]) -> None:
    client = boto3.client("lambda")
    for name in function_names():
        found = client.get_function_configuration(FunctionName=stack[logical_id(name)])
        assert found["Role"].endswith(f":role/{stack[ROLES[logical_id(name)]]}")
        settings = read_settings({"AWS_REGION": REGION} | {key: str(value) for key, value in found["Environment"]["Variables"].items()})
        assert (settings.records_table, settings.stage) == (stack["RecordsTable"], STACK)


def test_every_role_may_what_its_policy_says(stack: dict[str, str]) -> None:
    client = boto3.client("iam")
    for role in [*ROLES.values(), "StateMachineRole", "ScheduleRole"]:
        names = client.list_role_policies(RoleName=stack[role])["PolicyNames"]
        assert len(names) == (2 if role in ROLES.values() else 1)
        for policy in names:
            document = client.get_role_policy(RoleName=stack[role], PolicyName=policy)["PolicyDocument"]
            text = document if isinstance(document, str) else json.dumps(document)
            assert "arn:aws:" in text
            assert not [unresolved for unresolved in ("${", "Fn::", "Ref") if unresolved in text]


def test_topics_and_queues_are_there_and_dead_letters_go_where_they_should(stack: dict[str, str]) -> None:
    topics = {topic["TopicArn"] for topic in boto3.client("sns").list_topics()["Topics"]}
    assert {stack[name] for name in ("NotificationTopic", "IncomingTopic", "FailedRunsTopic", "AlarmTopic")} == topics
    client = boto3.client("sqs")
    attributes = {
        name: client.get_queue_attributes(QueueUrl=stack[name], AttributeNames=["All"])["Attributes"]
        for name in ("IncomingQueue", "IncomingDeadLetters", "ScheduleDeadLetters", "FunctionDeadLetters")
    }
    redrive = json.loads(attributes["IncomingQueue"]["RedrivePolicy"])
    assert redrive == {"deadLetterTargetArn": attributes["IncomingDeadLetters"]["QueueArn"], "maxReceiveCount": 8}


def test_rules_call_their_functions_and_a_queue_feeds_one(stack: dict[str, str]) -> None:
    client, functions = boto3.client("events"), boto3.client("lambda")
    rules = {rule["Name"]: rule for rule in client.list_rules()["Rules"]}
    assert set(rules) == {f"{STACK}-sweep", f"{STACK}-machine-ended"}
    called = {name: client.list_targets_by_rule(Rule=name)["Targets"] for name in rules}
    expressions = {target["Arn"].rpartition(":")[2]: rules[name] for name, (target,) in called.items()}
    assert expressions[stack["Sweep"]]["ScheduleExpression"] == "rate(1 minute)"
    pattern = json.loads(expressions[stack["MachineEnded"]]["EventPattern"])
    assert pattern["detail"]["status"] == ["FAILED", "TIMED_OUT", "ABORTED"]
    (prefix,) = pattern["detail"]["stateMachineArn"]
    assert prefix == {"prefix": f"arn:aws:states:{REGION}:123456789012:stateMachine:{STACK}-"}
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    assert mapping["FunctionArn"].endswith(f":{stack['Receive']}")
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_logs_are_kept_as_long_as_the_stage_says(stack: dict[str, str]) -> None:
    groups = {group["logGroupName"]: group["retentionInDays"] for group in boto3.client("logs").describe_log_groups()["logGroups"]}
    assert groups == {stack[f"{name}Logs"]: 14 for name in ROLES}


def test_what_moto_has_not_is_in_the_translated_document(translated: dict[str, Any]) -> None:
    resources: Resources = translated["Resources"]
    left_out = {resource["Type"] for resource in resources.values() if resource["Type"].startswith(NOT_IN_MOTO)}
    assert {
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Stage",
        "AWS::Scheduler::ScheduleGroup",
        "AWS::SecretsManager::Secret",
    } <= left_out
    invoked = of_type(resources, "AWS::Lambda::EventInvokeConfig").values()
    assert {config["Properties"]["FunctionName"]["Ref"] for config in invoked} == {logical_id(name) for name in ASYNCHRONOUS}
    (deployed,) = of_type(resources, "AWS::ApiGateway::Stage").values()
    assert deployed["Properties"]["StageName"] == "dev"
    (subscription,) = [found for found in of_type(resources, "AWS::SNS::Subscription").values() if found["Properties"]["Protocol"] == "sqs"]
    assert subscription["Properties"]["Endpoint"] == {"Fn::GetAtt": ["IncomingQueue", "Arn"]}
