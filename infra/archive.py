"""The zip of the functions: what Chalice packed, without what never runs and with compiled modules.

Without compiled modules a cold start takes twice as long; a client is made faster when botocore knows few services and endpoints. What is
left out is checked: every module that the product imports and every service that it asks for must be there, nothing else of botocore's
descriptions may. Sources: https://docs.aws.amazon.com/lambda/latest/dg/python-package.html and
https://docs.python.org/3/library/compileall.html
"""

from __future__ import annotations

import ast
import gzip
import json
import shutil
import sys
import zipfile
from collections.abc import Iterable, Iterator
from compileall import compile_dir
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

from infra.services import imported_modules, services_of_zip

# Modules of the packages that no import of the product reaches; what it does import is checked after they are gone. `cffi` and
# `pycparser` make bindings when a package is built: at run time there is `_cffi_backend`.
NEVER_RUN = (
    "aws_lambda_powertools/event_handler",
    "cffi",
    "pycparser",
    "chalice/scripts",
    "dateutil/zoneinfo",
    "jsonschema/benchmarks",
    "urllib3/contrib/emscripten",
    "bin",
)
# From which the time zones were compiled, and lists of them for people: zoneinfo reads neither.
TABLES = ("tzdata/zoneinfo/*.tab", "tzdata/zoneinfo/tzdata.zi", "tzdata/zoneinfo/leapseconds")
KEPT_UTILITIES = {"__init__.py", "jmespath_utils"}  # of Powertools, by its own Logger
# Installed by who uses tokens of another issuer with it (adapters/jwks.py).
OPTIONAL = {"cryptography"}


class PackageError(Exception):
    """The zip would not run; the message says why."""


def finish(archive: Path, folder: Path) -> None:
    """Rewrite ``archive``; ``folder`` is scratch space. Raises PackageError for a zip that would not run."""
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    services = services_of_zip(folder)
    for path in _unused(folder, services):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    _trim_endpoints(folder / "botocore" / "data" / "endpoints.json", services)
    for path in [*(folder / "botocore" / "data").glob("*/*/*.json.gz")]:
        _without_documentation(path)
    check(folder, services)
    # Checked neither against time stamps nor sources: the zip is never edited in place.
    compile_dir(folder, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, stripdir=str(folder), prependdir="/var/task")
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(one for one in folder.rglob("*") if one.is_file()):
            packed.write(path, path.relative_to(folder))


def check(folder: Path, services: frozenset[str]) -> None:
    """Raises PackageError unless what lies in ``folder`` has the modules and the services of the product, and no service more."""
    described = {path.name for path in (folder / "botocore" / "data").glob("*/")}
    problems = [f"botocore does not know the service {name!r} that chalicelib asks for" for name in sorted(services - described)]
    problems += [f"the zip describes the service {name!r} that nothing asks for" for name in sorted(described - services)]
    problems += [f"chalicelib imports {name}, which is not in the zip" for name in sorted(_missing(folder))]
    if problems:
        raise PackageError("\n".join(problems))


def check_runtime(runtimes: Iterable[str]) -> None:
    """Raises PackageError when modules compiled here are not those of the functions' ``Runtime``: ``python3.11``."""
    here = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if other := sorted(set(runtimes) - {here}):
        raise PackageError(f"the functions run on {other[0]}, this is {here}: make the package with {other[0]} (make PYTHON={other[0]} …)")


def _unused(folder: Path, services: frozenset[str]) -> Iterator[Path]:
    yield from (path for name in NEVER_RUN if (path := folder / name).exists())
    yield from (path for path in (folder / "aws_lambda_powertools" / "utilities").glob("*") if path.name not in KEPT_UTILITIES)
    for pattern in ("*/tests", "*.data", "*.dist-info", "**/*.pyi", "**/py.typed", *TABLES):
        yield from folder.glob(pattern)
    yield from _descriptions(folder / "botocore" / "data", services)


def _descriptions(data: Path, services: frozenset[str]) -> Iterator[Path]:
    """Services that nobody asks for; of the others old versions, and what examples, pages and waiters need."""
    for service in data.glob("*/"):
        if service.name not in services:
            yield service
            continue
        *old, newest = sorted(path for path in service.glob("*/"))
        yield from old
        yield from (path for path in newest.iterdir() if not path.name.startswith(("service-2", "endpoint-rule-set-1")))


def _trim_endpoints(file: Path, services: frozenset[str]) -> None:
    """Of a megabyte that is read before the first client is made, the lines on services that are asked for."""
    known = json.loads(file.read_text())
    prefixes = {_endpoint_prefix(file.parent, name) for name in services}
    for partition in known["partitions"]:
        partition["services"] = {name: value for name, value in partition["services"].items() if name in prefixes}
    file.write_text(json.dumps(known, separators=(",", ":")))


def _without_documentation(path: Path) -> None:
    """A description that is read with a service's first client: four fifths of it are texts for people. Its packing is the zip's affair."""
    text = json.dumps(_undocumented(json.loads(gzip.decompress(path.read_bytes()))), separators=(",", ":"))
    path.with_suffix("").write_text(text)
    path.unlink()


def _undocumented(value: Any) -> Any:
    """A member of a shape may be called ``documentation`` too; that is no text."""
    if isinstance(value, dict):
        return {key: _undocumented(part) for key, part in value.items() if key != "documentation" or not isinstance(part, str)}
    return [_undocumented(part) for part in value] if isinstance(value, list) else value


def _endpoint_prefix(data: Path, service: str) -> str:
    """What ``endpoints.json`` calls the service: SES version 2 is ``email``."""
    (described,) = (data / service).glob("*/service-2.json*")
    text = gzip.decompress(described.read_bytes()) if described.suffix == ".gz" else described.read_bytes()
    prefix: str = json.loads(text)["metadata"]["endpointPrefix"]
    return prefix


def _missing(folder: Path) -> Iterator[str]:
    sources = [folder / "app.py", *(folder / "chalicelib").rglob("*.py")]
    for name in {module for source in sources for module in imported_modules(ast.parse(source.read_text()))}:
        package = name.partition(".")[0]
        if package not in sys.stdlib_module_names and package not in OPTIONAL and not _is_there(folder / Path(*name.split("."))):
            yield name


def _is_there(module: Path) -> bool:
    return module.is_dir() or any(module.parent.glob(f"{module.name}.py")) or any(module.parent.glob(f"{module.name}.*.so"))
