"""Installs pinned requirements: ``python .ci/install.py FOLDER FILE…`` into the virtual environment in FOLDER.

uv does it in a tenth of pip's time, but reads none of pip's settings (https://docs.astral.sh/uv/pip/compatibility/): those that say where
packages come from are handed over. Where uv cannot be had or does not get through, pip does it.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PIP = (sys.executable, "-m", "pip")
PIN = re.compile(r"^uv==\S+", re.MULTILINE)
# pip's setting, and what uv reads of it: https://docs.astral.sh/uv/reference/environment/
SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "HTTPS_PROXY",
}
COMMAS = {"UV_FIND_LINKS"}


def settings() -> dict[str, str]:
    """What pip was told, in uv's words; pip lists what counts more after what counts less."""
    told: dict[str, str] = {}
    for line in subprocess.run([*PIP, "config", "list"], capture_output=True, text=True, check=True).stdout.splitlines():
        name, _, shown = line.partition("=")
        variable = SETTINGS.get(name.rpartition(".")[2])
        if variable and name.partition(".")[0] in ("global", "install", ":env:"):
            told[variable] = ("," if variable in COMMAS else " ").join(str(ast.literal_eval(shown)).split())
    return told


def with_uv(folder: Path, requirements: list[str]) -> bool:
    """Whether uv could be had and installed them."""
    pinned = PIN.search((ROOT / "requirements-dev.txt").read_text())
    assert pinned is not None, "requirements-dev.txt pins uv"
    if subprocess.run([*PIP, "install", "-qq", "--disable-pip-version-check", pinned[0]], check=False).returncode:
        return False
    # As pip: the best version wins, whichever index has it.
    environment = os.environ | {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_NO_CONFIG": "1"} | settings()
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--python", str(folder), *requirements]
    return subprocess.run(command, env=environment, check=False).returncode == 0


def main(folder: Path, *files: str) -> int:
    requirements = [argument for file in files for argument in ("-r", file)]
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=False)
    if with_uv(folder, requirements):
        return 0
    print("uv could not install them: pip does")
    command = [*PIP, "--python", str(folder), "install", "-qq", "--disable-pip-version-check", *requirements]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), *sys.argv[2:]))
