"""The first boot: the root user and the stock roles, made by the product itself when there is no user yet."""

from __future__ import annotations


def first_boot(email: str, password: str) -> None:
    """Does nothing when it was done before. The environment of the app must be in place."""
    from chalicelib.bootstrap import install

    install(email, password)
