"""The first boot: the root user and the stock roles, made by the product itself when there is no user yet."""

from __future__ import annotations


def first_boot(email: str, password: str) -> None:
    """Does nothing when it was done before. The environment of the app must be in place. Raises SystemExit when refused."""
    from chalicelib.bootstrap import install
    from chalicelib.errors import AppError

    try:
        install(email, password)
    except AppError as error:
        raise SystemExit(f"The first user (INIT_ROOT_EMAIL, INIT_ROOT_PASSWORD) was refused: {error.message}") from None
