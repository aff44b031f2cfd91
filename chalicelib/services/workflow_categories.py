"""Categories of workflows over HTTP: names and colours to find a workflow by. Source: https://docs.nocobase.com/workflow

A workflow keeps the ids of its categories; who manages workflows manages them too.
"""

from __future__ import annotations

from chalicelib.domain.query import parse_paging, parse_sort
from chalicelib.domain.record import visible
from chalicelib.domain.system_collections import WORKFLOW_CATEGORIES
from chalicelib.engine.finder import Search
from chalicelib.services.backend import Backend
from chalicelib.services.call import Answer, Call, filter_of
from chalicelib.services.editing import Editing, edit, edit_once, view
from chalicelib.services.versions import AREA, version_id_of


class WorkflowCategories:
    """The use cases over a `Backend`."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def list_categories(self, call: Call) -> Answer:
        """By ``sort`` unless the call says otherwise."""

        def act(editing: Editing) -> Answer:
            paging = parse_paging(call.params.get("page"), call.params.get("pageSize"), call.params.get("paginate"))
            sort = parse_sort(call.params.get("sort") or "sort", WORKFLOW_CATEGORIES)
            found = editing.records.search(
                Search(WORKFLOW_CATEGORIES, editing.records.filter(filter_of(call), WORKFLOW_CATEGORIES), sort)
            ).records
            page = found[paging.offset : paging.offset + paging.page_size] if paging.paginate else found
            meta = {"count": len(found), "page": paging.page, "pageSize": paging.page_size, "totalPage": -(-len(found) // paging.page_size)}
            return Answer([visible(record) for record in page], meta=meta if paging.paginate else None)

        return view(self._backend, call, AREA, act)

    def get(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = editing.unit.get(WORKFLOW_CATEGORIES, version_id_of(call))
            return Answer(visible(record) if record else None)

        return view(self._backend, call, AREA, act)

    def create(self, call: Call) -> Answer:
        """``{"title", "color"?, "sort"?}``."""

        def act(editing: Editing) -> Answer:
            return Answer(visible(editing.records.create_record(WORKFLOW_CATEGORIES, call.values())))

        return edit_once(self._backend, call, AREA, act)

    def update(self, call: Call) -> Answer:
        def act(editing: Editing) -> Answer:
            record = editing.unit.get(WORKFLOW_CATEGORIES, version_id_of(call))
            return Answer([visible(editing.records.update_record(record, call.values()))] if record else [])

        return edit(self._backend, call, AREA, act)

    def destroy(self, call: Call) -> Answer:
        """Workflows that have it show it no longer."""

        def act(editing: Editing) -> Answer:
            record = editing.unit.get(WORKFLOW_CATEGORIES, version_id_of(call))
            if record:
                editing.unit.destroy(record)
            return Answer(1 if record else 0)

        return edit(self._backend, call, AREA, act)
