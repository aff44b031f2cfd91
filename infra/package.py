"""``python -m infra.package STAGE OUT``: the CloudFormation template and the zip, from a clean copy of what ships.

Chalice packs the whole project folder as it lies there and merges one template file, so both are prepared first; then
the zip loses what never runs (most of all the descriptions of AWS services that the product does not call) and gains
compiled modules, without which a cold start takes twice as long. Needs no AWS credentials.
Sources: https://aws.github.io/chalice/topics/cfn.html and
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from compileall import compile_dir
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHIPPED_FILES = ("app.py", "requirements.txt")
NOT_SHIPPED = shutil.ignore_patterns("__pycache__", "*.pyc", ".gitkeep", "deployments", "deployed")
# The services that the function may call; botocore carries descriptions of some four hundred.
SERVICES = frozenset({"dynamodb", "secretsmanager", "stepfunctions", "scheduler", "sesv2", "sns", "lambda", "sts"})
BAD_SIGNS = ("Could not install dependencies", "Traceback")

Template = dict[str, Any]


def merged_template() -> Template:
    """What is merged into Chalice's own template: the tables (``tables.json``, the one definition) and the rest."""
    tables = json.loads((ROOT / "infra" / "tables.json").read_text())
    return merge({"Resources": tables}, json.loads((ROOT / "infra" / "resources.json").read_text()))


def merge(base: Template, over: Template) -> Template:
    """Objects are merged key by key; anything else of ``over`` wins."""
    merged = dict(base)
    for key, value in over.items():
        known = merged.get(key)
        merged[key] = merge(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def package(stage: str, out: Path) -> None:
    """Write ``out/sam.json`` and ``out/deployment.zip``. Raises SystemExit with Chalice's own words when it fails."""
    with tempfile.TemporaryDirectory(prefix="stepbase-package-") as temporary:
        project = _clean_copy(Path(temporary) / "project")
        template = Path(temporary) / "merge.json"
        template.write_text(json.dumps(merged_template()))
        _chalice(project, stage, template, out)
        finish(out / "deployment.zip", Path(temporary) / "zip")


def finish(archive: Path, folder: Path) -> None:
    """Rewrite ``archive``: unused service descriptions, tests and scripts out, compiled modules in. ``folder`` is scratch space."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    services = [path for path in (folder / "botocore" / "data").glob("*/") if path.name not in SERVICES]
    for unused in (*services, *folder.glob("*/tests"), *folder.glob("*.data")):
        shutil.rmtree(unused)
    # Checked neither against time stamps nor sources: the zip is never edited in place.
    compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, stripdir=str(folder), prependdir="/var/task")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))


def _clean_copy(project: Path) -> Path:
    shutil.copytree(ROOT / "chalicelib", project / "chalicelib", ignore=NOT_SHIPPED)
    shutil.copytree(ROOT / ".chalice", project / ".chalice", ignore=NOT_SHIPPED)
    for name in SHIPPED_FILES:
        shutil.copy(ROOT / name, project / name)
    return project


def _chalice(project: Path, stage: str, template: Path, out: Path) -> None:
    chalice = Path(sys.executable).parent / "chalice"
    command: list[str | Path] = [
        chalice,
        "--project-dir",
        project,
        "package",
        "--stage",
        stage,
        "--merge-template",
        template,
        out.resolve(),
    ]
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "AWS_DEFAULT_REGION": os.environ.get("AWS_DEFAULT_REGION", "us-east-1")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    said = ran.stdout + ran.stderr
    if ran.returncode or any(sign in said for sign in BAD_SIGNS):
        raise SystemExit(said)


if __name__ == "__main__":
    package(sys.argv[1], Path(sys.argv[2]))
