"""``make plan`` and ``make apply``: bring a folder of definition files to a running Stepbase, a diff first, then only the differences.

Settings come from the environment: ``URL``, ``TOKEN`` (of a user or an API key), ``DIR``, and ``ALLOW_DATA_LOSS=1``. Exit codes: 0 nothing
to do, or done; 2 something is wrong (then nothing was written, unless it says how far it came); 3 from ``plan``: there are changes.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.client import Client, Refused
from local.definitions import BadDefinitions, read_definitions
from local.plan import changes
from local.steps import Step

DONE, WRONG, CHANGES = 0, 2, 3
LOCAL = "http://localhost:3000"
SIGNS = {"+": "to create", "~": "to change", "-": "to remove"}


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.apply", description=__doc__)
    parser.add_argument("action", choices=["plan", "apply"])
    parser.add_argument("--prune", action="store_true", help="remove what is in no file")
    options = parser.parse_args(arguments)
    url, token = environment.get("URL") or LOCAL, environment.get("TOKEN", "")
    try:
        if not token:
            raise BadDefinitions(["TOKEN is missing: sign in, or make an API key, and set TOKEN=…"])
        if not url.startswith(("http://", "https://")):
            raise BadDefinitions([f"URL must begin with http:// or https://, not {url}"])
        wanted = read_definitions(Path(environment.get("DIR") or "definitions"))
        steps, spare = changes(Client(url.rstrip("/"), token), wanted, options.prune)
        return _answer(options.action, steps, spare, environment.get("ALLOW_DATA_LOSS") == "1")
    except (BadDefinitions, Refused) as error:
        print(error, file=sys.stderr)
    except (OSError, ValueError) as error:
        print(f"{url} does not answer as a Stepbase: {error}", file=sys.stderr)
    return WRONG


def _answer(action: str, steps: list[Step], spare: list[str], may_lose: bool) -> int:
    _print_plan(steps, spare)
    if any(step.impossible for step in steps):
        print("Some of this cannot be done; nothing was changed.", file=sys.stderr)
        return WRONG
    lossy = any(step.loses for step in steps) and not may_lose
    if action == "plan" or not steps:
        return CHANGES if steps else DONE
    if lossy:
        print("Data would be lost, so nothing was changed. ALLOW_DATA_LOSS=1 does it all the same.", file=sys.stderr)
        return WRONG
    return _run(steps)


def _print_plan(steps: Sequence[Step], spare: Sequence[str]) -> None:
    for step in steps:
        if not step.title:
            continue
        print(f"{step.sign} {step.title}")
        notes = [*step.lines]
        notes += [f"! loses {step.loses}"] if step.loses else []
        notes += [f"! cannot be done: {step.impossible}"] if step.impossible else []
        for line in notes:
            print(f"    {line}")
    if spare:
        print(f"Left alone, since no file names it (PRUNE=1 removes it): {', '.join(spare)}")
    counts = {word: sum(step.sign == sign and bool(step.title) for step in steps) for sign, word in SIGNS.items()}
    print(", ".join(f"{count} {word}" for word, count in counts.items()) if steps else "Nothing to change.")


def _run(steps: Sequence[Step]) -> int:
    """Each step by itself: what was done before a refusal stays, and is no longer a difference."""
    for done, step in enumerate(steps):
        try:
            step.run()
        except (Refused, OSError, ValueError) as error:
            print(f"Stopped at {step.title or 'the associations'}: {error}", file=sys.stderr)
            print(f"{done} of {len(steps)} steps were done and stay; mend it and apply again.", file=sys.stderr)
            return WRONG
    print("Applied.")
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
