"""No function may do more than it does: exact actions on exact resources, and a list of what IAM cannot say more exactly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain.keys import audited_record
from infra.stages import LONGEST_STACK
from tests.infra.statements import ACCOUNT, ROLES, Resources, actions_of, named, of_type, rights_of, statements

MACHINES = named("states", "stateMachine:${AWS::StackName}-*")
EXECUTIONS = named("states", "execution:${AWS::StackName}-*:*")
SCHEDULES = named("scheduler", "schedule/${ScheduleGroup}/${AWS::StackName}-*")
# Each resource with a wildcard that a right may name, and why.
WILDCARDS = {
    "indexes": [{"Fn::Sub": f"${{{table}.Arn}}/index/*"} for table in ("RecordsTable", "ExecutionsTable")],
    "a machine for every version, named after the stack": [MACHINES],
    "their executions": [EXECUTIONS],
    "a schedule for every version, named after the stack, in its group": [SCHEDULES],
}
# Rights that IAM knows no resource for, and why they are harmless.
WITHOUT_RESOURCE = {
    ("states:SendTaskSuccess",): "the token, which nobody can guess, is the proof",
    ("states:ListStateMachines",): "names only",
    ("scheduler:ListSchedules",): "names only",
    ("xray:PutTelemetryRecords", "xray:PutTraceSegments"): "traces are only written",
}


def test_no_right_has_a_wildcard_that_is_not_in_the_list(resources: Resources) -> None:
    allowed = {json.dumps(resource) for listed in WILDCARDS.values() for resource in listed}
    for statement in statements(resources):
        assert isinstance(statement["Action"], list)
        assert not [action for action in statement["Action"] if "*" in action]
        assert not {"NotAction", "NotResource"} & set(statement)
        if statement["Resource"] == ["*"]:
            assert tuple(statement["Action"]) in WITHOUT_RESOURCE
        else:
            texts = [json.dumps(resource) for resource in statement["Resource"]]
            assert not [text for text in texts if "*" in text and text not in allowed]


def test_no_line_of_the_list_is_there_for_nothing(resources: Resources) -> None:
    used = [statement for statement in statements(resources)]
    named_ = {json.dumps(resource) for statement in used for resource in statement["Resource"]}
    assert {json.dumps(resource) for listed in WILDCARDS.values() for resource in listed} <= named_
    assert set(WITHOUT_RESOURCE) == {tuple(statement["Action"]) for statement in used if statement["Resource"] == ["*"]}


def test_a_role_may_be_taken_only_by_the_service_that_it_is_for(resources: Resources) -> None:
    services = {"ScheduleRole": "scheduler.amazonaws.com", "StateMachineRole": "states.amazonaws.com"}
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        (trust,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        service = trust["Principal"]["Service"]
        assert service in (services.get(name, "lambda.amazonaws.com"), [services.get(name)])
        assert set(trust["Principal"]) == {"Service"}
    assert set(of_type(resources, "AWS::IAM::Role")) == {*ROLES.values(), *services}


def test_only_one_function_makes_machines_and_gives_them_their_role(resources: Resources) -> None:
    assert {name for name in ROLES.values() if "states:CreateStateMachine" in actions_of(resources, name)} == {"PublishRole"}
    own = resources["Publish"]["Properties"]["Environment"]["Variables"]
    assert own == {"PUBLISH_FUNCTION": "", "STATE_MACHINE_ROLE_ARN": {"Fn::GetAtt": ["StateMachineRole", "Arn"]}}


def test_a_role_is_passed_only_to_the_service_that_runs_as_it(resources: Resources) -> None:
    given = {"StateMachineRole": "states.amazonaws.com", "ScheduleRole": "scheduler.amazonaws.com"}
    passes = [statement for statement in statements(resources) if "iam:PassRole" in statement["Action"]]
    assert passes
    for statement in passes:
        ((role, attribute),) = [resource["Fn::GetAtt"] for resource in statement["Resource"]]
        assert (statement["Action"], attribute) == (["iam:PassRole"], "Arn")
        assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": given[role]}}


def test_machines_may_call_their_two_functions_and_nothing_else(resources: Resources) -> None:
    (only,) = rights_of(resources, "StateMachineRole")
    assert only["Action"] == ["lambda:InvokeFunction"]
    assert only["Resource"] == [{"Fn::GetAtt": ["RunSegment", "Arn"]}, {"Fn::GetAtt": ["AwaitSignal", "Arn"]}]
    (trust,) = resources["StateMachineRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["ArnLike"]["aws:SourceArn"] == MACHINES


def test_schedules_may_call_one_function_and_leave_what_they_could_not_deliver(resources: Resources) -> None:
    call, leave = rights_of(resources, "ScheduleRole")
    assert (call["Action"], call["Resource"]) == (["lambda:InvokeFunction"], [named("lambda", "function:${AWS::StackName}-fire")])
    assert (leave["Action"], leave["Resource"]) == (["sqs:SendMessage"], [{"Fn::GetAtt": ["ScheduleDeadLetters", "Arn"]}])
    (trust,) = resources["ScheduleRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceArn"] == named("scheduler", "schedule-group/${AWS::StackName}")


@pytest.mark.parametrize(
    ("role", "states"),
    [
        ("ApiHandlerRole", {"StartExecution", "StopExecution", "SendTaskSuccess"}),
        (
            "SweepRole",
            {"StartExecution", "DescribeExecution", "StopExecution", "SendTaskSuccess", "ListStateMachines", "DeleteStateMachine"},
        ),
        ("AwaitSignalRole", {"SendTaskSuccess"}),
        ("PublishRole", {"CreateStateMachine", "DescribeStateMachine"}),
        ("MachineEndedRole", {"StartExecution", "StopExecution", "SendTaskSuccess"}),
    ],
)
def test_a_function_does_with_machines_what_it_is_for(resources: Resources, role: str, states: set[str]) -> None:
    assert {action for action in actions_of(resources, role) if action.startswith("states:")} == {f"states:{name}" for name in states}


@pytest.mark.parametrize("role", sorted(ROLES.values()))
def test_functions_call_no_other_function_than_publish(resources: Resources, role: str) -> None:
    """It makes a version's machine anew when that is gone; so who starts machines may call it."""
    calls = [statement["Resource"] for statement in rights_of(resources, role) if "lambda:InvokeFunction" in statement["Action"]]
    assert calls in ([], [[named("lambda", "function:${AWS::StackName}-publish")]])
    assert bool(calls) == ("states:StartExecution" in actions_of(resources, role))


def test_the_secret_is_read_by_the_functions_that_see_tokens_only(resources: Resources) -> None:
    assert {role for role in ROLES.values() if "secretsmanager:GetSecretValue" in actions_of(resources, role)} == {"ApiHandlerRole"}


def test_no_function_changes_or_removes_an_entry_of_the_audit_log(resources: Resources) -> None:
    policy = resources["AuditIsKept"]["Properties"]
    assert "Condition" not in resources["AuditIsKept"]
    assert {role["Ref"] for role in policy["Roles"]} == set(ROLES.values())
    (denied,) = policy["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Action"]) == ("Deny", ["dynamodb:DeleteItem", "dynamodb:UpdateItem"])
    assert denied["Resource"] == [{"Fn::GetAtt": ["ExecutionsTable", "Arn"]}]
    pattern = audited_record("samples", 91).removesuffix("samples#91") + "*"
    assert denied["Condition"] == {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": [pattern]}}
    assert [statement for statement in statements(resources) if statement["Effect"] == "Deny"] == [denied]


def test_a_key_of_ones_own_is_used_through_the_services_that_a_role_uses_and_by_no_other_role(resources: Resources) -> None:
    """Lambda itself decrypts the functions' variables, by a grant that it makes when a function is deployed."""
    services = {"TableKeyRights": {"dynamodb"}, "MessageKeyRights": {"sns", "sqs"}, "SecretKeyRights": {"secretsmanager"}}
    for name, used in services.items():
        roles = {role for role in ROLES.values() if {action.partition(":")[0] for action in actions_of(resources, role)} & used}
        assert {role["Ref"] for role in resources[name]["Properties"]["Roles"]} == roles
    assert {"Ref": "PublishRole"} not in [role for name in services for role in resources[name]["Properties"]["Roles"]]
    assert resources["ScheduleKeyRights"]["Properties"]["Roles"] == [{"Ref": "ScheduleRole"}]
    for name, used in (services | {"ScheduleKeyRights": {"sqs"}}).items():
        assert resources[name]["Condition"] == "OwnKey"
        for statement in resources[name]["Properties"]["PolicyDocument"]["Statement"]:
            assert statement["Resource"] == [{"Ref": "KmsKeyArn"}]
            via = [service["Fn::Sub"] for service in statement["Condition"]["StringEquals"]["kms:ViaService"]]
            assert via == [f"{service}.${{AWS::Region}}.${{AWS::URLSuffix}}" for service in sorted(used)]


def test_only_the_two_rules_may_leave_what_they_could_not_deliver(resources: Resources, translated: dict[str, Any]) -> None:
    rules = [rule["Properties"]["Name"]["Fn::Sub"] for rule in of_type(translated["Resources"], "AWS::Events::Rule").values()]
    assert sorted(rules) == ["${AWS::StackName}-machine-ended", "${AWS::StackName}-sweep"]
    assert max(len(rule.replace("${AWS::StackName}", "s" * LONGEST_STACK)) for rule in rules) <= 64
    (statement,) = resources["FunctionDeadLettersPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    sources = statement["Condition"]["ArnEquals"]["aws:SourceArn"]
    assert sorted(source["Fn::Sub"] for source in sources) == [named("events", f"rule/{rule}")["Fn::Sub"] for rule in sorted(rules)]


def test_who_keeps_tokens_of_tasks_may_only_touch_executions(resources: Resources) -> None:
    (right,) = [statement for statement in rights_of(resources, "AwaitSignalRole") if statement["Action"][0].startswith("dynamodb:")]
    assert right["Action"] == ["dynamodb:UpdateItem"]
    assert right["Resource"] == [{"Fn::GetAtt": ["ExecutionsTable", "Arn"]}]


def test_the_database_rights_are_those_of_the_store_on_the_two_tables_only(resources: Resources) -> None:
    rights = [statement for statement in statements(resources) if statement["Action"][0].startswith("dynamodb:")]
    used = {"BatchGetItem", "Query", "ConditionCheckItem", "DeleteItem", "PutItem", "UpdateItem"}
    assert {action for statement in rights for action in statement["Action"]} == {f"dynamodb:{name}" for name in used}
    targets = [resource for statement in rights for resource in statement["Resource"]]
    assert {(r.get("Fn::GetAtt") or r["Fn::Sub"].removeprefix("${").split("."))[0] for r in targets} == {"RecordsTable", "ExecutionsTable"}


def test_mail_goes_out_from_one_identity_and_messages_to_topics_of_the_stack_only(resources: Resources, variables: dict[str, Any]) -> None:
    identity = {"Fn::Sub": f"arn:${{AWS::Partition}}:ses:{ACCOUNT}:identity/${{MailIdentity}}"}
    for statement in statements(resources):
        if "ses:SendEmail" in statement["Action"]:  # and for attachments, which may count as raw: see needs.py
            assert (statement["Action"], statement["Resource"]) == (["ses:SendEmail", "ses:SendRawEmail"], [identity])
        if "sns:Publish" in statement["Action"]:
            assert {resource["Ref"] for resource in statement["Resource"]} <= {"NotificationTopic", "FailedRunsTopic"}
    assert variables["NOTIFICATION_TOPICS"] == {"Fn::Sub": "notifications=${NotificationTopic}"}


def test_policies_of_queues_and_topics_let_in_one_service_on_behalf_of_this_account_only(resources: Resources) -> None:
    kinds = ("AWS::SQS::QueuePolicy", "AWS::SNS::TopicPolicy")
    policies = [policy["Properties"]["PolicyDocument"] for kind in kinds for policy in of_type(resources, kind).values()]
    assert len(policies) >= 4
    for document in policies:
        for statement in document["Statement"]:
            assert set(statement["Principal"]) == {"Service"}
            conditions = json.dumps(statement["Condition"])
            assert "aws:SourceArn" in conditions or "aws:SourceAccount" in conditions
            assert statement["Action"] in (["sqs:SendMessage"], ["sns:Publish"])
