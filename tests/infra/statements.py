"""How the tests read a packaged template: resources of a type, and the rights of a role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.functions import function_names, logical_id, role_of

Resources = dict[str, Any]

ROLES = {logical_id(name): role_of(name) for name in function_names()}
ACCOUNT = "${AWS::Region}:${AWS::AccountId}"


def of_type(resources: Resources, kind: str) -> Resources:
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def statements(resources: Resources) -> Iterator[dict[str, Any]]:
    """All that any role of the stack may do, also by policies that stand beside a role."""
    for name in of_type(resources, "AWS::IAM::Role"):
        yield from rights_of(resources, name)
    for policy in of_type(resources, "AWS::IAM::Policy").values():
        yield from policy["Properties"]["PolicyDocument"]["Statement"]


def rights_of(resources: Resources, role: str) -> Iterator[dict[str, Any]]:
    for policy in resources[role]["Properties"].get("Policies", []):
        yield from policy["PolicyDocument"]["Statement"]


def actions_of(resources: Resources, role: str) -> set[str]:
    return {action for statement in rights_of(resources, role) for action in statement["Action"]}


def named(kind: str, name: str) -> dict[str, str]:
    """``{"Fn::Sub": "arn:…:function:<stack>-publish"}`` of ``lambda``, ``function:${AWS::StackName}-publish``."""
    return {"Fn::Sub": f"arn:${{AWS::Partition}}:{kind}:{ACCOUNT}:{name}"}
