"""Takes the pictures of docs/console.md anew, of an instance with the example in it that is gone afterwards: ``make pictures``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.browser.conftest import CONSOLE, FOLDER, serving


def main() -> int:
    """The exit code: 0 when every picture is taken and small enough."""
    for step in ("build", "browser"):
        subprocess.run([CONSOLE, step], check=True)
    with TemporaryDirectory() as data, serving(Path(data), example=True) as environment:
        return subprocess.run(["node", "pictures.js"], cwd=FOLDER, env=os.environ | environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
