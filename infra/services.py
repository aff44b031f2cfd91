"""Which AWS services the code asks for: botocore carries descriptions of some four hundred, the zip only of these.

Read from the source: the first argument of every call that makes a client (``create_client("sns", …)``, ``service_client("sns", …)``), and
DynamoDB, which PynamoDB asks for by itself. Source: https://docs.aws.amazon.com/boto3/latest/guide/session.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

OF_PACKAGES = {"pynamodb": "dynamodb"}
# Packages that are in the zip by choice, and what they ask for: rules of sampling.
OF_CHOSEN = {"aws_xray_sdk": "xray"}


def services_of(folder: Path) -> frozenset[str]:
    """The services that the modules under ``folder`` make clients of: ``{"dynamodb", "sns"}``."""
    trees = [ast.parse(path.read_text()) for path in sorted(folder.rglob("*.py"))]
    named = {name for tree in trees for name in _clients(tree)}
    return frozenset(named | {OF_PACKAGES[name] for tree in trees for name in imported(tree) if name in OF_PACKAGES})


def services_of_zip(folder: Path) -> frozenset[str]:
    """The services of the product unpacked in ``folder``, and of packages that are there by choice."""
    chosen = {service for package, service in OF_CHOSEN.items() if (folder / package).is_dir()}
    return services_of(folder / "chalicelib") | chosen


def imported(tree: ast.AST) -> Iterator[str]:
    """The packages that a module imports, wherever in it: ``import a.b`` and ``from a.b import c`` are ``a``."""
    for module in imported_modules(tree):
        yield module.partition(".")[0]


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """The modules that a module imports, by their full names, relative ones left out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def _clients(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _called(node.func).endswith("client"):
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def _called(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
