"""``python -m infra.package STAGE OUT``: the CloudFormation template and the zip, from a clean copy of what ships.

Chalice packs the whole project folder as it lies there and merges one template file, so both are prepared first (`template.py`), and the
zip is finished after it (`archive.py`). Needs no AWS credentials. Sources: https://aws.github.io/chalice/topics/cfn.html and
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

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
BAD_SIGNS = ("Could not install dependencies", "Traceback")


def package(stage: str, out: Path) -> None:
    """Write ``out/sam.json`` and ``out/deployment.zip``. Raises StageError, and PackageError with Chalice's own words when it fails."""
    checked_stage(stage)
    if out.exists() and not out.is_dir():
        raise PackageError(f"{out} is a file: OUT must be a folder, or the name of one that is not there yet")
    with tempfile.TemporaryDirectory(prefix="stepbase-package-") as temporary:
        project = clean_copy(ROOT, Path(temporary) / "project")
        template = Path(temporary) / "merge.json"
        template.write_text(json.dumps(merged_template(stage)))
        _chalice(project, stage, template, out)
        made = json.loads((out / "sam.json").read_text())
        check_runtime(resource["Properties"]["Runtime"] for resource in _functions(made))
        finish(out / "deployment.zip", Path(temporary) / "zip")


def clean_copy(root: Path, project: Path) -> Path:
    """``project`` with what ships of ``root``: the app, its package with the built console, the requirements, Chalice's settings."""
    shutil.copytree(root / "chalicelib", project / "chalicelib", ignore=NOT_SHIPPED)
    shutil.copytree(root / ".chalice", project / ".chalice", ignore=NOT_SHIPPED)
    for name in SHIPPED_FILES:
        shutil.copy(root / name, project / name)
    return project


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
    if len(sys.argv) != 3:
        sys.exit("usage: python -m infra.package STAGE OUT")
    try:
        package(sys.argv[1], Path(sys.argv[2]))
    except (StageError, PackageError, OSError) as error:
        sys.exit(f"stepbase: {error}")
