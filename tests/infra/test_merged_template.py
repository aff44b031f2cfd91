"""What is deployed: one API, its functions, two tables, one secret, queues, topics, schedules; each as safe as its stage asks for."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chalicelib.config import read_settings
from infra.functions import ASYNCHRONOUS, function_names, logical_id
from infra.stages import ROOT, StageError, checked_stack, checked_stage, stages
from infra.template import merge, merged_template
from tests.infra.statements import ROLES, Resources, actions_of, named, of_type, rights_of

TABLES = {"RecordsTable", "ExecutionsTable"}
DEAD_LETTERS = {"IncomingDeadLetters", "ScheduleDeadLetters", "FunctionDeadLetters"}
KEPT = TABLES | DEAD_LETTERS | {"IncomingQueue", "SigningSecret", "NotificationTopic", "IncomingTopic", "FailedRunsTopic", "AlarmTopic"}


def test_cfn_lint_finds_nothing(packaged: Path) -> None:
    ran = subprocess.run([Path(sys.executable).parent / "cfn-lint", packaged / "sam.json"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_tables_are_those_of_the_one_definition(resources: Resources) -> None:
    definition = json.loads((ROOT / "infra" / "tables.json").read_text())
    deployed = of_type(resources, "AWS::DynamoDB::Table")
    assert set(deployed) == set(definition) == TABLES
    for name, table in definition.items():
        assert merge(deployed[name]["Properties"], table["Properties"]) == deployed[name]["Properties"]


@pytest.mark.parametrize("table", sorted(TABLES))
@pytest.mark.parametrize("stage", sorted(stages()))
def test_a_table_is_encrypted_and_can_be_restored(stage: str, table: str) -> None:
    properties = merged_template(stage)["Resources"][table]["Properties"]
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
    assert properties["SSESpecification"]["SSEEnabled"]
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_production_keeps_its_data_whatever_becomes_of_the_stack_and_development_leaves_nothing() -> None:
    for stage, policy in (("prod", "Retain"), ("dev", "Delete"), ("a-new-one", "Retain")):
        resources = merged_template(stage)["Resources"] if stage in stages() else _of_new_stage(stage)
        assert {name for name in KEPT if resources[name]["UpdateReplacePolicy"] == policy} == KEPT
        assert {name for name in TABLES if resources[name]["DeletionPolicy"] == policy} == TABLES
        others = "RetainExceptOnCreate" if policy == "Retain" else policy  # a table that is protected cannot be taken back
        assert {resources[name]["DeletionPolicy"] for name in KEPT - TABLES} == {others}
        protected = {name for name in TABLES if resources[name]["Properties"]["DeletionProtectionEnabled"]}
        assert protected == (TABLES if policy == "Retain" else set())


def _of_new_stage(stage: str) -> Resources:
    found = stages()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("infra.template.stages", lambda: found | {stage: {"api_gateway_stage": stage}})
        resources: Resources = merged_template(stage)["Resources"]
    return resources


def test_every_function_has_its_own_role_and_its_own_log_group(resources: Resources) -> None:
    functions = of_type(resources, "AWS::Serverless::Function")
    assert {name: function["Properties"]["Role"] for name, function in functions.items()} == {
        name: {"Fn::GetAtt": [role, "Arn"]} for name, role in ROLES.items()
    }
    for name, function in functions.items():
        assert function["Properties"]["LoggingConfig"] == {"LogGroup": {"Ref": f"{name}Logs"}}
        assert resources[f"{name}Logs"]["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}
        (own,) = [statement for statement in rights_of(resources, ROLES[name]) if statement["Action"][0].startswith("logs:")]
        assert own["Resource"] == [{"Fn::GetAtt": [f"{name}Logs", "Arn"]}]


def test_what_is_said_of_single_functions_is_said_of_functions_that_there_are() -> None:
    said = json.loads((ROOT / "infra" / "functions.json").read_text())
    assert (set(said) | set(ASYNCHRONOUS)) - set(function_names()) == set()


def test_names_and_schedules_of_the_longest_stack_have_at_most_64_characters(resources: Resources) -> None:
    longest = "s" * 34
    assert checked_stack(longest) == longest
    names = [function["Properties"].get("FunctionName") for function in of_type(resources, "AWS::Serverless::Function").values()]
    assert max(len(name["Fn::Sub"].replace("${AWS::StackName}", longest)) for name in names if name) <= 64
    assert len(f"{longest}-{'9' * 16}-{'f' * 12}") == 64  # <stack>-<version>-<hash>


def test_the_functions_know_their_tables_and_their_secret(variables: dict[str, Any]) -> None:
    assert variables["RECORDS_TABLE"] == {"Ref": "RecordsTable"}
    assert variables["EXECUTIONS_TABLE"] == {"Ref": "ExecutionsTable"}
    assert variables["STEPBASE_SECRET_ARN"] == {"Ref": "SigningSecret"}
    assert not {"STEPBASE_SECRET", "OUTBOX_DIR"} & set(variables)


def test_a_function_may_run_as_long_as_its_caller_waits(resources: Resources) -> None:
    """29 seconds behind the gateway; walks of a machine have the time of a slow request or two; a sweep ends before the next."""
    functions = of_type(resources, "AWS::Serverless::Function")
    limits = {name: (function["Properties"]["MemorySize"], function["Properties"]["Timeout"]) for name, function in functions.items()}
    assert limits["APIHandler"] == (1024, 29)
    assert limits["RunSegment"] == (1024, 300)
    assert limits["Sweep"] == (1024, 60)
    assert all(memory >= 512 and seconds >= 29 for memory, seconds in limits.values())
    (event,) = resources["Sweep"]["Properties"]["Events"].values()
    assert (event["Type"], event["Properties"]["Schedule"]) == ("Schedule", "rate(1 minute)")


def test_what_machines_and_schedules_are_told_are_the_functions_that_there_are(resources: Resources, variables: dict[str, Any]) -> None:
    for function, variable in (("RunSegment", "RUN_FUNCTION_ARN"), ("AwaitSignal", "WAIT_FUNCTION_ARN"), ("Fire", "SCHEDULE_TARGET_ARN")):
        assert variables[variable] == named("lambda", f"function:{resources[function]['Properties']['FunctionName']['Fn::Sub']}")
    assert variables["PUBLISH_FUNCTION"] == resources["Publish"]["Properties"]["FunctionName"]
    assert variables["STATE_MACHINE_ARN_PREFIX"] == named("states", "stateMachine:")
    assert variables["STEPBASE_STAGE"] == {"Ref": "AWS::StackName"}  # what the names of machines begin with, and the rights to them
    assert resources["ScheduleGroup"]["Properties"]["Name"] == {"Ref": "AWS::StackName"}


def test_what_may_be_set_is_a_parameter_with_the_default_of_the_settings(template: dict[str, Any], variables: dict[str, Any]) -> None:
    """A stack that is made without a word has the settings of a machine without these variables."""
    parameters = template["Parameters"]
    settable = {name: value["Ref"] for name, value in variables.items() if isinstance(value, dict) and value.get("Ref") in parameters}
    assert {"TOKEN_HOURS", "SESSION_DAYS", "JWKS_URL", "JWKS_ISSUER", "JWKS_AUDIENCE", "JWKS_ALGORITHMS", "LOG_LEVEL"} <= set(settable)
    required = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "us-east-1", "STEPBASE_SECRET_ARN": "arn"}
    defaults = {name: str(parameters[parameter]["Default"]) for name, parameter in settable.items()}
    assert read_settings(required | defaults) == read_settings(required)


def test_what_was_made_from_the_template_alone_are_settings(variables: dict[str, Any], template: dict[str, Any]) -> None:
    """Every variable, put together as CloudFormation does it, is one that the product can read."""
    read = read_settings(
        {"AWS_REGION": "us-east-1"} | {name: _resolved(value, template["Parameters"]) for name, value in variables.items()}
    )
    assert read.machines is not None
    assert read.stage == "stepbase-dev"
    assert set(read.notification_topics) == {"notifications"}


def _resolved(value: Any, parameters: dict[str, Any]) -> str:
    pseudo = {"AWS::StackName": "stepbase-dev", "AWS::Region": "us-east-1", "AWS::AccountId": "123456789012", "AWS::Partition": "aws"}
    if "Ref" in value:
        name = value["Ref"]
        return str(parameters[name]["Default"]) if name in parameters else pseudo.get(name) or _reference(name)
    if "Fn::GetAtt" in value:
        name = value["Fn::GetAtt"][0]
        return f"arn:aws:iam::123456789012:role/{name}" if name.endswith("Role") else f"arn:aws:sqs:us-east-1:123456789012:{name}"
    text: str = value["Fn::Sub"]
    for name in [part.partition("}")[0] for part in text.split("${")[1:]]:
        text = text.replace(f"${{{name}}}", pseudo.get(name) or _reference(name))
    return text


def _reference(name: str) -> str:
    return f"arn:aws:sns:us-east-1:123456789012:{name}" if name.endswith("Topic") else f"stepbase-dev-{name.lower()}"


def test_every_asynchronous_edge_has_a_queue_for_what_cannot_be_delivered(resources: Resources) -> None:
    for name, function in of_type(resources, "AWS::Serverless::Function").items():
        for event in function["Properties"].get("Events", {}).values():
            if event["Type"] == "SQS":
                queue = resources[event["Properties"]["Queue"]["Fn::GetAtt"][0]]["Properties"]
                assert queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] in DEAD_LETTERS
                assert queue["VisibilityTimeout"] >= 6 * function["Properties"]["Timeout"]
                assert event["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
            else:
                assert event["Properties"]["DeadLetterConfig"]["Arn"]["Fn::GetAtt"][0] in DEAD_LETTERS, name
                assert "EventInvokeConfig" in function["Properties"], name
    for subscription in of_type(resources, "AWS::SNS::Subscription").values():
        if subscription["Properties"]["Protocol"] == "sqs":
            assert subscription["Properties"]["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0] in DEAD_LETTERS


@pytest.mark.parametrize("function", sorted(ASYNCHRONOUS))
def test_what_failed_while_nobody_waited_goes_to_a_queue_that_the_function_may_send_to(resources: Resources, function: str) -> None:
    name = logical_id(function)
    destination = resources[name]["Properties"]["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]
    queue = {"Fn::GetAtt": [ASYNCHRONOUS[function], "Arn"]}
    assert destination == {"Type": "SQS", "Destination": queue}
    assert queue in [
        target for right in rights_of(resources, ROLES[name]) if right["Action"] == ["sqs:SendMessage"] for target in right["Resource"]
    ]


def test_every_queue_is_encrypted_and_every_dead_letter_is_kept_for_two_weeks_and_rings(resources: Resources) -> None:
    queues = of_type(resources, "AWS::SQS::Queue")
    assert set(queues) == DEAD_LETTERS | {"IncomingQueue"}
    for queue in queues.values():
        assert queue["Properties"]["SqsManagedSseEnabled"] == {"Fn::If": ["OwnKey", {"Ref": "AWS::NoValue"}, True]}
        assert queue["Properties"]["MessageRetentionPeriod"] == 14 * 86_400
    watched = {
        dimension["Value"]["Fn::GetAtt"][0]
        for alarm in of_type(resources, "AWS::CloudWatch::Alarm").values()
        for dimension in alarm["Properties"].get("Dimensions", [])
        if alarm["Properties"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
    }
    assert watched == DEAD_LETTERS


def test_every_function_rings_when_it_fails_or_is_held_back_and_every_alarm_is_told(resources: Resources) -> None:
    alarms = of_type(resources, "AWS::CloudWatch::Alarm")
    for name in ROLES:
        for metric in ("Errors", "Throttles"):
            assert alarms[f"{name}{metric}"]["Properties"]["Dimensions"] == [{"Name": "FunctionName", "Value": {"Ref": name}}]
    for alarm in alarms.values():
        assert alarm["Properties"]["AlarmActions"] == [{"Ref": "AlarmTopic"}]
        assert "When an alarm rings" in alarm["Properties"]["AlarmDescription"]


def test_a_silent_sweep_rings_and_runs_that_are_stuck_ring(resources: Resources) -> None:
    own = {name: resources[name]["Properties"] for name in ("SweepSilent", "StuckRuns")}
    for alarm in own.values():
        assert (alarm["Namespace"], alarm["Dimensions"]) == ("Stepbase", [{"Name": "stage", "Value": {"Ref": "AWS::StackName"}}])
    assert (own["SweepSilent"]["MetricName"], own["SweepSilent"]["TreatMissingData"]) == ("SweepDone", "breaching")
    assert (own["StuckRuns"]["MetricName"], own["StuckRuns"]["TreatMissingData"]) == ("StuckRuns", "notBreaching")
    slow = resources["ApiSlow"]["Properties"]
    assert (slow["ExtendedStatistic"], slow["Threshold"]) == ("p95", {"Ref": "SlowMilliseconds"})


def test_every_alarm_is_in_the_operations_guide(resources: Resources) -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()
    single = [name for name in of_type(resources, "AWS::CloudWatch::Alarm") if not name.endswith(("Errors", "Throttles"))]
    assert [name for name in single if f"`{name}`" not in guide] == []


def test_every_parameter_and_output_is_in_the_operations_guide(template: dict[str, Any]) -> None:
    guide = (ROOT / "docs" / "operations.md").read_text()
    own = {name for name in template["Outputs"] if name not in ("RestAPIId", "APIHandlerName", "APIHandlerArn")}
    assert [name for name in sorted({*template["Parameters"], *own}) if f"`{name}`" not in guide] == []


def test_the_secret_is_made_by_aws_and_long_enough(resources: Resources) -> None:
    (secret,) = of_type(resources, "AWS::SecretsManager::Secret").values()
    assert secret["Properties"]["GenerateSecretString"]["PasswordLength"] >= 48
    assert "SecretString" not in secret["Properties"]


def test_what_costs_more_or_needs_the_account_is_off_until_it_is_chosen(template: dict[str, Any]) -> None:
    defaults = {name: parameter["Default"] for name, parameter in template["Parameters"].items()}
    off = {"Tracing": "0", "AccessLogs": "0", "ApiReservedConcurrency": 0, "OtherReservedConcurrency": 0, "KmsKeyArn": "", "AlarmEmail": ""}
    assert {name: defaults[name] for name in off} == off
    for function in of_type(template["Resources"], "AWS::Serverless::Function").values():
        assert function["Properties"]["Tracing"] == {"Fn::If": ["Traced", "Active", "PassThrough"]}


def test_the_parameter_for_traces_does_not_ask_the_code_for_its_own_which_need_a_package_that_is_not_in_the_zip(
    resources: Resources, variables: dict[str, Any]
) -> None:
    """With TRACING and without the package a process refuses to start; METRICS is on wherever Lambda runs it."""
    functions = of_type(resources, "AWS::Serverless::Function").values()
    own = {name for function in functions for name in function["Properties"].get("Environment", {}).get("Variables", {})}
    assert {"TRACING", "METRICS"} & (own | set(variables)) == set()
    required = {"RECORDS_TABLE": "r", "EXECUTIONS_TABLE": "e", "AWS_REGION": "us-east-1", "STEPBASE_SECRET_ARN": "arn"}
    read = read_settings(required | {"AWS_LAMBDA_FUNCTION_NAME": "stepbase-dev-sweep"})
    assert (read.tracing, read.metrics) == (False, True)


@pytest.mark.parametrize("stage", ["a/b", "", "Dev", "9", "dev stage", "-x", "x" * 26, "../prod"])
def test_a_malformed_stage_is_told_what_one_looks_like(stage: str) -> None:
    with pytest.raises(StageError, match=r"small letters, digits and '-', beginning with a letter, at most 25 characters"):
        checked_stage(stage)


def test_an_unknown_stage_is_told_which_there_are() -> None:
    with pytest.raises(StageError, match=r"there is no stage 'staging': the stages are dev, prod; a new one is an entry of `stages`"):
        checked_stage("staging")


def test_make_package_says_so_and_makes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "infra.package", "a/b", str(tmp_path / "out")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert ran.stderr.startswith("stepbase: STAGE='a/b' is no name of a stage")
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("kept")
    command[-2:] = ["dev", str(tmp_path / "file")]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ran.returncode, "file is a file: OUT must be a folder" in ran.stderr, "Traceback" in ran.stderr) == (1, True, False)
    assert (tmp_path / "file").read_text() == "kept"


def test_merging_goes_deep_in_objects_and_replaces_the_rest() -> None:
    assert merge({"a": {"b": 1, "c": [1]}, "d": 1}, {"a": {"c": [2], "e": 3}}) == {"a": {"b": 1, "c": [2], "e": 3}, "d": 1}


def test_only_one_function_takes_what_messages_bring(resources: Resources) -> None:
    assert [name for name in ROLES if "sqs:ReceiveMessage" in actions_of(resources, ROLES[name])] == ["Receive"]
