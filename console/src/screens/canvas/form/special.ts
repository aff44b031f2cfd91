/** Which inputs are made for which properties. */
import type { ComponentType } from "react";
import { AppendsInput, AssociationInput, CollectionInput, FieldChoice, FieldsChoice, SortInput } from "./collectionInputs";
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
  "cc:users": UsersInput,
  "schedule:startsOn": DateSourceInput,
  "schedule:endsOn": DateSourceInput,
};

export function specialInput({ type, place, name }: PropertyProps): Input | undefined {
  // What a message is compared with are no fields of a collection.
  if (type === "message") return undefined;
  return BY_PLACE[`${type}:${place}`] ?? BY_NAME[name];
}
