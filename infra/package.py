"""``python -m infra.package STAGE OUT [--jwks]``: the CloudFormation template and the zip, from a clean copy of what ships.

Chalice packs the whole project folder as it lies there and merges one template file, so both are prepared first (`template.py`), and the
zip is finished after it (`archive.py`). ``--jwks`` adds what verifies tokens of another issuer. Needs no AWS credentials. Sources:
https://aws.github.io/chalice/topics/cfn.html and https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.archive import PackageError, check_runtime, finish
from infra.stages import ROOT, StageError, checked_stage
from infra.template import merged_template

SHIPPED_FILES = ("app.py", "requirements.txt")
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", ".gitkeep", "deployments", "deployed")
PAGES_OPENED_BEFORE = Path("static", "before")  # a new deployment has the new console only; open pages load themselves anew
# Signatures by public keys (adapters/jwks.py): 4.9 MB that who has no other issuer does without. Its version is the one that tests use.
JWKS_PACKAGE, JWKS_PIN_FILE = "cryptography", "requirements-dev.txt"
BAD_SIGNS = ("Could not install dependencies", "Traceback")


def package(stage: str, out: Path, *, jwks: bool = False) -> None:
    """Write ``out/sam.json`` and ``out/deployment.zip``; with ``jwks`` functions verify tokens of another issuer.

    Raises StageError, and PackageError with Chalice's own words when it fails."""
    checked_stage(stage)
    if out.exists() and not out.is_dir():
        raise PackageError(f"{out} is a file: OUT must be a folder, or the name of one that is not there yet")
    with tempfile.TemporaryDirectory(prefix="stepbase-package-") as temporary:
        project = clean_copy(ROOT, Path(temporary) / "project", jwks=jwks)
        template = Path(temporary) / "merge.json"
        template.write_text(json.dumps(merged_template(stage)))
        _chalice(project, stage, template, out)
        made = json.loads((out / "sam.json").read_text())
        check_runtime(resource["Properties"]["Runtime"] for resource in _functions(made))
        finish(out / "deployment.zip", Path(temporary) / "zip")


def clean_copy(root: Path, project: Path, *, jwks: bool = False) -> Path:
    """``project`` with what ships of ``root``: the app, its package with the built console, the requirements, Chalice's settings."""
    shutil.copytree(root / "chalicelib", project / "chalicelib", ignore=NOT_SHIPPED)
    shutil.rmtree(project / "chalicelib" / PAGES_OPENED_BEFORE, ignore_errors=True)
    shutil.copytree(root / ".chalice", project / ".chalice", ignore=NOT_SHIPPED)
    for name in SHIPPED_FILES:
        shutil.copy(root / name, project / name)
    if jwks:
        with (project / "requirements.txt").open("a") as requirements:
            requirements.write(f"{_pin(root, JWKS_PACKAGE)}\n")
    return project


def _pin(root: Path, name: str) -> str:
    """``cryptography==50.0.2``."""
    return next(line for line in (root / JWKS_PIN_FILE).read_text().splitlines() if line.startswith(f"{name}=="))


def _functions(template: dict[str, dict[str, dict[str, object]]]) -> list[dict[str, dict[str, str]]]:
    return [resource for resource in template["Resources"].values() if resource["Type"] == "AWS::Serverless::Function"]  # type: ignore[misc]


def _chalice(project: Path, stage: str, template: Path, out: Path) -> None:
    chalice = Path(sys.executable).parent / "chalice"
    command: list[str | Path] = [chalice, "--project-dir", project, "package", "--stage", stage]
    command += ["--merge-template", template, out.resolve()]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    said = ran.stdout + ran.stderr
    if ran.returncode or any(sign in said for sign in BAD_SIGNS):
        raise PackageError(said)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m infra.package")
    parser.add_argument("stage")
    parser.add_argument("out", type=Path)
    parser.add_argument("--jwks", action="store_true", help="with what verifies tokens of another issuer")
    given = parser.parse_args()
    try:
        package(given.stage, given.out, jwks=given.jwks)
    except (StageError, PackageError, OSError) as error:
        sys.exit(f"stepbase: {error}")
