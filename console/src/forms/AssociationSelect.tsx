import { Loader, MultiSelect, Select, type ComboboxParsedItem } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { client } from "../app/client";
import { keys } from "../app/queries";
import { useSession } from "../app/session";
import type { Collection, Field, Filter, Id, PageMeta, Row } from "../client";
import { idOf, recordTitle, titleFieldOf, titleOf } from "../model/collections";
import { kindOf, labelOf } from "../model/fields";

interface Props {
  field: Field;
  /** An id, a list of ids (to-many), or null. */
  value: unknown;
  onChange: (value: unknown) => void;
  /** Partners that are known already, so that their titles need no request. */
  known?: Row[];
  /** Those that are not offered. */
  except?: Id[];
  label?: string;
  /** It is read aloud only. */
  isLabelHidden?: boolean;
  error?: string;
  required?: boolean;
  disabled?: boolean;
  /** It has the focus when the dialog that it stands in opens. */
  isFirst?: boolean;
}

const FOUND_AT_ONCE = 20;
/** So many records the server gives at once. */
const MOST_READ = 200;

/** Chooses partners of an association by searching their titles on the server. */
export function AssociationSelect({ field, value, onChange, known = [], except = [], label, isLabelHidden = false, error, required, disabled, isFirst = false }: Props) {
  const target = useSession().collection(field.target ?? "");
  const [search, setSearch] = useState("");
  const [asked, setAsked] = useState(false);
  const ids = idsIn(value);
  const options = useOptions(target, { ids, known, except }, search, asked);
  const original = (text: string): Id => (options.byId.get(text)?.["id"] as Id | undefined) ?? text;
  const shared = {
    ...(isLabelHidden ? { "aria-label": label ?? labelOf(field), flex: 1 } : { label: label ?? labelOf(field) }),
    data: [...[...options.byId].map(([id, row]) => ({ value: id, label: recordTitle(row, target), disabled: false })), ...options.more],
    searchable: true,
    searchValue: search,
    onSearchChange: setSearch,
    onDropdownOpen: () => setAsked(true),
    // The server has searched; what it found is shown as it came.
    filter: ({ options: found }: { options: ComboboxParsedItem[] }) => found,
    nothingFoundMessage: options.message,
    rightSection: options.isLoading ? <Loader size={14} /> : undefined,
    error,
    required,
    disabled: disabled || target === undefined,
    placeholder: target ? `Search ${titleOf(target).toLowerCase()}` : "Not in your view",
    clearable: !required,
    "data-autofocus": isFirst || undefined,
  };
  if (kindOf(field) === "toMany") return <MultiSelect {...shared} value={ids.map(String)} onChange={(chosen) => onChange(chosen.map(original))} />;
  return <Select {...shared} value={ids.length ? String(ids[0]) : null} onChange={(id) => onChange(id === null ? null : original(id))} />;
}

/** The records to choose from: those chosen, those known, and what the search finds. */
function useOptions(target: Collection | undefined, { ids, known, except }: { ids: Id[]; known: Row[]; except: Id[] }, search: string, asked: boolean) {
  const [wanted] = useDebouncedValue(search, 250);
  const name = target?.name ?? "";
  const titleField = titleFieldOf(target);
  const missing = ids.filter((id) => !known.some((one) => String(idOf(one)) === String(id))).slice(0, MOST_READ);
  const chosen = useQuery({
    queryKey: keys.records(name, { ids: missing.map(String) }),
    queryFn: ({ signal }) => client.resource(name).list({ filter: { id: { $in: missing } }, pageSize: Math.max(1, missing.length), signal }),
    enabled: missing.length > 0 && target !== undefined,
    staleTime: 30_000,
  });
  // What is chosen stands in the input, and is not what is searched for.
  const isTitle = [...known, ...(chosen.data?.rows ?? [])].some((one) => recordTitle(one, target) === wanted);
  const text = titleField && wanted && !isTitle ? wanted : "";
  const found = useQuery({
    queryKey: keys.records(name, { search: text, except: except.map(String), for: "select" }),
    queryFn: ({ signal }) => client.resource(name).list({ filter: wantedOnly(titleField, text, except), pageSize: FOUND_AT_ONCE, signal }),
    enabled: asked && target !== undefined,
    staleTime: 30_000,
  });
  const rows = [...known, ...(chosen.data?.rows ?? []), ...(found.data?.rows ?? [])];
  const byId = new Map(rows.map((row) => [String(idOf(row)), row]));
  for (const id of ids) if (!byId.has(String(id))) byId.set(String(id), { id });
  const message = found.isError ? "The search did not work" : found.isFetching ? "Searching…" : "Nothing found";
  return { byId, more: more(found.data?.meta), message, isLoading: found.isFetching || chosen.isFetching };
}

function wantedOnly(titleField: string | null, text: string, except: Id[]): Filter | undefined {
  const parts: Filter[] = [];
  if (titleField && text) parts.push({ [titleField]: { $includes: text } });
  if (except.length > 0) parts.push({ id: { $notIn: except } });
  return parts.length > 1 ? { $and: parts } : parts[0];
}

/** What stands below the first of many: how the others are found. */
function more({ count = 0, hasNext = false }: Partial<PageMeta> = {}) {
  if (!hasNext && count <= FOUND_AT_ONCE) return [];
  return [{ value: "", label: `${hasNext ? "There are" : count - FOUND_AT_ONCE} more: type to search`, disabled: true }];
}

function idsIn(value: unknown): Id[] {
  if (Array.isArray(value)) return value as Id[];
  return value === null || value === undefined ? [] : [value as Id];
}
