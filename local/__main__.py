"""``python -m local``: see ``run.py``."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    # Until there is something to stop, Ctrl-C simply ends the process: no traceback from the middle of an import.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from local.run import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
