"""The dependency rule, read from the imports: who may know whom, and who may touch the outside.

entrypoints -> bootstrap -> {services, adapters};  services -> engine -> {nodes, triggers} -> {asl, domain} -> errors;
procedures -> {nodes, domain};  adapters -> domain.  A layer may also use whatever the layers that it may use may use, but only bootstrap
sees adapters.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = [ROOT / "app.py", *sorted((ROOT / "chalicelib").rglob("*.py"))]
MODULES = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in SHIPPED}

CORE = {"errors", "domain"}
NODES = CORE | {"asl", "nodes", "triggers"}
ENGINE = NODES | {"engine", "observability"}
SERVICES = ENGINE | {"services", "procedures"}
MAY_USE = {
    "errors": set[str](),
    "observability": set[str](),
    "config": set[str](),
    "domain": {"errors"},
    "asl": {"errors"},
    "nodes": CORE | {"asl"},
    "triggers": CORE | {"asl"},
    "procedures": CORE | {"nodes"},
    "engine": ENGINE,
    "services": SERVICES,
    "adapters": CORE | {"observability"},
    "bootstrap": SERVICES | {"adapters", "config"},
    "entrypoints": SERVICES | {"bootstrap"},
    "app": {"entrypoints", "bootstrap", "observability"},
}
OUTSIDE = {
    "chalice": {"app", "entrypoints"},
    "boto3": {"adapters"},
    "botocore": {"adapters"},
    "pynamodb": {"adapters"},
}
# One distribution may be imported under another name.
DISTRIBUTIONS = {
    "aws_lambda_powertools": "aws-lambda-powertools",
    "jwt": "pyjwt",
    "argon2": "argon2-cffi",
    "jsonata": "jsonata-python",
    "jsonpath": "python-jsonpath",
}


def layer_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if parts[0] == "chalicelib" and len(parts) > 1 else parts[0]


def imports_of(module: str, *, run_time_only: bool = False) -> Iterator[tuple[str, int]]:
    """Full names of what a module imports, wherever in the file, with the line."""
    tree = tree_of(module)
    skipped = {id(inner) for block in typing_blocks(tree) for inner in ast.walk(block)} if run_time_only else set[int]()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: a relative import"
            yield node.module or "", node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names if f"{node.module}.{alias.name}" in MODULES)


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text())


def typing_blocks(tree: ast.Module) -> list[ast.If]:
    """``if TYPE_CHECKING:``: types may point back, running code may not."""
    return [node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_layer_may_use(module: str) -> None:
    layer = layer_of(module)
    allowed = MAY_USE.get(layer, set()) | {layer}
    wrong = [
        f"line {line}: {name}" for name, line in imports_of(module) if name.startswith("chalicelib.") and layer_of(name) not in allowed
    ]
    assert not wrong, f"{module} ({layer}) must not import {wrong}"


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_frameworks_only_where_they_belong(module: str) -> None:
    wrong = [name for name, _ in imports_of(module) if layer_of(module) not in OUTSIDE.get(name.split(".")[0], {layer_of(module)})]
    assert not wrong


@pytest.mark.parametrize("module", [name for name in MODULES if name != "chalicelib.config"])
def test_only_config_reads_the_environment(module: str) -> None:
    reads = re.findall(r"\b(?:os\.(?:environ|getenv|putenv)|from os import .*environ)\b", MODULES[module].read_text())
    assert not reads


def test_every_layer_is_a_known_one() -> None:
    assert {layer_of(module) for module in MODULES} - {"chalicelib"} <= set(MAY_USE)


def test_there_are_no_import_cycles() -> None:
    def run_time_imports(module: str) -> set[str]:
        # `from package import module` in that package also names the package, which is no dependency of its own.
        names = {name for name, _ in imports_of(module, run_time_only=True)}
        return {name for name in names if name in MODULES and name != module and not module.startswith(f"{name}.")}

    edges = {module: run_time_imports(module) for module in MODULES}
    try:
        TopologicalSorter(edges).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_what_ships_needs_only_the_runtime_requirements() -> None:
    pinned = re.findall(r"^([a-z0-9-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    found = {name.split(".")[0] for module in MODULES for name, _ in imports_of(module)}
    third_party = found - set(sys.stdlib_module_names) - {"chalicelib", "chalice", ""}  # Chalice packs its own runtime
    assert {DISTRIBUTIONS.get(name, name) for name in third_party} <= set(pinned)
