"""What `meta` says of a page."""

from __future__ import annotations

import pytest

from chalicelib.domain.collection import Collection
from chalicelib.domain.query import Paging
from chalicelib.engine.finder import Found
from chalicelib.services.call import Call
from chalicelib.services.listing import list_meta

COUNTED = Collection("many", "c_many", fields={})
SIMPLE = Collection("piles", "c_piles", fields={}, options={"simplePaginate": True})


@pytest.mark.parametrize(
    ("collection", "page", "cursor", "told"),
    [
        (COUNTED, 199, "on", None),
        (COUNTED, 200, "on", "on"),
        (COUNTED, 200, None, None),
        (SIMPLE, 199, "on", None),
        (SIMPLE, 200, "on", "on"),
    ],
)
def test_the_last_page_read_by_number_says_where_the_list_goes_on(
    collection: Collection, page: int, cursor: str | None, told: str | None
) -> None:
    meta = list_meta(Found([], 12_000, cursor=cursor, at_least=12_000), Paging(page, 50, True), collection, Call("many", "list"))
    assert meta is not None
    assert meta.get("cursor") == told
    assert (meta["page"], meta["pageSize"]) == (page, 50)
