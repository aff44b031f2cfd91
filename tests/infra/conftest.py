"""The packaged product: made once per run, exactly as ``make package`` does."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from infra.package import package
from tests.infra.statements import of_type


@pytest.fixture(scope="session")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with ``sam.json`` and ``deployment.zip``."""
    out = tmp_path_factory.mktemp("packaged")
    package("dev", out)
    return out


@pytest.fixture(scope="session")
def template(packaged: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((packaged / "sam.json").read_text())
    return found


@pytest.fixture(scope="session")
def resources(template: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = template["Resources"]
    return found


@pytest.fixture(scope="session")
def translated(template: dict[str, Any]) -> dict[str, Any]:
    """What AWS makes of the template: plain resources. The zip is in the bucket ``zips``."""
    copy = json.loads(json.dumps(template))
    for function in of_type(copy["Resources"], "AWS::Serverless::Function").values():
        function["Properties"]["CodeUri"] = "s3://zips/deployment.zip"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        found: dict[str, Any] = Translator({}, Parser()).translate(copy, {})
    return found


@pytest.fixture(scope="session")
def variables(template: dict[str, Any]) -> dict[str, Any]:
    """What every function finds in its environment."""
    found: dict[str, Any] = template["Globals"]["Function"]["Environment"]["Variables"]
    return found


@pytest.fixture(scope="session")
def unpacked(packaged: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that Lambda makes of the zip."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(packaged / "deployment.zip") as archive:
        archive.extractall(folder)
    return folder
