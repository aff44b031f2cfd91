"""The `Store` port on DynamoDB: one request per call on the warm path, over one PynamoDB connection per process.

Transactions go through PynamoDB's `TransactWrite`. BatchGetItem over two tables and Query go through the connection's
`dispatch`, because a model reads one table only and would build an object per item; answers are decoded by our codec.
Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

from __future__ import annotations

import random
from collections.abc import Collection, Sequence
from functools import cached_property
from itertools import islice
from typing import cast

from pynamodb.connection import Connection
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition as Expression
from pynamodb.transactions import TransactWrite

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.codec import decode_item, encode_item
from chalicelib.adapters.dynamodb.connection import listen
from chalicelib.adapters.dynamodb.expressions import add_write, key_condition, key_condition_behind
from chalicelib.adapters.dynamodb.failures import ANY_FAILURE, Attempts, read_failure, write_failure
from chalicelib.adapters.dynamodb.indexes import index_of
from chalicelib.adapters.dynamodb.limits import can_exist, check_writes
from chalicelib.adapters.dynamodb.tables import ExecutionItem, ItemModel, RecordItem, bound
from chalicelib.domain.ports import EXECUTIONS, RECORDS, Clock, Item, Key, Page, Range, StoreUnavailable, Table, Write
from chalicelib.errors import Json

BATCH_KEYS = 100
BATCH_ROUNDS = 8
FIRST_PAUSE_SECONDS = 0.02
LONGEST_PAUSE_SECONDS = 1.0


class DynamoStore:
    """See `chalicelib.domain.ports.Store` for the contract. Safe to share between threads."""

    def __init__(self, connection: Connection, records_table: str, executions_table: str, clock: Clock | None = None) -> None:
        self._models: dict[Table, type[ItemModel]] = {
            RECORDS: bound(RecordItem, records_table),
            EXECUTIONS: bound(ExecutionItem, executions_table),
        }
        self._names: dict[Table, str] = {RECORDS: records_table, EXECUTIONS: executions_table}
        self._tables: dict[str, Table] = {records_table: RECORDS, executions_table: EXECUTIONS}
        self._silent = connection
        self._attempts = Attempts()
        self._clock = clock or SystemClock()

    @cached_property
    def _connection(self) -> Connection:
        """The connection once it is listened to: from the first request on, because listening makes the client."""
        listen(self._silent, self._attempts)
        return self._silent

    def batch_get(self, keys: Collection[Key]) -> dict[Key, Item]:
        found: dict[Key, Item] = {}
        waiting = iter({key: None for key in keys if can_exist(key)})
        while chunk := list(islice(waiting, BATCH_KEYS)):
            self._get_chunk(chunk, found)
        return found

    def _get_chunk(self, chunk: list[Key], found: dict[Key, Item]) -> None:
        asked = self._request(chunk)
        for attempt in range(BATCH_ROUNDS):
            answer = self._dispatch("BatchGetItem", {"RequestItems": asked})
            for name, items in answer["Responses"].items():
                for item in map(decode_item, items):
                    found[Key(self._tables[name], item["pk"], item["sk"])] = item
            asked = answer.get("UnprocessedKeys", {})
            if not asked:
                return
            self._clock.sleep(random.uniform(0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2**attempt)))
        raise StoreUnavailable(f"BatchGetItem left keys unprocessed {BATCH_ROUNDS} times")

    def _request(self, chunk: list[Key]) -> dict[str, Json]:
        tables: dict[str, Json] = {}
        for key in chunk:
            table = tables.setdefault(self._names[key.table], {"Keys": [], "ConsistentRead": True})
            table["Keys"].append({"pk": {"S": key.pk}, "sk": {"S": key.sk}})
        return tables

    def query(
        self,
        table: Table,
        partition: str,
        *,
        index: str | None = None,
        keys: Range | None = None,
        limit: int | None = None,
        forward: bool = True,
        start: Item | None = None,
    ) -> Page:
        condition: Expression | None
        behind = start if index is None and keys is None else None
        if behind is not None:
            condition = key_condition_behind(index_of(table, None), partition, behind["sk"], forward=forward)
        else:
            condition = key_condition(index_of(table, index), partition, keys)
        request = self._query(table, index, condition)
        if request is None:
            return Page([], None)
        request["ScanIndexForward"] = forward
        if limit is not None:
            request["Limit"] = limit
        if start is not None and behind is None:
            request["ExclusiveStartKey"] = encode_item(start)
        answer = self._dispatch("Query", request)
        last = answer.get("LastEvaluatedKey")
        return Page([decode_item(item) for item in answer["Items"]], decode_item(last) if last else None, answer["ScannedCount"])

    def count(self, table: Table, partition: str, *, index: str | None = None, keys: Range | None = None, limit: int = 10_000) -> int:
        request = self._query(table, index, key_condition(index_of(table, index), partition, keys))
        total = 0
        while request is not None and total <= limit:
            answer = self._dispatch("Query", {**request, "Select": "COUNT", "Limit": limit + 1 - total})
            total += answer["Count"]
            last = answer.get("LastEvaluatedKey")
            request = {**request, "ExclusiveStartKey": last} if last else None
        return total

    def _query(self, table: Table, name: str | None, condition: Expression | None) -> dict[str, Json] | None:
        """The request, ``None`` when nothing can meet the condition."""
        index = index_of(table, name)
        if condition is None:
            return None
        names: dict[str, str] = {}
        values: dict[str, Json] = {}
        request: dict[str, Json] = {
            "TableName": self._names[table],
            "KeyConditionExpression": condition.serialize(names, values),
            "ExpressionAttributeNames": {placeholder: real for real, placeholder in names.items()},
            "ExpressionAttributeValues": values,
            "ConsistentRead": index.strong,
        }
        return {**request, "IndexName": index.name} if index.name else request

    def transact(self, writes: Sequence[Write]) -> None:
        if not writes:
            return
        check_writes(writes)
        self._attempts.unknown = False
        try:
            with TransactWrite(connection=self._connection) as transaction:
                for write in writes:
                    add_write(transaction, self._models[write.key.table], write)
        except TransactWriteError as error:
            raise write_failure(error, writes, self._attempts.unknown) from error

    def _dispatch(self, operation: str, request: dict[str, Json]) -> dict[str, Json]:
        try:
            return cast(dict[str, Json], self._connection.dispatch(operation, request))
        except (*ANY_FAILURE, ValueError) as error:  # ValueError: half an answer is not JSON
            raise read_failure(error) from error
