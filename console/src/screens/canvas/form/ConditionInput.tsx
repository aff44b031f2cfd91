import { ActionIcon, Button, Fieldset, Group, SegmentedControl, Select, Stack, Text } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import type { Row } from "../../../client";
import { useForm, useMistake } from "./formContext";
import { JsonValue } from "./JsonValue";
import { TemplateInput } from "./TemplateInput";
import { fromText, toText, withProperty } from "./values";
import { useTyped } from "../../../forms/typed";

interface Calculation {
  calculator?: string;
  operands?: unknown[];
}

interface Props {
  path: string;
  /** The object that has `engine`, `calculation` and `expression`. */
  value: Row;
  onChange: (value: Row) => void;
}

const CALCULATORS = [
  ["equal", "is"], ["notEqual", "is not"], ["gt", ">"], ["gte", "≥"], ["lt", "<"], ["lte", "≤"],
  ["includes", "contains"], ["notIncludes", "does not contain"], ["startsWith", "begins with"], ["notStartsWith", "does not begin with"], ["endsWith", "ends with"], ["notEndsWith", "does not end with"],
].map(([value, label]) => ({ value: value ?? "", label: label ?? "" }));
const SIGNS: Record<string, string> = { "==": "equal", "!=": "notEqual", ">": "gt", ">=": "gte", "<": "lt", "<=": "lte" };

/** A condition: rows of comparisons, or an expression. Source: https://docs.nocobase.com/workflow/nodes/condition */
export function ConditionInput({ path, value, onChange }: Props) {
  const { disabled } = useForm();
  const wrong = useMistake(`${path}.expression`);
  const wrongEngine = useMistake(`${path}.engine`);
  const isExpression = value["engine"] !== undefined && value["engine"] !== null && value["engine"] !== "basic";
  const set = (name: string, changed: unknown) => onChange(withProperty(value, name, changed));
  return (
    <Stack gap="xs">
      <SegmentedControl aria-label="How the condition is written" disabled={disabled} value={isExpression ? "jsonata" : "basic"} onChange={(engine) => set("engine", engine)} data={[{ value: "basic", label: "Comparisons" }, { value: "jsonata", label: "Expression" }]} />
      {wrongEngine && <Text size="sm" c="red">{wrongEngine}</Text>}
      {isExpression ? (
        <TemplateInput label="Expression" description="JSONata: $context.data.indicator > 90" long code value={typeof value["expression"] === "string" ? value["expression"] : ""} onChange={(text) => set("expression", text || undefined)} error={wrong} />
      ) : (
        <Comparisons path={`${path}.calculation`} value={value["calculation"]} onChange={(changed) => set("calculation", changed)} />
      )}
    </Stack>
  );
}

function Comparisons({ path, value, onChange }: { path: string; value: unknown; onChange: (value: unknown) => void }) {
  const { disabled } = useForm();
  const error = useMistake(path);
  const rows = rowsIn(value);
  if (!rows) return <JsonValue label="Condition" description="Groups within groups are written as JSON." error={error} value={value} onChange={onChange} />;
  const set = (any: boolean, changed: Calculation[]) => onChange(calculationOf(any, changed));
  return (
    <Fieldset legend="It holds when" className="form-box">
      <Stack gap="sm">
        {error && <Text size="sm" c="red" role="alert">{error}</Text>}
        {rows.list.map((row, index) => (
          <Comparison key={index} row={row} onChange={(changed) => set(rows.any, rows.list.map((one, at) => (at === index ? changed : one)))} onRemove={() => set(rows.any, rows.list.filter((_, at) => at !== index))} />
        ))}
        <Group justify="space-between">
          <Button size="compact-sm" variant="light" leftSection={<IconPlus size={14} aria-hidden />} disabled={disabled} onClick={() => set(rows.any, [...rows.list, { calculator: "equal", operands: ["", ""] }])}>
            Comparison
          </Button>
          {rows.list.length > 1 && <SegmentedControl size="xs" aria-label="How the comparisons are joined" disabled={disabled} value={rows.any ? "any" : "all"} onChange={(how) => set(how === "any", rows.list)} data={[{ value: "all", label: "All hold" }, { value: "any", label: "Any holds" }]} />}
        </Group>
      </Stack>
    </Fieldset>
  );
}

function Comparison({ row, onChange, onRemove }: { row: Calculation; onChange: (row: Calculation) => void; onRemove: () => void }) {
  const { disabled } = useForm();
  const [left, right] = row.operands ?? [];
  const calculator = SIGNS[row.calculator ?? ""] ?? row.calculator ?? "equal";
  return (
    <Stack gap={4}>
      <Operand label="Left side" value={left} onChange={(changed) => onChange({ ...row, operands: [changed, right ?? ""] })} />
      <Group gap="xs" wrap="nowrap">
        <Select aria-label="Comparison" flex={1} data={CALCULATORS} value={calculator} onChange={(name) => name && onChange({ ...row, calculator: name })} allowDeselect={false} disabled={disabled} />
        <ActionIcon variant="subtle" color="gray" aria-label="Remove the comparison" disabled={disabled} onClick={onRemove}>
          <IconTrash size={15} />
        </ActionIcon>
      </Group>
      <Operand label="Right side" value={right} onChange={(changed) => onChange({ ...row, operands: [left ?? "", changed] })} />
    </Stack>
  );
}

function Operand({ label, value, onChange }: { label: string; value: unknown; onChange: (value: unknown) => void }) {
  const [text, type] = useTyped<unknown>(value, (one) => (one === null || one === undefined ? "" : toText(one)), (typed) => fromText(typed) ?? "");
  return <TemplateInput ariaLabel={label} placeholder={label} value={text} onChange={(typed) => onChange(type(typed))} />;
}

/** The comparisons of a condition without groups in groups; `null` for any other. */
function rowsIn(value: unknown): { any: boolean; list: Calculation[] } | null {
  if (value === undefined || value === null) return { any: false, list: [] };
  const { group } = value as { group?: { type?: string; calculations?: unknown[] } };
  if (!group) return isSimple(value) ? { any: false, list: [value] } : Object.keys(value).length === 0 ? { any: false, list: [] } : null;
  const list = group.calculations ?? [];
  return list.every(isSimple) ? { any: group.type === "or", list } : null;
}

function isSimple(one: unknown): one is Calculation {
  return typeof one === "object" && one !== null && "calculator" in one && Array.isArray((one as Calculation).operands);
}

function calculationOf(any: boolean, list: Calculation[]): unknown {
  if (list.length === 0) return undefined;
  return list.length === 1 ? list[0] : { group: { type: any ? "or" : "and", calculations: list } };
}
