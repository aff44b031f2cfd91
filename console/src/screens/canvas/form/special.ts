/** Which inputs are made for which properties. */
import type { ComponentType } from "react";
import type { Row } from "../../../client";
import { AppendsInput, AssociationInput, CollectionInput, FieldChoice, FieldsChoice, SortInput } from "./collectionInputs";
import { generalPlace } from "./choices";
import { DateSourceInput } from "./DateSourceInput";
import { FilterInput } from "./FilterInput";
import { RolesInput, UsersInput, VariableTarget, WorkflowInput } from "./otherInputs";
import type { PropertyProps } from "./PropertyInput";
import { ValuesInput } from "./ValuesInput";

type Input = ComponentType<PropertyProps>;

const BY_NAME: Record<string, Input> = {
  collection: CollectionInput,
  associatedCollection: CollectionInput,
  appends: AppendsInput,
  filter: FilterInput,
  sort: SortInput,
};

const BY_PLACE: Record<string, Input> = {
  "create:params.values": ValuesInput,
  "update:params.values": ValuesInput,
  "aggregate:params.field": FieldChoice,
  "aggregate:association.name": AssociationInput,
  "collection:changed": FieldsChoice,
  "collection:condition": FilterInput,
  "custom-action:roles": RolesInput,
  "subflow:workflow": WorkflowInput,
  "variable:target": VariableTarget,
  "manual:assignees": UsersInput,
  "manual:forms.actions.values": ValuesInput,
  "cc:users": UsersInput,
  "schedule:startsOn": DateSourceInput,
  "schedule:endsOn": DateSourceInput,
};

export function specialInput({ type, place, name, root, collection }: Pick<PropertyProps, "type" | "place" | "name" | "root" | "collection">): Input | undefined {
  // What a message is compared with are no fields of a collection.
  if (type === "message") return undefined;
  const general = generalPlace(place);
  // A form that writes no record has no collection whose fields could be set.
  if (general === "forms.actions.values" && (!collection || kindOfForm(root, place) === "custom")) return undefined;
  return BY_PLACE[`${type}:${general}`] ?? BY_NAME[name];
}

function kindOfForm(root: Row, place: string): unknown {
  const forms = root["forms"] as Record<string, Row | null> | null | undefined;
  return forms?.[place.split(".")[1] ?? ""]?.["type"];
}
