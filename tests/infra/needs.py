"""Which rights a call of AWS needs: botocore's operation and its parameters as the actions and resources that IAM asks for.

Sources: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html, on
transactions https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html, on keys
https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from email.utils import parseaddr
from typing import Any

from tests.infra.physical import ACCOUNT, KEY, REGION
from tests.infra.rights import Need

Json = Any
Reader = Callable[[Json], Iterator[Need]]

# What DynamoDB asks of a key "on behalf of the principal accessing the table", at the least:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
OF_TABLES = ("Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "ReEncryptFrom", "ReEncryptTo", "CreateGrant")
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html and, of topics,
# https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
OF_KEYS = {
    "dynamodb": OF_TABLES,
    "secretsmanager": ("Decrypt",),
    "sns": ("Decrypt", "GenerateDataKey"),
    "sqs": ("Decrypt", "GenerateDataKey"),
}
READS_QUEUE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility")


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def needs_of(service: str, operation: str, parameters: Json) -> list[Need]:
    """Those of the call itself and, were there a key of one's own, those of the services behind it. A call that is not known here needs
    what nobody has."""
    read = OPERATIONS.get((service, operation))
    found = list(read(parameters)) if read else [Need(f"{service}:{operation}", "unknown to tests/infra/needs.py")]
    return found + [need for own in found for need in needs_of_key(own)]


def needs_of_key(own: Need) -> Iterator[Need]:
    service = own.action.partition(":")[0]
    actions = ("Decrypt",) if own.action == "sqs:ReceiveMessage" else () if own.action in READS_QUEUE else OF_KEYS.get(service, ())
    for action in actions:
        context = {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}
        if action == "CreateGrant":
            context["kms:GrantIsForAWSResource"] = "true"
        yield Need(f"kms:{action}", KEY, tuple(sorted(context.items())))


def _transaction(parameters: Json) -> Iterator[Need]:
    actions = {"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem"}
    for write in parameters["TransactItems"]:
        ((kind, what),) = write.items()
        yield _table(actions[kind], what["TableName"], (what.get("Item") or what["Key"])["pk"]["S"])


def _batch(parameters: Json) -> Iterator[Need]:
    for table, asked in parameters["RequestItems"].items():
        yield from (_table("BatchGetItem", table, key["pk"]["S"]) for key in asked["Keys"])


def _query(parameters: Json) -> Iterator[Need]:
    index = f"/index/{parameters['IndexName']}" if "IndexName" in parameters else ""
    yield Need("dynamodb:Query", arn("dynamodb", f"table/{parameters['TableName']}{index}"))


def _table(action: str, table: str, partition: str) -> Need:
    return Need(f"dynamodb:{action}", arn("dynamodb", f"table/{table}"), (("dynamodb:LeadingKeys", partition),))


def _machine(parameters: Json) -> str:
    return arn("states", f"stateMachine:{parameters['name']}")


def _making_machine(parameters: Json) -> Iterator[Need]:
    yield Need("states:CreateStateMachine", _machine(parameters))
    yield _passing(parameters["roleArn"], "states")


def _making_schedule(parameters: Json) -> Iterator[Need]:
    yield Need("scheduler:CreateSchedule", _schedule(parameters))
    yield _passing(parameters["Target"]["RoleArn"], "scheduler")


def _schedule(parameters: Json) -> str:
    return arn("scheduler", f"schedule/{parameters['GroupName']}/{parameters['Name']}")


def _passing(role: str, service: str) -> Need:
    return Need("iam:PassRole", role, (("iam:PassedToService", f"{service}.amazonaws.com"),))


def _mail(parameters: Json) -> Iterator[Need]:
    """One ``SendEmail`` is checked against either action, by what it sends: a mail in MIME is ``SendRawEmail``. For one with attachments,
    of which SES makes MIME, AWS does not say which it is, so both must be allowed.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsimpleemailservicev2.html"""
    identity = arn("ses", f"identity/{parseaddr(parameters['FromEmailAddress'])[1].rpartition('@')[2]}")
    yield Need("ses:SendEmail", identity)
    if parameters["Content"]["Simple"].get("Attachments"):
        yield Need("ses:SendRawEmail", identity)


def _queue(parameters: Json) -> str:
    return arn("sqs", parameters["QueueUrl"].rpartition("/")[2])


def _one(action: str, resource: Callable[[Json], str]) -> Reader:
    def read(parameters: Json) -> Iterator[Need]:
        yield Need(action, resource(parameters))

    return read


def _anything(parameters: Json) -> str:
    return "*"


OPERATIONS: Mapping[tuple[str, str], Reader] = {
    ("dynamodb", "TransactWriteItems"): _transaction,
    ("dynamodb", "BatchGetItem"): _batch,
    ("dynamodb", "Query"): _query,
    ("lambda", "Invoke"): _one("lambda:InvokeFunction", lambda given: arn("lambda", f"function:{given['FunctionName']}")),
    ("scheduler", "CreateSchedule"): _making_schedule,
    ("scheduler", "DeleteSchedule"): _one("scheduler:DeleteSchedule", _schedule),
    ("scheduler", "ListSchedules"): _one("scheduler:ListSchedules", _anything),
    ("secretsmanager", "GetSecretValue"): _one("secretsmanager:GetSecretValue", lambda given: str(given["SecretId"])),
    ("sesv2", "SendEmail"): _mail,
    ("sns", "Publish"): _one("sns:Publish", lambda given: str(given["TopicArn"])),
    ("sqs", "SendMessage"): _one("sqs:SendMessage", _queue),
    ("stepfunctions", "CreateStateMachine"): _making_machine,
    ("stepfunctions", "DeleteStateMachine"): _one("states:DeleteStateMachine", lambda given: str(given["stateMachineArn"])),
    ("stepfunctions", "DescribeExecution"): _one("states:DescribeExecution", lambda given: str(given["executionArn"])),
    ("stepfunctions", "DescribeStateMachine"): _one("states:DescribeStateMachine", lambda given: str(given["stateMachineArn"])),
    ("stepfunctions", "ListStateMachines"): _one("states:ListStateMachines", _anything),
    ("stepfunctions", "SendTaskSuccess"): _one("states:SendTaskSuccess", _anything),
    ("stepfunctions", "StartExecution"): _one("states:StartExecution", lambda given: str(given["stateMachineArn"])),
    ("stepfunctions", "StopExecution"): _one("states:StopExecution", lambda given: str(given["executionArn"])),
}


def needs_of_lambda(function: Json, logs: str, text: Callable[[Json], Json]) -> list[Need]:
    """What Lambda itself does as the function's role, by the function's properties: it logs, traces, takes from a queue, and leaves what
    failed. ``logs``: the ARN of the log group; ``text`` resolves references.

    Sources: https://docs.aws.amazon.com/lambda/latest/dg/lambda-intro-execution-role.html,
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html"""
    found = [Need(f"logs:{action}", logs) for action in ("CreateLogStream", "PutLogEvents")]
    found += [Need(f"xray:{action}", "*") for action in ("PutTelemetryRecords", "PutTraceSegments")]
    invoked = function["Properties"].get("EventInvokeConfig", {}).get("DestinationConfig", {}).get("OnFailure")
    if invoked:
        found.append(Need("sqs:SendMessage", text(invoked["Destination"])))
    for event in function["Properties"].get("Events", {}).values():
        if event["Type"] == "SQS":
            found += [Need(action, text(event["Properties"]["Queue"])) for action in READS_QUEUE]
    return found + [need for own in found for need in needs_of_key(own)]
