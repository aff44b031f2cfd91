import { Checkbox, Group, Select, TagsInput, TextInput } from "@mantine/core";
import { useSession } from "../../app/session";
import { FieldInput } from "../../forms/FieldInput";
import { titleOf } from "../../model/collections";
import { canBeIndexed, hasChoices, isAssociationType, nameFrom, retyped, TYPES, type FieldDraft } from "./fieldDraft";

interface Props {
  draft: FieldDraft;
  onChange: (draft: FieldDraft) => void;
  /** What the server refused, by option: `name`, `target`. */
  errors: Record<string, string>;
  /** A field that is there: its name stays. */
  isOld: boolean;
  /** The collection being made may point at itself. */
  ownName?: string;
}

export function FieldInputs({ draft, onChange, errors, isOld, ownName }: Props) {
  const session = useSession();
  const set = (changes: Partial<FieldDraft>) => onChange({ ...draft, ...changes });
  const targets = session.collections.map((one) => ({ value: one.name, label: titleOf(one) }));
  if (ownName && !targets.some((one) => one.value === ownName)) targets.push({ value: ownName, label: `${ownName} (this one)` });
  const followsTitle = !isOld && draft.name === nameFrom(draft.title);
  const association = isAssociationType(draft.type);
  return (
    <>
      <Group grow align="flex-start">
        <TextInput label="Title" value={draft.title} onChange={(event) => set({ title: event.currentTarget.value, ...(followsTitle ? { name: nameFrom(event.currentTarget.value) } : {}) })} error={errors["uiSchema"]} />
        <TextInput label="Name" description={isOld ? undefined : "In the API, for good"} inputWrapperOrder={["label", "input", "description", "error"]} value={draft.name} onChange={(event) => set({ name: event.currentTarget.value })} error={errors["name"]} disabled={isOld} required />
      </Group>
      <Select label="Type" data={TYPES} value={draft.type} onChange={(type) => type && onChange(retyped(draft, type))} error={errors["type"]} allowDeselect={false} searchable disabled={isOld && association} maxDropdownHeight={320} />
      {association ? (
        <>
          <Select label="Leads to" data={targets} value={draft.target || null} onChange={(target) => set({ target: target ?? "" })} error={errors["target"]} searchable required disabled={isOld} />
          <TextInput label="Foreign key" description="Empty: made by itself" value={draft.foreignKey} onChange={(event) => set({ foreignKey: event.currentTarget.value })} error={errors["foreignKey"]} disabled={isOld} />
          {draft.type === "belongsToMany" && <TextInput label="Through" description="The collection that holds the pairs; empty: made by itself" value={draft.through} onChange={(event) => set({ through: event.currentTarget.value })} error={errors["through"]} disabled={isOld} />}
        </>
      ) : (
        <>
          {hasChoices(draft.type) && <TagsInput label="Choices" description="Empty: any text" value={draft.choices} onChange={(choices) => set({ choices })} placeholder="Type and press Enter" error={errors["uiSchema"]} />}
          <DefaultInput type={draft.type} value={draft.defaultValue} onChange={(defaultValue) => set({ defaultValue })} error={errors["defaultValue"]} />
        </>
      )}
      <Group>
        <Checkbox label="Required" checked={draft.required} onChange={(event) => set({ required: event.currentTarget.checked })} error={errors["required"]} />
        {canBeIndexed(draft.type) && <Checkbox label="Unique" checked={draft.unique} onChange={(event) => set({ unique: event.currentTarget.checked })} error={errors["unique"]} />}
        {canBeIndexed(draft.type) && <Checkbox label="Indexed" description="Filters and sorting by it stay fast" checked={draft.index} onChange={(event) => set({ index: event.currentTarget.checked })} error={errors["index"]} />}
      </Group>
    </>
  );
}

interface DefaultProps {
  type: string;
  value: unknown;
  onChange: (value: unknown) => void;
  error: string | undefined;
}

/** The input of the field's type; a switch could not say that there is none. */
function DefaultInput({ type, value, onChange, error }: DefaultProps) {
  const label = "Default value";
  if (type === "boolean") {
    const data = [{ value: "true", label: "Yes" }, { value: "false", label: "No" }];
    return <Select label={label} placeholder="None" data={data} value={typeof value === "boolean" ? String(value) : null} onChange={(chosen) => onChange(chosen === null ? null : chosen === "true")} error={error} clearable />;
  }
  return <FieldInput field={{ name: "defaultValue", type, uiSchema: { title: label } }} value={value} onChange={(next) => onChange(Array.isArray(next) && next.length === 0 ? null : next)} error={error} />;
}
