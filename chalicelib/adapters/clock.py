"""The machine's clock, as the `Clock` port. Tests hold time still with `chalicelib.adapters.memory.FixedClock`.

Source: https://docs.python.org/3/library/time.html
"""

from __future__ import annotations

import time


class SystemClock:
    """Time as the machine tells it."""

    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""
        return time.time_ns() // 1_000_000

    def sleep(self, seconds: float) -> None:
        """Wait ``seconds``."""
        time.sleep(seconds)
