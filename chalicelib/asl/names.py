"""Names of states: what a person called the node, as far as the language allows. Source: https://states-language.net/spec.html#states-fields"""

from __future__ import annotations

import re

LONGEST = 80
REFUSED = re.compile(r"[\x00-\x1f\x7f-\x9f?*<>{}\[\]:;,\\|^~$#%&`\"/]+")


class Names:
    """Gives every state of one definition a name of its own."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def take(self, title: str) -> str:
        """The title, cut to 80 characters, with a number when it is taken."""
        plain = " ".join(REFUSED.sub(" ", title).split()) or "State"
        name, number = plain[:LONGEST].rstrip(), 1
        while name in self._taken:
            number += 1
            suffix = f" ({number})"
            name = plain[: LONGEST - len(suffix)].rstrip() + suffix
        self._taken.add(name)
        return name
