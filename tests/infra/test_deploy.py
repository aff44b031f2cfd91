"""``make deploy`` without an account: the AWS CLI is a script that writes down how it was called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.stages import ROOT

# Answers as the CLI does, from files beside it; a command whose file says "refuse" fails.
CLI = """#!{python}
import json, pathlib, sys
here = pathlib.Path(__file__).parent
with (here / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
answers = json.loads((here / "answers.json").read_text())
answer = answers.get(" ".join(sys.argv[1:3]), {{}})
if answer == "refuse":
    sys.exit("An error occurred (ExpiredToken)")
print(answer if isinstance(answer, str) else json.dumps(answer))
"""
ANSWERS: dict[str, Any] = {
    "sts get-caller-identity": {"Account": "123456789012"},
    "configure get": "eu-west-1",
    "s3api head-bucket": "refuse",
    "cloudformation describe-stacks": {
        "Stacks": [{"StackStatus": "UPDATE_COMPLETE", "Outputs": [{"OutputKey": "EndpointURL", "OutputValue": "https://x/dev/"}]}]
    },
}


class Shell:
    """A folder with the CLI and a package in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out = folder, folder / "out"
        self.answers = dict(ANSWERS)
        self.cli = folder / "aws"
        self.cli.write_text(CLI.format(python=sys.executable))
        self.cli.chmod(0o755)
        self.out.mkdir()
        (self.out / "sam.json").write_text(json.dumps({"Parameters": {"TokenHours": {}, "AlarmEmail": {}, "JwksUrl": {}}}))
        self.pack("app.py")

    def pack(self, *names: str) -> None:
        with zipfile.ZipFile(self.out / "deployment.zip", "w") as archive:
            for name in names:
                archive.writestr(name, "")

    def deploy(self, *arguments: str, stage: str = "dev", **variables: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "answers.json").write_text(json.dumps(self.answers))
        command = [sys.executable, "-m", "infra.deploy", stage, "--out", str(self.out), *arguments]
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment = kept | {"PATH": str(self.folder)} | variables
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    @property
    def calls(self) -> list[list[str]]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    @property
    def changes(self) -> list[list[str]]:
        """The calls that change something."""
        return [call for call in self.calls if call[1] in ("create-bucket", "package", "deploy")]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_a_deploy_packages_and_deploys_in_this_order_after_it_has_said_so(shell: Shell) -> None:
    ran = shell.deploy()
    assert (ran.returncode, ran.stderr) == (0, "")
    bucket = "stepbase-deployments-123456789012-eu-west-1"
    packaged, to = str(shell.out / "packaged.yaml"), ["--s3-bucket", bucket, "--s3-prefix", "stepbase-dev"]
    there, place = ["--region", "eu-west-1"], ["--create-bucket-configuration", "LocationConstraint=eu-west-1"]
    assert shell.changes == [
        ["s3api", "create-bucket", "--bucket", bucket, *place, *there],
        ["cloudformation", "package", "--template-file", str(shell.out / "sam.json"), *to, "--output-template-file", packaged, *there],
        [
            *("cloudformation", "deploy", "--template-file", packaged, "--stack-name", "stepbase-dev", *to),
            *("--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset", "--tags", "stepbase:stage=dev", *there),
        ],
    ]
    first, *_ = ran.stdout.splitlines()
    assert first == f"Deploys the stack stepbase-dev to account 123456789012, region eu-west-1; the zip goes to the bucket {bucket}."
    assert "EndpointURL                  https://x/dev/" in ran.stdout


def test_profile_region_stack_bucket_and_parameters_are_handed_on(shell: Shell) -> None:
    given = ("--profile", "work", "--region", "us-east-1", "--stack", "team-a", "--bucket", "zips")
    ran = shell.deploy(*given, "--parameters", "TokenHours=12", "AlarmEmail=ops@example.com")
    assert (ran.returncode, ran.stderr) == (0, "")
    package, deploy = shell.changes
    assert package[-4:] == deploy[-4:] == ["--profile", "work", "--region", "us-east-1"]
    assert deploy[-7:-4] == ["--parameter-overrides", "TokenHours=12", "AlarmEmail=ops@example.com"]
    assert "zips" in package
    assert deploy[deploy.index("--stack-name") + 1] == "team-a"


def test_a_bucket_that_is_there_is_not_made_and_one_in_the_first_region_has_no_constraint(shell: Shell) -> None:
    shell.deploy("--region", "us-east-1")
    assert shell.changes[0][:4] == ["s3api", "create-bucket", "--bucket", "stepbase-deployments-123456789012-us-east-1"]
    assert "--create-bucket-configuration" not in shell.changes[0]
    (shell.folder / "calls").unlink()
    shell.answers["s3api head-bucket"] = ""
    shell.deploy()
    assert [call[1] for call in shell.changes] == ["package", "deploy"]


def test_without_credentials_nothing_is_changed(shell: Shell) -> None:
    shell.answers["sts get-caller-identity"] = "refuse"
    ran = shell.deploy()
    assert ran.returncode == 1
    assert "no credentials of AWS" in ran.stderr
    assert "ExpiredToken" in ran.stderr
    assert shell.changes == []


def test_without_a_region_nothing_is_changed(shell: Shell) -> None:
    shell.answers["configure get"] = ""
    assert "no region: set REGION=eu-west-1" in shell.deploy().stderr
    assert shell.changes == []


@pytest.mark.parametrize(
    ("arguments", "variables", "region"),
    [
        ((), {"AWS_REGION": "eu-north-1", "AWS_DEFAULT_REGION": "sa-east-1"}, "eu-north-1"),
        ((), {"AWS_REGION": "", "AWS_DEFAULT_REGION": "sa-east-1"}, "sa-east-1"),
        (("--region", "us-east-1"), {"AWS_REGION": "eu-north-1"}, "us-east-1"),
        (("--profile", "work"), {}, "eu-west-1"),
    ],
)
def test_the_region_is_the_one_of_the_cli_and_every_command_is_told(
    shell: Shell, arguments: tuple[str, ...], variables: dict[str, str], region: str
) -> None:
    ran = shell.deploy(*arguments, **variables)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"region {region}; the zip goes to the bucket stepbase-deployments-123456789012-{region}." in ran.stdout
    asked = [call for call in shell.calls if call[0] != "configure"]
    assert len(asked) == 7
    assert [call for call in asked if call.count("--region") != 1 or call[call.index("--region") + 1] != region] == []


@pytest.mark.parametrize("status", ["ROLLBACK_COMPLETE", "ROLLBACK_FAILED"])
def test_a_stack_whose_first_deploy_failed_is_told_where_the_recipe_is(shell: Shell, status: str) -> None:
    shell.answers["cloudformation describe-stacks"] = {"Stacks": [{"StackStatus": status}]}
    ran = shell.deploy()
    assert ran.returncode == 1
    assert f"the stack stepbase-dev is {status}: its first deploy failed" in ran.stderr
    title = ran.stderr.partition("section '")[2].partition("'")[0]
    assert f"### {title}\n" in (ROOT / "docs" / "operations.md").read_text()
    assert shell.changes == []


def test_without_the_cli_or_a_package_it_says_what_is_missing(shell: Shell) -> None:
    shell.cli.unlink()
    assert "the AWS CLI was not found" in shell.deploy().stderr
    (shell.out / "sam.json").unlink()
    assert "run make package first" in shell.deploy().stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--parameters", "TokenHour=1"], "PARAMETERS holds TokenHour; it takes Name=value of AlarmEmail, JwksUrl, TokenHours"),
        (["--parameters", "TokenHours"], "PARAMETERS holds TokenHours; it takes Name=value"),
        (["--parameters", "JwksUrl=https://example.com/keys"], "make package with JWKS=1, then deploy"),
        (["--stack", "my_stack"], "STACK='my_stack' is no name of a stack"),
        (["--stack", "x" * 35], "at most 34 characters"),
    ],
)
def test_a_mistake_is_told_before_aws_is_asked(shell: Shell, arguments: list[str], said: str) -> None:
    ran = shell.deploy(*arguments)
    assert (ran.returncode, said in ran.stderr) == (1, True)
    assert shell.calls == []


def test_another_issuer_is_deployed_with_a_package_that_verifies_its_tokens_and_taken_away_with_any(shell: Shell) -> None:
    assert shell.deploy("--parameters", "JwksUrl=").returncode == 0
    shell.pack("app.py", "cryptography/__init__.py")
    assert shell.deploy("--parameters", "JwksUrl=https://example.com/keys").returncode == 0


def test_an_issuer_that_the_stack_has_stays_and_needs_the_same_package(shell: Shell) -> None:
    """CloudFormation keeps the value of a parameter that a deploy does not name."""
    (there,) = ANSWERS["cloudformation describe-stacks"]["Stacks"]
    kept = [
        {"ParameterKey": "TokenHours", "ParameterValue": "12"},
        {"ParameterKey": "JwksUrl", "ParameterValue": "https://example.com/keys"},
    ]
    shell.answers["cloudformation describe-stacks"] = {"Stacks": [there | {"Parameters": kept}]}
    ran = shell.deploy("--parameters", "TokenHours=12")
    assert ran.returncode == 1
    assert "JwksUrl is https://example.com/keys, which needs a package" in ran.stderr
    assert "make package with JWKS=1, then deploy" in ran.stderr
    assert shell.changes == []
    assert shell.deploy("--parameters", "JwksUrl=").returncode == 0
    shell.pack("app.py", "cryptography/__init__.py")
    assert shell.deploy().returncode == 0


def test_a_stage_with_a_slash_is_refused(shell: Shell) -> None:
    assert "STAGE='a/b' is no name of a stage" in shell.deploy(stage="a/b").stderr
    assert shell.calls == []


def test_a_refusal_of_aws_ends_the_deploy(shell: Shell) -> None:
    shell.answers["cloudformation package"] = "refuse"
    ran = shell.deploy()
    assert ran.returncode == 1
    assert "`aws cloudformation package` ended with 1" in ran.stderr
    assert [call[1] for call in shell.changes] == ["create-bucket", "package"]
