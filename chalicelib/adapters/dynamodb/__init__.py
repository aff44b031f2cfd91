"""The `Store` port on DynamoDB.

``codec`` turns JSON into attribute values and back, ``tables`` defines both tables with PynamoDB, ``expressions`` builds
each write, ``failures`` names what went wrong, ``connection`` sets the limits on time, ``store`` joins them. ``codec``,
``indexes`` and ``limits`` are plain Python and shared with the in-memory store: importing this package imports no botocore.

Source: https://pynamodb.readthedocs.io/en/stable/low_level.html
"""

from __future__ import annotations

from typing import Protocol

from chalicelib.domain.ports import Store


class TableSettings(Protocol):
    """The part of the settings that a store needs."""

    @property
    def records_table(self) -> str: ...
    @property
    def executions_table(self) -> str: ...
    @property
    def region(self) -> str: ...


def dynamodb_store(settings: TableSettings) -> Store:
    """A store over the two tables; make one per process, it owns the connection pool.

    The endpoint is AWS's, or what the standard ``AWS_ENDPOINT_URL_DYNAMODB`` says. No client is made before the first request.
    """
    from chalicelib.adapters.dynamodb.connection import connect
    from chalicelib.adapters.dynamodb.store import DynamoStore

    return DynamoStore(connect(settings.region), settings.records_table, settings.executions_table)
