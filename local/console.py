"""The built web console as files under ``/console/``; a single page, so an unknown path is the page itself."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from urllib.parse import unquote

from local.gateway import Answer

BUILT = Path(__file__).resolve().parent.parent / "chalicelib" / "static"
NO_CONSOLE = (
    "There is no web console in this version.\n\n"
    "One that is built into chalicelib/static/ is served here. The API under /api/ works without it.\n"
)
# The page may load only what it ships with, and talk only to its own server.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data: blob:; "
    "font-src 'self' data:; worker-src 'self' blob:; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)


def console_page(path: str, folder: Path = BUILT) -> Answer | None:
    """The answer for a GET of ``path``; ``None`` when the path is not the console's."""
    if path == "/":
        return Answer(302, (("Location", "/console/"),))
    if path != "/console" and not path.startswith("/console/"):
        return None
    index = folder / "index.html"
    if not index.is_file():
        return Answer(200, (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store")), NO_CONSOLE.encode())
    return _file(_inside(folder, path.removeprefix("/console").lstrip("/")) or index)


def _inside(folder: Path, name: str) -> Path | None:
    try:
        found = (folder / unquote(name)).resolve()
    except ValueError:  # a NUL byte in the name
        return None
    return found if found.is_relative_to(folder.resolve()) and found.is_file() else None


def _file(found: Path) -> Answer:
    kind = mimetypes.guess_type(found.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind in ("application/javascript", "application/json", "image/svg+xml")
    # A built asset's name carries its hash; the page itself must always be asked for again.
    cache = "no-cache" if found.suffix == ".html" else "public, max-age=3600"
    headers = (
        ("Content-Type", f"{kind}; charset=utf-8" if text else kind),
        ("Cache-Control", cache),
        ("Content-Security-Policy", CONTENT_SECURITY_POLICY),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "no-referrer"),
    )
    return Answer(200, headers, found.read_bytes())
