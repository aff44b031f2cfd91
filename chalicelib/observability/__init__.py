"""What is told about calls and runs: log lines with the keys that belong together, metrics, traces. Every layer from the engine up uses it,
and it uses none of them.

Nothing that was sent, stored or answered is told: keys, ids, names of definitions, numbers, and of an exception its class and where it was
raised. Sources: https://docs.powertools.aws.dev/lambda/python/latest/core/logger/ and
https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html
"""

from __future__ import annotations

from chalicelib.observability.correlation import about
from chalicelib.observability.lines import logger, told
from chalicelib.observability.observation import Observation, counted, note, observed, ran, sent
from chalicelib.observability.setup import configure
from chalicelib.observability.tracing import traced

__all__ = ["Observation", "about", "configure", "counted", "logger", "note", "observed", "ran", "sent", "told", "traced"]
