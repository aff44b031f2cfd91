"""What a cold start costs beside Lambda's own: importing the app and making its clients, in a fresh process.

Peak memory is ``VmHWM`` of /proc: ``ru_maxrss`` is inherited from the process that started this one.
Source: https://man7.org/linux/man-pages/man5/proc_pid_status.5.html
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra.package import package
from tests.bench.report import Line, at_most
from tests.bench.stack import REGION, ROOT

NOT_LOADED = (
    "jsonschema",
    "argon2",
    "jwt",
    "jsonata",
    "boto3",
    "moto",
    "cryptography",
    "aws_xray_sdk",
    "sqlite3",
    "chalicelib.adapters.stepfunctions",
    "chalicelib.adapters.scheduler",
    "chalicelib.adapters.jwks",
)
MOST_CPU_MS, MOST_MEMORY_MB, MOST_ZIPPED_MB, MOST_ZIPPED_WITH_JWKS_MB = 350, 70, 8, 12
CHILD = f"""
import json, pathlib, re, sys, time
began = time.process_time()
import app
imported = time.process_time()
from chalicelib.bootstrap import product
product().backend.store._connection.client
made = time.process_time()
print(json.dumps({{
    "import": (imported - began) * 1000, "clients": (made - imported) * 1000,
    "rss": int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024,
    "unwanted": [name for name in {NOT_LOADED!r} if name in sys.modules],
}}))
"""
ENVIRONMENT = {
    "RECORDS_TABLE": "records",
    "EXECUTIONS_TABLE": "executions",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local",
    "STEPBASE_SECRET": "0123456789abcdef0123456789abcdef-bench",
    "LOG_LEVEL": "WARNING",
}


def measure(runs: int, packaged: bool) -> Iterator[Line]:
    """``packaged``: also from the deployment package, which is built for it, with and without ``--jwks`` (30 s)."""
    yield from _lines("", [_once(sys.executable, "-c", folder=ROOT) for _ in range(runs + 1)])
    if packaged:
        with tempfile.TemporaryDirectory(prefix="stepbase-bench-") as scratch:
            package("dev", Path(scratch))
            folder = Path(scratch) / "unpacked"
            with zipfile.ZipFile(Path(scratch) / "deployment.zip") as archive:
                archive.extractall(folder)
            # -S: nothing but the package's own modules, whatever is installed for this interpreter.
            interpreter = str(Path(sys.executable).resolve())
            yield from _sizes(Path(scratch) / "deployment.zip", folder)
            package("dev", Path(scratch) / "jwks", jwks=True)
            with_jwks = (Path(scratch) / "jwks" / "deployment.zip").stat().st_size / 1_000_000
            yield at_most("the same with `cryptography` (`make package JWKS=1`)", with_jwks, MOST_ZIPPED_WITH_JWKS_MB, "MB")
            yield from _lines(", from the deployment package", [_once(interpreter, "-S", "-c", folder=folder) for _ in range(runs + 1)])


def _lines(where: str, samples: list[dict[str, float]]) -> Iterator[Line]:
    """The first sample is left out: it writes what is not compiled yet."""

    def median(name: str) -> float:
        return statistics.median(sample[name] for sample in samples[1:])

    yield at_most(f"CPU of importing the app and making its clients{where}", median("import") + median("clients"), MOST_CPU_MS, "ms")
    yield Line(f"of it importing / making clients{where}", f"{median('import'):.0f} / {median('clients'):.0f} ms")
    yield at_most(f"peak resident memory then{where}", median("rss"), MOST_MEMORY_MB, "MB")
    unwanted = samples[0]["unwanted"]
    not_loaded = ", ".join(f"`{name}`" for name in NOT_LOADED)
    yield Line(f"not loaded then{where}", not_loaded, "all" if not unwanted else f"{unwanted} is", not unwanted)


def _sizes(archive: Path, folder: Path) -> Iterator[Line]:
    """The package's: without ``cryptography``, which is no requirement of it."""
    yield at_most("the deployment package, zipped", archive.stat().st_size / 1_000_000, MOST_ZIPPED_MB, "MB")
    unpacked = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1_000_000
    yield Line("unpacked", f"{unpacked:.1f} MB")


def _once(*command: str, folder: Path) -> dict[str, float]:
    ran = subprocess.run(
        [*command, CHILD], cwd=folder, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True, timeout=30
    )
    sample: dict[str, float] = json.loads(ran.stdout)
    return sample
