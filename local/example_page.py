"""``make example-page``: brings the two buttons of ``docs/examples`` to a running Stepbase, and serves the page on an origin of its own.

Settings come from the environment: ``URL``, ``EXAMPLE_PORT``, and ``TOKEN`` of who may define buttons; without it the root user of
``make run`` signs in (``INIT_ROOT_EMAIL``, ``INIT_ROOT_PASSWORD``). Exit code 2: nobody answers there, or the port is taken.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from local.client import Client, Refused
from local.example import load
from local.settings import ROOT_EMAIL, ROOT_PASSWORD

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "examples"
LOCAL, PORT = "http://localhost:3000", "3001"
WRONG = 2


def main(environment: Mapping[str, str]) -> int:
    """Serves until Ctrl-C."""
    url, port = (environment.get("URL") or LOCAL).rstrip("/"), environment.get("EXAMPLE_PORT") or PORT
    try:
        made = bring_buttons(url, environment)
        server = page_server(int(port))
    except (OSError, ValueError, Refused) as error:
        print(f"The example needs a Stepbase at {url} (make run) and the port {port}: {error}", file=sys.stderr)
        return WRONG
    print(f"Brought: {', '.join(made) or 'nothing new'}")
    print(f"Open http://localhost:{server.server_port}/?server={url}   (Ctrl-C stops it)", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        return 0
    finally:
        server.server_close()
    return 0


def bring_buttons(url: str, environment: Mapping[str, str]) -> list[str]:
    """What was made there, as ``actions viewProfile``. Raises Refused, and OSError when nobody answers."""
    client = Client(url, environment.get("TOKEN", ""))
    if not client.token:
        client.sign_in(environment.get("INIT_ROOT_EMAIL") or ROOT_EMAIL, environment.get("INIT_ROOT_PASSWORD") or ROOT_PASSWORD)
    return load(client, FOLDER / "definitions")


def page_server(port: int) -> ThreadingHTTPServer:
    """Serves the page to this machine only; ``port`` 0 is any that is free. Raises OSError when it is taken."""
    return ThreadingHTTPServer(("127.0.0.1", port), partial(SimpleHTTPRequestHandler, directory=str(FOLDER)))


if __name__ == "__main__":
    sys.exit(main(os.environ))
