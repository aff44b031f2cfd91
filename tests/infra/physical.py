"""What CloudFormation makes of a packaged template, as far as rights and settings go: every reference in it as the text that it will be.

Names that AWS makes up are `<stack>-<logical name>`. Source:
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

Json = Any
STACK, REGION, ACCOUNT = "stepbase-dev", "us-east-1", "123456789012"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5c0f8a6e-0d2b-4c0e-9c53-0f4b1f6f2a11"
PSEUDO = {
    "AWS::StackName": STACK,
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True)
class Made:
    """A resource: what ``Ref`` gives of it, and its ARN."""

    ref: str
    arn: str


def _arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def _by_arn(service: str, before: str = "") -> Callable[[str], Made]:
    def make(name: str) -> Made:
        arn = _arn(service, before + name)
        return Made(arn, arn)

    return make


def _by_name(service: str, before: str, after: str = "") -> Callable[[str], Made]:
    return lambda name: Made(name, _arn(service, before + name + after))


def _queue(name: str) -> Made:
    return Made(f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}", _arn("sqs", name))


def _role(name: str) -> Made:
    return Made(name, f"arn:aws:iam::{ACCOUNT}:role/{name}")


# How a resource of a type is named, and the property that says its name.
KINDS: Mapping[str, tuple[str, Callable[[str], Made]]] = {
    "AWS::DynamoDB::Table": ("TableName", _by_name("dynamodb", "table/")),
    "AWS::IAM::Role": ("RoleName", _role),
    "AWS::Logs::LogGroup": ("LogGroupName", _by_name("logs", "log-group:", ":*")),
    "AWS::Scheduler::ScheduleGroup": ("Name", _by_name("scheduler", "schedule-group/")),
    "AWS::SecretsManager::Secret": ("Name", _by_arn("secretsmanager", "secret:")),
    "AWS::Serverless::Function": ("FunctionName", _by_name("lambda", "function:")),
    "AWS::SNS::Topic": ("TopicName", _by_arn("sns")),
    "AWS::SQS::Queue": ("QueueName", _queue),
}


@dataclass(frozen=True)
class Physical:
    """``template`` with these parameters, the others as it sets them. ``made`` names resources whose names are known already."""

    template: Json
    parameters: Mapping[str, str] = field(default_factory=dict)
    made: Mapping[str, Made] = field(default_factory=dict)

    def resource(self, logical: str) -> Made:
        if logical in self.made:
            return self.made[logical]
        resource = self.template["Resources"][logical]
        named, make = KINDS[resource["Type"]]
        name = resource.get("Properties", {}).get(named)
        return make(f"{STACK}-{logical}" if name is None else str(self.text(name)))

    def text(self, value: Json) -> Json:
        """``value`` with every reference in it resolved."""
        if isinstance(value, list):
            return [self.text(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Ref"}:
            return self._ref(value["Ref"])
        if set(value) == {"Fn::GetAtt"}:
            logical, attribute = value["Fn::GetAtt"]
            assert attribute == "Arn", value
            return self.resource(logical).arn
        if set(value) == {"Fn::Sub"}:
            return re.sub(r"\$\{([^}]+)\}", lambda found: self._named(found[1]), value["Fn::Sub"])
        return {key: self.text(item) for key, item in value.items()}

    def _named(self, name: str) -> str:
        return self.resource(name.removesuffix(".Arn")).arn if name.endswith(".Arn") else self._ref(name)

    def _ref(self, name: str) -> str:
        return self._given[name] if name in self._given else self.resource(name).ref

    @cached_property
    def _given(self) -> dict[str, str]:
        defaults = {name: str(parameter.get("Default", "")) for name, parameter in self.template["Parameters"].items()}
        return {**PSEUDO, **defaults, **self.parameters}

    def environment(self, logical: str) -> dict[str, str]:
        """The variables that the function finds."""
        common = self.template["Globals"]["Function"]["Environment"]["Variables"]
        own = self.template["Resources"][logical]["Properties"].get("Environment", {}).get("Variables", {})
        return {name: str(self.text(value)) for name, value in {**common, **own}.items()}

    def rights(self, role: str) -> list[Json]:
        """The statements of the role's policies, those that stand beside it too."""
        resources = self.template["Resources"]
        documents = [policy["PolicyDocument"] for policy in resources[role]["Properties"].get("Policies", [])]
        documents += [
            resource["Properties"]["PolicyDocument"]
            for resource in resources.values()
            if resource["Type"] == "AWS::IAM::Policy" and {"Ref": role} in resource["Properties"]["Roles"]
        ]
        return [self.text(statement) for document in documents for statement in document["Statement"]]
