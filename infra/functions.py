"""What every Lambda function has alike: its name, its log group, its tracing, two alarms, a queue for what failed when nobody waited.

The functions are those of ``.chalice/config.json`` (memory, timeout and rights are there); what one has of its own is in
``functions.json``. Sources: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-function.html and
https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

import json
from typing import Any

from infra.stages import ROOT

Resources = dict[str, Any]

API = "api_handler"
WHAT_TO_DO = "What to do: docs/operations.md, section 'When an alarm rings'"
# Who invokes these does not wait for the answer: what fails goes to the queue, after two more tries.
ASYNCHRONOUS = {
    "sweep": "FunctionDeadLetters",
    "machine_ended": "FunctionDeadLetters",
    "trigger": "FunctionDeadLetters",
    "fire": "ScheduleDeadLetters",
}
# Policies of several functions, and the services for whose sake a function has one.
COMMON_RIGHTS: dict[str, tuple[str, ...]] = {
    "TracingRights": (),
    "AuditIsKept": (),
    "TableKeyRights": ("dynamodb",),
    "MessageKeyRights": ("sns", "sqs"),
    "SecretKeyRights": ("secretsmanager",),
}
# A minute's work that is an hour old is of no use any more: the next minute has done it. A schedule's time is, for longer.
OLDEST_SECONDS = {"sweep": 300, "machine_ended": 3_600, "trigger": 21_600, "fire": 3_600}
TRIES_AGAIN = {"sweep": 0, "machine_ended": 2, "trigger": 2, "fire": 2}


def function_names() -> list[str]:
    """The functions as Chalice calls them: ``api_handler``, ``run_segment`` …"""
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    return sorted(config["lambda_functions"])


def logical_id(name: str) -> str:
    """The function's name in the template: ``run_segment`` is ``RunSegment``; the API's is ``APIHandler``."""
    return "APIHandler" if name == API else "".join(part.capitalize() for part in name.split("_"))


def role_of(name: str) -> str:
    """The name of the function's role in the template: ``RunSegmentRole``."""
    return "".join(part.capitalize() for part in name.split("_")) + "Role"


def every_function() -> dict[str, Resources]:
    """Log groups, alarms and common properties of all functions, and what ``functions.json`` says of one."""
    own: Resources = json.loads((ROOT / "infra" / "functions.json").read_text())
    resources: Resources = {}
    for name in function_names():
        function = _function(name)
        function["Properties"] |= own.get(name, {})
        resources |= {logical_id(name): function, f"{logical_id(name)}Logs": _log_group()} | _alarms(name)
    return {"Resources": resources | {policy: {"Properties": {"Roles": _roles(services)}} for policy, services in COMMON_RIGHTS.items()}}


def _roles(services: tuple[str, ...]) -> list[Resources]:
    """The roles of the functions whose own policy has an action of one of these services; of all, where none is named."""
    return [{"Ref": role_of(name)} for name in function_names() if not services or _services_of(name) & {*services}]


def _services_of(name: str) -> set[str]:
    policy = json.loads((ROOT / ".chalice" / f"policy-{name}.json").read_text())
    return {action.partition(":")[0] for statement in policy["Statement"] for action in statement["Action"]}


def _function(name: str) -> Resources:
    reserved = ("ApiReserved", "ApiReservedConcurrency") if name == API else ("OthersReserved", "OtherReservedConcurrency")
    properties: Resources = {
        "ReservedConcurrentExecutions": _chosen(*reserved),
        "LoggingConfig": {"LogGroup": {"Ref": f"{logical_id(name)}Logs"}},
        "Tracing": {"Fn::If": ["Traced", "Active", "PassThrough"]},
    }
    if name != API:
        properties["FunctionName"] = {"Fn::Sub": f"${{AWS::StackName}}-{name.replace('_', '-')}"}
    if name in ASYNCHRONOUS:
        properties["EventInvokeConfig"] = {
            "MaximumEventAgeInSeconds": OLDEST_SECONDS[name],
            "MaximumRetryAttempts": TRIES_AGAIN[name],
            "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": {"Fn::GetAtt": [ASYNCHRONOUS[name], "Arn"]}}},
        }
    return {"Properties": properties}


def _log_group() -> Resources:
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
        "Properties": {"RetentionInDays": {"Ref": "LogRetentionDays"}, "KmsKeyId": _chosen("OwnKey", "KmsKeyArn")},
    }


def _chosen(condition: str, parameter: str) -> Resources:
    return {"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]}


def _alarms(name: str) -> Resources:
    """It raised; it could not run because too many run. One of each within five minutes is enough to ring."""
    what = {"Errors": "raised an error", "Throttles": "was not let run: too many functions ran at once"}
    return {f"{logical_id(name)}{metric}": _alarm(name, metric, said) for metric, said in what.items()}


def _alarm(name: str, metric: str, said: str) -> Resources:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmDescription": f"The function {name.replace('_', '-')} {said}. {WHAT_TO_DO}",
            "Namespace": "AWS/Lambda",
            "MetricName": metric,
            "Dimensions": [{"Name": "FunctionName", "Value": {"Ref": logical_id(name)}}],
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmTopic"}],
            "OKActions": [{"Ref": "AlarmTopic"}],
        },
    }
