"""Each function may do what it does, and nothing else: the packaged template against the calls that its functions really make.

A stack of it lives through a day over moto (`typical_work.py`), and every call of AWS is written down. A right that is missing here is
missing on AWS; one that nothing uses is one too many.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from infra.functions import function_names, logical_id, role_of
from tests.infra.deployed import Deployed, deployed
from tests.infra.needs import needs_of, needs_of_lambda
from tests.infra.physical import REGION
from tests.infra.rights import Grant, Need, allowing, grants
from tests.infra.typical_work import Work

Json = Any
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t"


@pytest.fixture(scope="module")
def lived(template: Json) -> Iterator[Deployed]:
    """The stack after its day."""
    with deployed(template) as stack:
        Work(stack).all()
        yield stack


def needs_of_function(stack: Deployed, function: str) -> set[Need]:
    """What the function needed, and what Lambda does in its name."""
    logical = logical_id(function)
    resources, logs = stack.physical.template["Resources"], stack.physical.resource(f"{logical}Logs").arn
    return stack.used[function] | {*needs_of_lambda(resources[logical], logs, stack.physical.text)}


def test_every_function_was_at_work(lived: Deployed) -> None:
    assert set(lived.used) == set(function_names())
    assert sum(len(used) for used in lived.used.values()) > 300


@pytest.mark.parametrize("function", function_names())
def test_a_function_may_do_all_that_it_does(lived: Deployed, function: str) -> None:
    rights = lived.physical.rights(role_of(function))
    missing = {need for need in needs_of_function(lived, function) if not allowing(rights, need)}
    assert sorted({(need.action, need.resource) for need in missing}) == []


@pytest.mark.parametrize("function", function_names())
def test_a_function_has_no_right_that_it_does_not_use(lived: Deployed, function: str) -> None:
    rights = lived.physical.rights(role_of(function))
    used = {grant for need in needs_of_function(lived, function) for grant in allowing(rights, need)}
    assert sorted(set(grants(rights)) - used) == []


def test_entries_of_the_audit_log_were_written_and_no_role_could_have_changed_one(lived: Deployed) -> None:
    entries = [
        (function, need)
        for function, used in lived.used.items()
        for need in used
        if dict(need.context).get("dynamodb:LeadingKeys", "").startswith("audit#")
    ]
    assert {function for function, _ in entries} >= {"api_handler", "run_segment", "trigger", "receive", "admin"}
    assert {need.action for _, need in entries} == {"dynamodb:PutItem"}
    for function, need in entries:
        changed = Need("dynamodb:UpdateItem", need.resource, need.context)
        assert not allowing(lived.physical.rights(role_of(function)), changed)


def test_a_call_that_is_not_known_here_needs_what_nobody_has(lived: Deployed) -> None:
    (need,) = needs_of("s3", "GetObject", {"Bucket": "b", "Key": "k"})
    assert not [name for name in function_names() if allowing(lived.physical.rights(role_of(name)), need)]


READ: Json = {"Sid": "Read", "Effect": "Allow", "Action": ["dynamodb:Query"], "Resource": [TABLE, f"{TABLE}/index/*"]}
PASS: Json = {
    "Sid": "Pass",
    "Effect": "Allow",
    "Action": ["iam:PassRole"],
    "Resource": ["arn:role"],
    "Condition": {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
}
WRITE: Json = {"Sid": "Write", "Effect": "Allow", "Action": ["dynamodb:PutItem"], "Resource": [TABLE]}
NEVER: Json = WRITE | {"Sid": "Never", "Effect": "Deny", "Condition": {"ForAnyValue:StringLike": {"dynamodb:LeadingKeys": ["audit#*"]}}}


@pytest.mark.parametrize(
    ("need", "by"),
    [
        (Need("dynamodb:Query", TABLE), {Grant("dynamodb:Query", TABLE, "Read")}),
        (Need("dynamodb:Query", f"{TABLE}/index/byL1"), {Grant("dynamodb:Query", f"{TABLE}/index/*", "Read")}),
        (Need("dynamodb:Query", f"{TABLE}2"), set()),
        (Need("dynamodb:Scan", TABLE), set()),
        (Need("iam:PassRole", "arn:role", (("iam:PassedToService", "states.amazonaws.com"),)), {Grant("iam:PassRole", "arn:role", "Pass")}),
        (Need("iam:PassRole", "arn:role", (("iam:PassedToService", "ec2.amazonaws.com"),)), set()),
        (Need("iam:PassRole", "arn:role"), set()),
        (Need("dynamodb:PutItem", TABLE, (("dynamodb:LeadingKeys", "c_1#0"),)), {Grant("dynamodb:PutItem", TABLE, "Write")}),
        (Need("dynamodb:PutItem", TABLE, (("dynamodb:LeadingKeys", "audit#c_1#5"),)), set()),
    ],
)
def test_what_the_statements_of_a_role_let_it_do(need: Need, by: set[Grant]) -> None:
    assert allowing([READ, PASS, WRITE, NEVER], need) == by


def test_one_transaction_needs_the_right_to_each_of_its_writes_and_through_the_table_to_the_key() -> None:
    item = {"pk": {"S": "p"}, "sk": {"S": "s"}}
    writes = [{"Put": {"TableName": "t", "Item": item}}, {"ConditionCheck": {"TableName": "u", "Key": item}}]
    found = needs_of("dynamodb", "TransactWriteItems", {"TransactItems": writes})
    tables = [(need.action, need.resource.rpartition("/")[2]) for need in found if need.action.startswith("dynamodb:")]
    assert tables == [("dynamodb:PutItem", "t"), ("dynamodb:ConditionCheckItem", "u")]
    assert {dict(need.context)["kms:ViaService"] for need in found if need.action.startswith("kms:")} == {
        f"dynamodb.{REGION}.amazonaws.com"
    }
