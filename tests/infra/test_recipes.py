"""What `docs/operations.md` tells to do by hand names what there is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.stages import ROOT
from infra.template import merged_template
from tests.infra.statements import Resources, of_type

GUIDE = (ROOT / "docs" / "operations.md").read_text()
MOST_BYTES_OF_A_BODY = 51_200  # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html


@pytest.fixture
def tables() -> Resources:
    """The template that the guide cuts out with jq to import the tables of a stack that was deleted."""
    (said,) = re.findall(r"jq '(\{Parameters, .*\})' out/prod/sam.json", GUIDE)
    assert said == "{Parameters, Conditions, Resources: (.Resources | {RecordsTable, ExecutionsTable})}"
    made = merged_template("prod")
    kept = {name: made["Resources"][name] for name in ("RecordsTable", "ExecutionsTable")}
    return {"Parameters": made["Parameters"], "Conditions": made["Conditions"], "Resources": kept}


def test_the_tables_alone_are_a_template_that_can_be_imported(tables: Resources, tmp_path: Path) -> None:
    file = tmp_path / "tables.json"
    file.write_text(json.dumps(tables, indent=2))
    assert file.stat().st_size < MOST_BYTES_OF_A_BODY
    assert all("DeletionPolicy" in table for table in tables["Resources"].values())
    unused = ["--ignore-checks", "W2001", "W8001"]  # parameters and conditions of the rest
    command = [Path(sys.executable).parent / "cfn-lint", *unused, "--template", file]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_import_names_the_tables_as_they_are_called(tables: Resources) -> None:
    (said,) = re.findall(r"--resources-to-import '(\[.*?\])'", GUIDE, re.DOTALL)
    assert {(entry["LogicalResourceId"], entry["ResourceIdentifier"]["TableName"]) for entry in json.loads(said)} == {
        (name, table["Properties"]["TableName"]["Fn::Sub"].replace("${AWS::StackName}", "stepbase-prod"))
        for name, table in tables["Resources"].items()
    }


def test_the_rule_that_a_restore_switches_off_and_on_is_the_one_of_the_sweep(resources: Resources) -> None:
    named = set(re.findall(r"aws events (?:dis|en)able-rule --name \$STACK(-[a-z-]+)", GUIDE))
    (event,) = resources["Sweep"]["Properties"]["Events"].values()
    assert {"Fn::Sub": f"${{AWS::StackName}}{named.pop()}"} == event["Properties"]["Name"]
    assert not named


def test_every_function_that_a_restore_names_is_one_of_the_stack(resources: Resources) -> None:
    names = {
        function["Properties"]["FunctionName"]["Fn::Sub"].removeprefix("${AWS::StackName}")
        for function in of_type(resources, "AWS::Serverless::Function").values()
        if "FunctionName" in function["Properties"]
    }
    assert set(re.findall(r"--function-name \$STACK(-[a-z-]+)", GUIDE)) == {"-receive"} <= names
