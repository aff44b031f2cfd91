"""Procedures on the samples of the example: one that writes, and runs a workflow on what it wrote, all or nothing."""

from __future__ import annotations

from chalicelib.domain.status import RESOLVED
from chalicelib.errors import Json
from chalicelib.procedures.base import ProcedureCall, procedure

WORKFLOW = "submit_inspection"
INPUT: dict[str, Json] = {
    "type": "object",
    "required": ["indicator"],
    "properties": {"indicator": {"type": "number", "minimum": 0, "maximum": 1000, "title": "Indicator", "description": "As measured."}},
    "additionalProperties": False,
}
OUTPUT: dict[str, Json] = {
    "type": "object",
    "required": ["id", "indicator", "status"],
    "properties": {"id": {"type": "integer"}, "indicator": {"type": "number"}, "status": {"type": ["string", "null"]}},
}


@procedure("samples", input_schema=INPUT, output_schema=OUTPUT, title="Measure again and submit")
def remeasure(call: ProcedureCall) -> Json:
    """Writes the new indicator and submits the sample for inspection; when that is refused, the old indicator stays."""
    if call.record is None:
        call.fail("Choose a sample: samples:remeasure/<id>", code="RECORD_REQUIRED")
    own = {"id": call.record["id"]}
    call.records.update("samples", own, {"indicator": call.input["indicator"]})
    child = call.run_workflow(WORKFLOW, call.records.find("samples", filter=own)[0])
    if child.status != RESOLVED:
        call.fail(" ".join(call.messages) or "The sample was not accepted for inspection", code="NOT_SUBMITTED", field="indicator")
    after = call.records.find("samples", filter=own)[0]
    return {name: after[name] for name in ("id", "indicator", "status")}
