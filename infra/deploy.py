"""``python -m infra.deploy STAGE``: brings the package in ``out/STAGE`` to AWS as a CloudFormation stack.

Says what it will do, then runs ``aws cloudformation package`` (the zip goes to a bucket) and ``aws cloudformation deploy``. Without
``--bucket`` the bucket is ``stepbase-deployments-<account>-<region>``, made when it is not there. Needs the AWS CLI and credentials; both
are looked for before anything is changed. Source: https://docs.aws.amazon.com/cli/latest/reference/cloudformation/deploy/
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.stages import APP, ROOT, StageError, checked_stack, checked_stage, stack_of

NEVER_MADE = ("CREATE_FAILED", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")


class DeployError(Exception):
    """It cannot be deployed; the message says what is missing."""


@dataclass(frozen=True)
class Aws:
    """The AWS CLI with the options that every command gets."""

    options: tuple[str, ...]

    def at(self, region: str) -> Aws:
        """The same in the region, whatever the environment says."""
        return self if "--region" in self.options else Aws((*self.options, "--region", region))

    def run(self, *command: str) -> None:
        """Shows what it does. Raises DeployError when it fails; the CLI has said why."""
        said = ["aws", *command, *self.options]
        print("$", " ".join(said), flush=True)
        if code := subprocess.run(said).returncode:
            raise DeployError(f"`aws {command[0]} {command[1]}` ended with {code}")

    def told(self, *command: str) -> Any:
        """The answer's JSON; ``None`` when there is none. Raises DeployError with what the CLI said."""
        ran = subprocess.run(["aws", *command, *self.options, "--output", "json"], capture_output=True, text=True)
        if ran.returncode:
            raise DeployError(f"`aws {command[0]} {command[1]}` failed: {ran.stderr.strip() or ran.returncode}")
        return json.loads(ran.stdout) if ran.stdout.strip() else None


def deploy(stage: str, stack: str, out: Path, aws: Aws, bucket: str | None, parameters: Sequence[str]) -> None:
    """The stack, with ``parameters`` (``Name=value``). Raises DeployError and StageError, before anything is changed unless AWS refuses."""
    checked_stage(stage)
    checked_stack(stack)
    template = out / "sam.json"
    _check(template, parameters)
    region = _region(aws)
    aws = aws.at(region)
    account = _account(aws)
    there = _found(aws, stack)
    _check_state(stack, there)
    _check_issuer(out, _value(there, "JwksUrl") if _given(parameters, "JwksUrl") is None else "")
    to = bucket or f"{APP}-deployments-{account}-{region}"
    _announce(stack, account, region, to, parameters)
    if bucket is None:
        _make_bucket(aws, to, region)
    packaged = out / "packaged.yaml"
    aws.run(*_package(template, to, stack, packaged))
    aws.run(*_deploy(packaged, stack, to, stage, parameters))
    _show(aws.told("cloudformation", "describe-stacks", "--stack-name", stack))


def _check(template: Path, parameters: Sequence[str]) -> None:
    if not template.is_file():
        raise DeployError(f"{template} is not there: run make package first")
    if shutil.which("aws") is None:
        raise DeployError("the AWS CLI was not found: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html")
    known = json.loads(template.read_text())["Parameters"]
    names = [text.partition("=")[0] for text in parameters]
    if wrong := [text for text in parameters if "=" not in text] or [name for name in names if name not in known]:
        raise DeployError(f"PARAMETERS holds {wrong[0]}; it takes Name=value of {', '.join(sorted(known))}")
    _check_issuer(template.parent, _given(parameters, "JwksUrl") or "")


def _given(parameters: Sequence[str], name: str) -> str | None:
    return dict(text.split("=", 1) for text in parameters).get(name)


def _check_issuer(out: Path, url: str) -> None:
    if url and not _verifies_others(out):
        raise DeployError(
            f"JwksUrl is {url}, which needs a package that verifies tokens of another issuer: make package with JWKS=1, then deploy; "
            "without an issuer: PARAMETERS=JwksUrl="
        )


def _verifies_others(out: Path) -> bool:
    with zipfile.ZipFile(out / "deployment.zip") as archive:
        return any(name.startswith("cryptography/") for name in archive.namelist())


def _account(aws: Aws) -> str:
    try:
        account: str = aws.told("sts", "get-caller-identity")["Account"]
    except DeployError as error:
        raise DeployError(f"no credentials of AWS: {error}. Set PROFILE=…, or sign in (aws configure, aws sso login)") from None
    return account


def _region(aws: Aws) -> str:
    """Where the CLI itself would go: the option, the environment, the profile.
    https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html"""
    named = [_option(aws.options, "--region"), *(os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))]
    if region := next(filter(None, named), None):
        return region
    ran = subprocess.run(["aws", "configure", "get", "region", *aws.options], capture_output=True, text=True)
    if region := ran.stdout.strip():
        return region
    raise DeployError("no region: set REGION=eu-west-1, AWS_REGION or the profile's region")


def _option(options: Sequence[str], name: str) -> str | None:
    return options[options.index(name) + 1] if name in options else None


def _found(aws: Aws, stack: str) -> dict[str, Any]:
    """The stack as CloudFormation describes it; empty where there is none yet."""
    try:
        (found,) = aws.told("cloudformation", "describe-stacks", "--stack-name", stack)["Stacks"]
    except DeployError:
        return {}
    return dict(found)


def _value(found: dict[str, Any], parameter: str) -> str:
    """What the stack has for the parameter, and keeps with a deploy that does not name it; empty where it has none."""
    return next((one["ParameterValue"] for one in found.get("Parameters", []) if one["ParameterKey"] == parameter), "")


def _check_state(stack: str, found: dict[str, Any]) -> None:
    """A stack whose first deploy failed takes no other; the CLI would say so only after the zip is uploaded, and not what to do."""
    if found.get("StackStatus") in NEVER_MADE:
        told = "docs/operations.md, section 'When the first deploy fails'"
        raise DeployError(
            f"the stack {stack} is {found['StackStatus']}: its first deploy failed, and it takes no other. What to do: {told}"
        )


def _announce(stack: str, account: str, region: str, bucket: str, parameters: Sequence[str]) -> None:
    print(f"Deploys the stack {stack} to account {account}, region {region}; the zip goes to the bucket {bucket}.")
    print(
        f"Parameters: {', '.join(parameters) or 'as before (on the first deploy the defaults)'}. Roles are made (CAPABILITY_IAM).",
        flush=True,
    )


def _make_bucket(aws: Aws, bucket: str, region: str) -> None:
    try:
        aws.told("s3api", "head-bucket", "--bucket", bucket)
    except DeployError:
        place = [] if region == "us-east-1" else ["--create-bucket-configuration", f"LocationConstraint={region}"]
        aws.run("s3api", "create-bucket", "--bucket", bucket, *place)


def _package(template: Path, bucket: str, stack: str, packaged: Path) -> list[str]:
    into = ["--s3-bucket", bucket, "--s3-prefix", stack, "--output-template-file", str(packaged)]
    return ["cloudformation", "package", "--template-file", str(template), *into]


def _deploy(packaged: Path, stack: str, bucket: str, stage: str, parameters: Sequence[str]) -> list[str]:
    named = ["cloudformation", "deploy", "--template-file", str(packaged), "--stack-name", stack]
    given = ["--s3-bucket", bucket, "--s3-prefix", stack, "--capabilities", "CAPABILITY_IAM", "--no-fail-on-empty-changeset"]
    given += ["--tags", f"{APP}:stage={stage}"]
    return [*named, *given, *(["--parameter-overrides", *parameters] if parameters else [])]


def _show(answer: Any) -> None:
    print("\nDeployed:")
    for output in answer["Stacks"][0].get("Outputs", []):
        print(f"  {output['OutputKey']:28} {output['OutputValue']}")
    print("The first user is made once, by the function `admin`: docs/operations.md, section 'The first user'.")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.deploy")
    parser.add_argument("stage")
    for name in ("stack", "bucket", "profile", "region", "out"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--parameters", nargs="*", default=[])
    given = parser.parse_args(arguments)
    aws = Aws(tuple(part for name in ("profile", "region") if (value := getattr(given, name)) for part in (f"--{name}", value)))
    out = Path(given.out) if given.out else ROOT / "out" / given.stage
    try:
        deploy(given.stage, given.stack or stack_of(given.stage), out, aws, given.bucket, given.parameters)
    except (DeployError, StageError) as error:
        sys.exit(f"stepbase: {error}")


if __name__ == "__main__":
    main()
