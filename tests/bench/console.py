"""What the web console's first screen costs: script over the wire, and calls of the API until a table is painted with its buttons.

The calls are counted in Chromium (``first_paint.js`` beside this file); where Node, a browser or the built console is missing, it says so.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.bench.report import Line, at_most
from tests.bench.stack import EMAIL, PASSWORD, ROOT

STATIC = ROOT / "chalicelib" / "static"
# As console/scripts/size.js: what the page names itself; the rest is loaded when it is needed.
NAMED = re.compile(r'<(?:script|link rel="modulepreload")[^>]* (?:src|href)="\./([^"]+\.js)"')
MOST_SCRIPT_KB, MOST_CALLS = 400, 2
SECONDS = 120
WAYS = {
    "signedIn": "calls until a table is painted, after signing in at its address",
    "reloaded": "the same after a reload",
    "linked": "the same by its link on the start page",
}


def measure(port: int) -> Iterator[Line]:
    """``port``: where the local stack listens."""
    if not (STATIC / "index.html").is_file():
        yield Line("the web console", "not built: `make console`")
        return
    scripts = NAMED.findall((STATIC / "index.html").read_text())
    total = sum(len(gzip.compress((STATIC / name).read_bytes(), 6)) for name in scripts)
    yield at_most("script of the first screen, gzipped", total / 1024, MOST_SCRIPT_KB, "KB")
    yield from _calls(port)


def _calls(port: int) -> Iterator[Line]:
    settings = {"STEPBASE_URL": f"http://127.0.0.1:{port}", "STEPBASE_EMAIL": EMAIL, "STEPBASE_PASSWORD": PASSWORD}
    script = Path(__file__).with_name("first_paint.js")
    try:
        ran = subprocess.run(["node", script], env=os.environ | settings, capture_output=True, text=True, timeout=SECONDS, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        yield Line("calls until a table is painted", f"not counted, that takes Node and Chromium: {type(error).__name__}")
        return
    counted: dict[str, list[str]] = json.loads(ran.stdout)
    for way, what in WAYS.items():
        calls = counted[way]
        yield Line(what, ", ".join(f"`{one}`" for one in calls), f"<= {MOST_CALLS}", len(calls) <= MOST_CALLS)
