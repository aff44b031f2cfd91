import { Fieldset, Group, MultiSelect, Select, Stack, Switch, TagsInput, Text } from "@mantine/core";
import type { ComponentType } from "react";
import { inWords } from "../../../model/fields";
import type { Schema } from "../types";
import { choicesAt } from "./choices";
import { Described } from "./Described";
import { useForm, useMistake } from "./formContext";
import { JsonValue } from "./JsonValue";
import { ListInput } from "./ListInput";
import { MapInput } from "./MapInput";
import { Properties, type PropertiesProps } from "./Properties";
import { specialInput } from "./special";
import { TemplateInput } from "./TemplateInput";
import { isTemplate, numberOrText } from "./values";
import { VariablePicker } from "./VariablePicker";
import { TypedNumber } from "../../../forms/TypedNumber";
import { useTyped } from "../../../forms/typed";

export interface PropertyProps extends Omit<PropertiesProps, "value" | "onChange"> {
  name: string;
  value: unknown;
  onChange: (value: unknown) => void;
  required: boolean;
}

const LONG = new Set(["message", "html", "text", "content", "description", "expression"]);
const CODE = new Set(["expression"]);

/** The input for one property: one made for it, else the one that fits its schema. */
export function PropertyInput(props: PropertyProps) {
  const Special = specialInput(props);
  return Special ? <Special {...props} /> : <BySchema {...props} />;
}

function BySchema(props: PropertyProps) {
  const Found = inputFor(props);
  return <Found {...props} />;
}

function inputFor({ type, place, schema, value }: PropertyProps): ComponentType<PropertyProps> {
  const types = typesOf(schema);
  const hasChoices = choicesAt(type, place, schema.enum ?? schema.items?.enum) !== null;
  if (hasChoices) return types.has("array") ? ManyInput : ChoiceInput;
  if (types.has("object") && schema.properties && !isTemplate(value)) return ObjectBox;
  if (types.has("boolean") && !isTemplate(value)) return SwitchInput;
  if (types.has("array")) return listInputFor(schema, types, value);
  if (types.has("object")) return typeof schema.additionalProperties === "object" ? MapInput : AnyInput;
  if (types.has("string")) return TextTemplate;
  return types.has("integer") || types.has("number") ? PlainNumber : AnyInput;
}

function listInputFor(schema: Schema, types: Set<string>, value: unknown): ComponentType<PropertyProps> {
  if (types.has("string") && typeof value === "string") return TextTemplate;
  if (types.has("object") || types.has("number")) return AnyInput;
  if (schema.items?.properties) return ListInput;
  return typesOf(schema.items ?? {}).has("string") ? TextsInput : AnyInput;
}

function useShared({ schema, name, path, required }: PropertyProps) {
  const { disabled } = useForm();
  const error = useMistake(path);
  return { label: schema.title ?? inWords(name), description: <Described text={schema.description} />, error, required, disabled };
}

function ManyInput(props: PropertyProps) {
  const choices = choicesAt(props.type, props.place, props.schema.items?.enum) ?? [];
  const value = Array.isArray(props.value) ? props.value.map(String) : [];
  return <MultiSelect {...useShared(props)} data={choices.map((one) => ({ value: String(one.value), label: one.label }))} value={value} onChange={(chosen) => props.onChange(chosen.length ? chosen : undefined)} />;
}

function ChoiceInput(props: PropertyProps) {
  const { schema, onChange } = props;
  const shared = useShared(props);
  const choices = choicesAt(props.type, props.place, schema.enum) ?? [];
  const given = props.value ?? undefined;
  const current = given ?? schema.default ?? null;
  const data = choices.map((one) => ({ value: String(one.value), label: one.label }));
  if (current !== null && !choices.some((one) => one.value === current)) data.push({ value: String(current), label: String(current) });
  const choose = (text: string | null) => onChange(text === null ? undefined : (choices.find((one) => String(one.value) === text)?.value ?? props.value));
  return <Select {...shared} description={undefined} data={data} value={current === null ? null : String(current)} onChange={choose} clearable={!props.required && given !== undefined} allowDeselect={false} />;
}

function SwitchInput(props: PropertyProps) {
  return <Switch {...useShared(props)} required={false} checked={(props.value ?? props.schema.default) === true} onChange={(event) => props.onChange(event.currentTarget.checked)} />;
}

function TextsInput(props: PropertyProps) {
  const value = Array.isArray(props.value) ? props.value.map(String) : [];
  const { variables } = useForm();
  const shared = useShared(props);
  return (
    <Group gap={4} align="flex-end" wrap="nowrap">
      <TagsInput {...shared} flex={1} data={[]} value={value} onChange={(texts) => props.onChange(texts.length ? texts : undefined)} placeholder="Type and press Enter" splitChars={[]} acceptValueOnBlur />
      {variables.length > 0 && <VariablePicker variables={variables} label={`Add a variable to ${shared.label}`} disabled={shared.disabled} onPick={(template) => props.onChange([...value, template])} />}
    </Group>
  );
}

function PlainNumber(props: PropertyProps) {
  const { schema, value, onChange } = props;
  return <TypedNumber {...useShared(props)} value={value} min={schema.minimum} max={schema.maximum} clampBehavior="none" allowDecimal={!typesOf(schema).has("integer")} placeholder={asText(schema.default)} onChange={(number) => onChange(number ?? undefined)} />;
}

function TextTemplate(props: PropertyProps) {
  const { name, schema, value, onChange } = props;
  const types = typesOf(schema);
  const numeric = types.has("integer") || types.has("number");
  const [text, type] = useTyped(value, (one) => asText(one) ?? "", numeric ? numberOrText : (typed) => typed || undefined);
  return <TemplateInput {...useShared(props)} value={text} onChange={(typed) => onChange(type(typed))} long={LONG.has(name)} code={CODE.has(name)} placeholder={asText(schema.default)} />;
}

function AnyInput(props: PropertyProps) {
  return <JsonValue {...useShared(props)} value={props.value} onChange={props.onChange} />;
}

function asText(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : String(value);
}

/** An object with properties of its own, set apart. */
function ObjectBox(props: PropertyProps) {
  const { problems } = useForm();
  const { schema, value, name, onChange } = props;
  const object = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const own = problems.filter((one) => one.path === props.path);
  const inner = <Properties {...props} value={object} onChange={(changed) => onChange(Object.keys(changed).length > 0 ? changed : undefined)} />;
  // "Parameters" is where the API keeps them; for people they are settings like the others.
  if (name === "params" && own.length === 0) return inner;
  return (
    <Fieldset legend={schema.title ?? inWords(name)} className="form-box">
      <Stack gap="sm">
        {own.map((one, index) => <Text key={index} size="sm" c="red">{one.message}</Text>)}
        {inner}
      </Stack>
    </Fieldset>
  );
}

export function typesOf(schema: Schema): Set<string> {
  const given = schema.type === undefined ? [] : Array.isArray(schema.type) ? schema.type : [schema.type];
  return new Set(given.filter((one) => one !== "null"));
}
