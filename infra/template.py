"""What is merged into the template that Chalice makes: the files of this folder, one per subject, and what every function gets.

A file holds sections of a CloudFormation template (``Parameters``, ``Resources``, ``Outputs`` …); only ``tables.json`` holds bare
resources, because the local database and the tests read it too, and ``dashboard.json`` the body of the dashboard. What a stage has
otherwise than the rest says ``stages/<stage>.json``, merged last. Without such a file a stage is kept as production is.
Source: https://aws.github.io/chalice/topics/cfn.html
"""

from __future__ import annotations

import json
from functools import reduce
from pathlib import Path
from typing import Any

from infra.functions import every_function
from infra.stages import stages

FOLDER = Path(__file__).resolve().parent
SUBJECTS = (
    "parameters",
    "environment",
    "gateway",
    "machines",
    "queues",
    "topics",
    "scheduler",
    "secret",
    "encryption",
    "audit",
    "tracing",
    "alarms",
    "outputs",
)

Template = dict[str, Any]


def merged_template(stage: str) -> Template:
    """Everything that is not Chalice's own, for the stage."""
    parts = [{"Resources": _read("tables")}, every_function(), *(_read(subject) for subject in SUBJECTS), _dashboard(stage)]
    differing = FOLDER / "stages" / f"{stage}.json"
    if differing.is_file():
        parts.append(json.loads(differing.read_text()))
    return reduce(merge, parts)


def merge(base: Template, over: Template) -> Template:
    """Objects are merged key by key; anything else of ``over`` wins."""
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _dashboard(stage: str) -> Template:
    """CloudWatch takes the body as text; in the file it is JSON. ``${…}`` in it is CloudFormation's."""
    body = {"Fn::Sub": [json.dumps(_read("dashboard")), {"ApiStage": stages()[stage]["api_gateway_stage"]}]}
    name = {"Fn::Sub": "${AWS::StackName}-${AWS::Region}"}
    return {
        "Resources": {"Dashboard": {"Type": "AWS::CloudWatch::Dashboard", "Properties": {"DashboardName": name, "DashboardBody": body}}}
    }


def _read(subject: str) -> Template:
    found: Template = json.loads((FOLDER / f"{subject}.json").read_text())
    return found
