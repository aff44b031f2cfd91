import { Fragment } from "react";
import type { Row } from "../../../client";
import type { Schema } from "../types";
import { plain } from "../variables";
import { isHidden } from "./choices";
import { ConditionInput } from "./ConditionInput";
import { useForm } from "./formContext";
import { PropertyInput } from "./PropertyInput";
import { withProperty } from "./values";

export interface PropertiesProps {
  type: string;
  /** Where the object stands, as the server says it: `config.params`. */
  path: string;
  /** The same below the config: `params`. */
  place: string;
  schema: Schema;
  value: Row;
  onChange: (value: Row) => void;
  root: Row;
  sync: boolean;
  /** The collection whose fields are meant. */
  collection: string | undefined;
}

/** The properties of an object one below the other. */
export function Properties({ type, path, place, schema, value, onChange, root, sync, collection }: PropertiesProps) {
  const { find } = useForm();
  const properties = schema.properties ?? {};
  const hasCondition = "calculation" in properties && "expression" in properties;
  const own = collectionMeant(value, find) ?? collection;
  return (
    <>
      {Object.entries(properties).map(([name, one]) => {
        const at = place ? `${place}.${name}` : name;
        if (isHidden(type, at, root, sync)) return null;
        if (hasCondition && name === "engine") return <ConditionInput key={name} path={path} value={value} onChange={onChange} />;
        if (hasCondition && (name === "calculation" || name === "expression")) return <Fragment key={name} />;
        return (
          <PropertyInput
            key={name}
            type={type}
            name={name}
            path={`${path}.${name}`}
            place={at}
            schema={one}
            value={value[name]}
            required={schema.required?.includes(name) ?? false}
            onChange={(changed) => onChange(withProperty(value, name, changed))}
            root={root}
            sync={sync}
            collection={own}
          />
        );
      })}
    </>
  );
}

/** The collection that filters and fields in this object are about. */
function collectionMeant(value: Row, find: ReturnType<typeof useForm>["find"]): string | undefined {
  const association = value["associated"] === true ? (value["association"] as Row | null | undefined) : null;
  if (association) return find(plain(association["associatedCollection"]))?.fields.find((one) => one.name === association["name"])?.target;
  return plain(value["collection"]) || plain(value["associatedCollection"]) || undefined;
}
