"""Procedures on users. Source of the example: https://kottster.app/docs/custom-server-procedures"""

from __future__ import annotations

from chalicelib.domain.record import Row
from chalicelib.errors import Json
from chalicelib.procedures.base import ProcedureCall, procedure

ONE_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
INPUT: dict[str, Json] = {
    "type": "object",
    "properties": {
        "userId": {"type": "integer", "minimum": 0, "title": "User", "description": "Whom to welcome, when the call names no record."},
        "subject": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": ONE_LINE, "title": "Subject"},
    },
    "additionalProperties": False,
}
OUTPUT: dict[str, Json] = {
    "type": "object",
    "required": ["success", "sentTo"],
    "properties": {"success": {"type": "boolean"}, "sentTo": {"type": "string"}},
    "additionalProperties": False,
}


@procedure("users", input_schema=INPUT, output_schema=OUTPUT, title="Send a welcome email")
def send_welcome_email(call: ProcedureCall) -> Json:
    """Sends a user an e-mail that says welcome; answers whom it was sent to."""
    user = call.record or _named(call)
    if user is None:
        call.fail("User not found", code="USER_NOT_FOUND", field="userId")
    if not user.get("email"):
        call.fail("This user has no e-mail address", code="NO_EMAIL")
    name = user.get("nickname") or user.get("username") or user["email"]
    call.send_mail(user["email"], call.input.get("subject") or "Welcome", text=f"Hello {name},\n\nwelcome. Your account is ready.\n")
    return {"success": True, "sentTo": user["email"]}


def _named(call: ProcedureCall) -> Row | None:
    """The user whom the input names."""
    if "userId" not in call.input:
        return None
    found = call.records.find("users", filter={"id": call.input["userId"]}, page_size=1)
    return found[0] if found else None
