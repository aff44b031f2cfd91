"""Every compiled definition before an independent judge: the npm package ``asl-validator``, one node process for all of them.

Without node or npm the tests are skipped; where ``CI`` is set they fail instead. Source: https://www.npmjs.com/package/asl-validator
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.engine.compiler import Functions, compile_workflow
from tests.conformance.test_conformance import CASES, Bench
from tests.unit.engine.test_compiler import SHAPES, workflow_of

FOLDER = Path(__file__).resolve().parent
ACCOUNT = "arn:aws:lambda:eu-west-1:123456789012:function:"
FUNCTIONS = Functions(f"{ACCOUNT}stepbase-run-segment", f"{ACCOUNT}stepbase-await-signal")
INSTALL_SECONDS, JUDGE_SECONDS = 300, 300

Document = dict[str, Any]
Judge = Callable[[list[Document]], list[str]]


@pytest.fixture(scope="module")
def judge() -> Judge:
    """What is wrong with each of many definitions, as text."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("the independent validator needs node and npm")
    _install(npm)

    def judged(documents: list[Document]) -> list[str]:
        command = [node, "validate.js"]
        ran = subprocess.run(
            command, cwd=FOLDER, input=json.dumps(documents), capture_output=True, text=True, timeout=JUDGE_SECONDS, check=False
        )
        assert ran.returncode == 0, ran.stderr
        found: list[str] = json.loads(ran.stdout)
        return found

    return judged


def _install(npm: str) -> None:
    """The locked packages into ``node_modules``, unless they are there."""
    lock, installed = FOLDER / "package-lock.json", FOLDER / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        ran = subprocess.run(
            [npm, "ci", "--ignore-scripts"], cwd=FOLDER, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
        assert ran.returncode == 0, ran.stderr


def compiled() -> Iterator[tuple[str, Document]]:
    """The definition of every conformance case and of every shape in the compiler's own tests, with its name."""
    for param in CASES:
        case = copy.deepcopy(param.values[0])
        case["workflow"]["sync"] = False
        yield str(param.id), compile_workflow(Bench(case).workflow(), FUNCTIONS)
    for name, nodes in SHAPES.items():
        yield name, compile_workflow(workflow_of(nodes), FUNCTIONS)


def test_every_compiled_definition_is_valid(judge: Judge) -> None:
    """Equal ones are judged once: the judge takes a quarter of a second for each."""
    documents, names = dict(compiled()), dict[str, list[str]]()
    assert len(documents) > 250
    for name, document in documents.items():
        names.setdefault(json.dumps(document, sort_keys=True), []).append(name)
    judged = judge([json.loads(text) for text in names])
    assert [(same, problem) for same, problem in zip(names.values(), judged, strict=True) if problem] == []


def test_the_judge_sees_what_is_wrong(judge: Judge) -> None:
    """A judge that finds nothing in anything would prove nothing."""
    (name, nodes), *_ = SHAPES.items()
    good = compile_workflow(workflow_of(nodes), FUNCTIONS)
    dangling, no_kind, no_states = copy.deepcopy(good), copy.deepcopy(good), {"StartAt": "Done", "States": {}}
    dangling["StartAt"] = "Nowhere"
    del no_kind["States"][no_kind["StartAt"]]["Type"]
    judged = judge([good, dangling, no_kind, no_states])
    assert judged[0] == "", name
    assert all(judged[1:])
