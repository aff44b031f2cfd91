"""The collections' part of a plan: made, given fields, changed, and on request removed."""

from __future__ import annotations

from collections.abc import Iterator

from local.definitions import Body
from local.steps import Caller, Step, differing, made, quoted, shown

ASSOCIATIONS = ("belongsTo", "hasOne", "hasMany", "belongsToMany")
FIXED = ("shards", "idType", "filterTargetKey", "autoGenId")
FIXED_ASSOCIATION = ("target", "foreignKey", "otherKey", "through", "sourceKey", "targetKey")
SYSTEM_FIELDS = ("id", "createdAt", "createdById", "createdBy", "updatedAt", "updatedById", "updatedBy")


class Plan:
    """``wanted``: the definitions by name."""

    def __init__(self, client: Caller, wanted: dict[str, Body]) -> None:
        self._client = client
        self._wanted = wanted
        self._there: dict[str, Body] = {row["name"]: row for row in client.call("collections:list", paginate="false")["data"]}

    def steps(self) -> list[Step]:
        """What is missing or different. Associations with a collection that is made later come after all are made."""
        missing = [name for name in self._wanted if name not in self._there]
        unmade, first, later = set(missing), [], []
        for name in missing:
            unmade.discard(name)
            body = self._wanted[name]
            deferred = [field for field in body.get("fields", []) if {field.get("target"), field.get("through")} & unmade]
            now = body | {"fields": [field for field in body.get("fields", []) if field not in deferred]}
            lines = [f"+ {_field_line(field)}" for field in body.get("fields", [])]
            first.append(Step("+", f"collection {name}", made(self._client, "collections:create", now), lines))
            later += [Step("", "", made(self._client, f"collections/{quoted(name)}/fields:create", field)) for field in deferred]
        changed = [step for name, body in self._wanted.items() if name in self._there for step in self._changes(name, body)]
        return first + later + changed

    def _changes(self, name: str, body: Body) -> Iterator[Step]:
        there = self._there[name]
        options = differing({option: value for option, value in body.items() if option not in ("name", "fields")}, there)
        if options:
            fixed = [option for option in options if option in FIXED]
            lines = [f"~ {option}: {shown(there.get(option))} -> {shown(value)}" for option, value in options.items()]
            impossible = f"{', '.join(fixed)} of a collection cannot change" if fixed else ""
            yield Step(
                "~", f"collection {name}", made(self._client, f"collections:update/{quoted(name)}", options), lines, impossible=impossible
            )
        fields = {field["name"]: field for field in there["fields"]}
        for field in body.get("fields", []):
            if field["name"] not in fields:
                run = made(self._client, f"collections/{quoted(name)}/fields:create", field)
                yield Step("+", f"field {name}.{_field_line(field)}", run)
            elif different := differing(field, fields[field["name"]]):
                yield self._changed_field(name, fields[field["name"]], different)

    def _changed_field(self, name: str, old: Body, different: Body) -> Step:
        path = f"{name}.{old['name']}"
        run = made(self._client, f"collections/{quoted(name)}/fields:update/{quoted(old['name'])}", different)
        lines = [f"~ {option}: {shown(old.get(option))} -> {shown(value)}" for option, value in different.items()]
        kinds = {old["type"], different.get("type", old["type"])}
        fixed = [option for option in different if option in FIXED_ASSOCIATION and old["type"] in ASSOCIATIONS]
        if fixed or (len(kinds) > 1 and kinds & set(ASSOCIATIONS)):
            impossible = f"{', '.join(fixed) or 'type'} of an association cannot change; remove the field and add it again"
            return Step("~", f"field {path}", run, lines, impossible=impossible)
        loses = self._records_lost(name, f"values of {path} that do not fit the new type") if "type" in different else ""
        return Step("~", f"field {path}", run, lines, loses=loses)

    def extra(self) -> list[Step]:
        """The removal of what no file names: fields first, so that collections no longer hold on to each other."""
        doomed = [name for name in self._there if name not in self._wanted and name not in self._through()]
        steps = [self._removed_field(name, field) for name in self._wanted if name in self._there for field in self._spare_fields(name)]
        for name in doomed:
            steps += [
                Step("", "", made(self._client, f"collections/{quoted(name)}/fields:destroy/{quoted(field['name'])}", {}))
                for field in self._there[name]["fields"]
                if field.get("target") in doomed and field["target"] != name and field["type"] in ASSOCIATIONS
            ]
        for name in doomed:
            run = made(self._client, f"collections:destroy/{quoted(name)}", {})
            steps.append(Step("-", f"collection {name}", run, loses=self._records_lost(name, f"the records of {name}")))
        return steps

    def _through(self) -> set[str]:
        """Collections that hold the pairs of an association; they come and go with it."""
        bodies = [*self._wanted.values(), *(body for name, body in self._there.items() if name in self._wanted)]
        return {field["through"] for body in bodies for field in body.get("fields", []) if field.get("through")}

    def _spare_fields(self, name: str) -> list[Body]:
        """Fields that the file does not name and that no association brought along."""
        named = {field["name"] for field in self._wanted[name].get("fields", [])}
        keys = {field.get("foreignKey") for field in self._there[name]["fields"] if field["name"] in named}
        return [
            field
            for field in self._there[name]["fields"]
            if field["name"] not in (*named, *keys, *SYSTEM_FIELDS) and not field.get("isForeignKey")
        ]

    def _removed_field(self, name: str, field: Body) -> Step:
        path = f"{name}.{field['name']}"
        run = made(self._client, f"collections/{quoted(name)}/fields:destroy/{quoted(field['name'])}", {})
        loses = "" if field["type"] in ASSOCIATIONS else self._records_lost(name, f"the values of {path}")
        return Step("-", f"field {path}", run, loses=loses)

    def _records_lost(self, name: str, what: str) -> str:
        """``what``, when there are records that could lose it."""
        meta = self._client.call(f"{quoted(name)}:list", pageSize=1)["meta"]
        count = meta.get("count", meta.get("countAtLeast", 1))
        return f"{what} ({count} record{'s' if count != 1 else ''})" if count else ""


def _field_line(field: Body) -> str:
    target = f" {field['target']}" if field.get("target") else ""
    marks = [option for option in ("required", "unique", "index") if field.get(option)]
    return f"{field['name']}: {field['type']}{target}" + (f" ({', '.join(marks)})" if marks else "")
