import { Anchor, Badge, Group, Text } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { Link } from "react-router-dom";
import { useSession } from "../../app/session";
import type { Field, Row } from "../../client";
import { idOf, recordTitle } from "../../model/collections";
import { choicesOf, kindOf, partnerOf } from "../../model/fields";
import { numberText } from "../../model/numbers";
import { day, wallTime } from "../../model/times";
import { Timestamp } from "../../ui/Timestamp";

const STATUS_COLORS = ["blue", "teal", "grape", "orange", "cyan", "pink", "lime", "indigo"];

/** A long word is cut off: a badge keeps on one line whatever is in it. */
const SHORT = { label: { maxWidth: "min(320px, 55vw)" } };

/** A value as people read it. All of it is text; nothing in a record is ever markup. */
export function Cell({ record, field, full = false }: { record: Row; field: Field; full?: boolean }) {
  const value = record[field.name];
  const kind = kindOf(field);
  if (kind === "toOne") return <Partner record={record} field={field} />;
  if (kind === "toMany") return <Many value={value} />;
  if (value === null || value === undefined || value === "") return <Nothing />;
  switch (kind) {
    case "instant":
      return <Timestamp at={value as string} />;
    case "wallTime":
      return <>{wallTime(String(value))}</>;
    case "day":
      return <>{day(String(value))}</>;
    case "number":
      return <Text span fz="inherit">{field.name === "id" || typeof value !== "number" ? String(value) : numberText(value)}</Text>;
    case "boolean":
      return value === true ? <IconCheck size={16} role="img" aria-label="Yes" /> : <IconX size={16} role="img" aria-label="No" />;
    case "choice":
      return <ChoiceBadge field={field} value={value} />;
    case "list":
      return <Many value={value} />;
    case "json":
      return <Plain text={full ? JSON.stringify(value, null, 2) : JSON.stringify(value)} full={full} mono />;
    default:
      return field.name === "status" ? <StatusBadge text={String(value)} /> : <Plain text={String(value)} full={full} />;
  }
}

function Plain({ text, full, mono = false }: { text: string; full: boolean; mono?: boolean }) {
  return (
    <Text span fz="inherit" ff={mono ? "monospace" : undefined} className={full ? (mono ? "json-text" : "as-written") : "one-line"} maw={full ? undefined : 320} display="inline-block" title={full ? undefined : text}>
      {text}
    </Text>
  );
}

function Nothing() {
  return (
    <Text span fz="inherit" c="dimmed" aria-label="empty">
      —
    </Text>
  );
}

function ChoiceBadge({ field, value }: { field: Field; value: unknown }) {
  const at = choicesOf(field).findIndex((one) => one.value === String(value));
  const label = choicesOf(field)[at]?.label ?? String(value);
  return (
    <Badge variant="light" color={STATUS_COLORS[Math.max(0, at) % STATUS_COLORS.length]} tt="none" fw={500} miw="max-content" title={label} styles={SHORT}>
      {label}
    </Badge>
  );
}

function StatusBadge({ text }: { text: string }) {
  const at = [...text].reduce((sum, one) => sum + (one.codePointAt(0) ?? 0), 0) % STATUS_COLORS.length;
  return (
    <Badge variant="light" color={STATUS_COLORS[at]} tt="none" fw={500} miw="max-content" title={text} styles={SHORT}>
      {text}
    </Badge>
  );
}

function Partner({ record, field }: { record: Row; field: Field }) {
  const session = useSession();
  const partner = partnerOf(record, field);
  const target = session.collection(field.target ?? "");
  const key = field.foreignKey ? record[field.foreignKey] : undefined;
  if (!partner) return key === null || key === undefined ? <Nothing /> : <>#{String(key)}</>;
  const title = recordTitle(partner, target);
  if (!target || target.system) return <>{title}</>;
  return (
    <Anchor component={Link} to={`/tables/${target.name}/${encodeURIComponent(String(idOf(partner)))}`} fz="inherit" className="one-line" display="inline-block" maw="min(320px, 70vw)" onClick={(event) => event.stopPropagation()}>
      {title}
    </Anchor>
  );
}

function Many({ value }: { value: unknown }) {
  const items = Array.isArray(value) ? value : [];
  if (items.length === 0) return <Nothing />;
  return (
    <Group gap={4} wrap="wrap">
      {items.slice(0, 6).map((one, index) => (
        <Badge key={index} variant="default" tt="none" fw={400} styles={SHORT}>
          {typeof one === "object" && one !== null ? recordTitle(one as Row, undefined) : String(one)}
        </Badge>
      ))}
      {items.length > 6 && <Text size="xs">+{items.length - 6}</Text>}
    </Group>
  );
}
