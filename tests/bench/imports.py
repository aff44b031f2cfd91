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
from collections.abc import Iterator

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
)
CHILD = f"""
import json, pathlib, re, sys, time
began = time.process_time()
import app
imported = time.process_time()
from chalicelib.bootstrap import product
product().backend.store._connection.client
made = time.process_time()
print(json.dumps({{
    "start": began * 1000, "import": (imported - began) * 1000, "clients": (made - imported) * 1000, "whole": made * 1000,
    "rss": int(re.search(r"VmHWM:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1]) / 1024,
    "modules": len(sys.modules),
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


def measure(runs: int) -> Iterator[Line]:
    samples = [_once() for _ in range(runs + 1)][1:]  # the first writes .pyc files

    def median(name: str) -> float:
        return statistics.median(sample[name] for sample in samples)

    yield at_most("CPU of importing the app and making its clients", median("import") + median("clients"), 400, "ms")
    yield Line("of it importing / making clients", f"{median('import'):.0f} / {median('clients'):.0f} ms")
    yield Line("the interpreter's own start, not in it", f"{median('start'):.0f} ms")
    yield at_most("peak resident memory then", median("rss"), 70, "MB")
    yield Line("modules loaded", f"{median('modules'):.0f}")
    unwanted = samples[0]["unwanted"]
    yield Line("not loaded then", ", ".join(f"`{name}`" for name in NOT_LOADED), "all" if not unwanted else f"{unwanted} is", not unwanted)


def _once() -> dict[str, float]:
    ran = subprocess.run(
        [sys.executable, "-c", CHILD], cwd=ROOT, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=True, timeout=30
    )
    sample: dict[str, float] = json.loads(ran.stdout)
    return sample
