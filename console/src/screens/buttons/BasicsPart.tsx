import { ColorSwatch, Group, Radio, Select, SimpleGrid, Text, TextInput, useMantineTheme } from "@mantine/core";
import { ACTION_ICONS, actionIcon } from "../../actions/icons";
import { useSession } from "../../app/session";
import { TypedNumber } from "../../forms/TypedNumber";
import { titleOf } from "../../model/collections";
import { inWords } from "../../model/fields";
import { nameFrom } from "../collections/fieldDraft";
import { placementsFor, type Context } from "./buttonDraft";
import type { PartProps } from "./ButtonScreen";

const COLORS = ["blue", "indigo", "violet", "grape", "pink", "red", "orange", "yellow", "lime", "green", "teal", "cyan", "gray"];
const PLACEMENTS: Record<string, string> = { row: "Rows and record page", details: "Record page only", toolbar: "Above the table", form: "In the form" };
const CONTEXTS: { value: Context; label: string; description: string }[] = [
  { value: "single", label: "One record", description: "It stands on each." },
  { value: "multiple", label: "Several records", description: "Those that are checked." },
  { value: "none", label: "No record", description: "It stands above." },
];

export function BasicsPart({ draft, set, errors, isNew }: PartProps & { isNew: boolean }) {
  const session = useSession();
  const theme = useMantineTheme();
  const follows = isNew && draft.name === nameFrom(draft.label);
  const collections = session.collections.map((one) => ({ value: one.name, label: titleOf(one) }));
  if (draft.collection && !collections.some((one) => one.value === draft.collection)) collections.push({ value: draft.collection, label: draft.collection });
  const placements = [...new Set([...placementsFor(draft.context), draft.placement])];
  const toContext = (context: Context) => ({ context, placement: placementsFor(context)[0] ?? "toolbar" });
  return (
    <>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput label="Label" value={draft.label} onChange={(event) => set({ label: event.currentTarget.value, ...(follows ? { name: nameFrom(event.currentTarget.value) } : {}) })} error={errors["label"]} data-autofocus />
        <TextInput label="Name" description={isNew ? "In the API, for good" : undefined} inputWrapperOrder={["label", "input", "description", "error"]} value={draft.name} onChange={(event) => set({ name: event.currentTarget.value })} error={errors["name"]} disabled={!isNew} required={isNew} />
      </SimpleGrid>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select
          label="Colour"
          data={withKept(COLORS, draft.color).map((one) => ({ value: one, label: inWords(one) }))}
          value={draft.color}
          onChange={(color) => set({ color })}
          placeholder="As the page has it"
          clearable
          searchable
          error={errors["color"]}
          leftSection={draft.color && theme.colors[draft.color] ? <Swatch color={draft.color} /> : undefined}
          renderOption={({ option }) => (
            <Group gap="xs">
              <Swatch color={option.value} />
              {option.label}
            </Group>
          )}
        />
        <Select
          label="Icon"
          data={withKept(Object.keys(ACTION_ICONS), draft.icon).map((one) => ({ value: one, label: inWords(one) }))}
          value={draft.icon}
          onChange={(icon) => set({ icon })}
          placeholder="None"
          clearable
          searchable
          error={errors["icon"]}
          leftSection={actionIcon(draft.icon, 16)}
          renderOption={({ option }) => (
            <Group gap="xs">
              {actionIcon(option.value, 16)}
              {option.label}
            </Group>
          )}
        />
      </SimpleGrid>
      <Select
        label="Collection"
        description="Whose records it works on, or beside whose records it stands"
        data={collections}
        value={draft.collection}
        onChange={(collection) => set({ collection, visibleWhen: null, enabledWhen: null, ...(collection ? (draft.collection ? {} : toContext("single")) : toContext("none")) })}
        placeholder="None: it stands on the first page"
        clearable
        searchable
        error={errors["collection"]}
      />
      <Radio.Group label="It works on" value={draft.context} onChange={(context) => set(toContext(context as Context))} error={errors["context"]}>
        <Group mt={4} gap="lg">
          {CONTEXTS.map((one) => (
            <Radio key={one.value} value={one.value} label={one.label} description={one.description} disabled={draft.collection === null && one.value !== "none"} />
          ))}
        </Group>
      </Radio.Group>
      {draft.collection === null && (
        <Text size="xs" c="dimmed">
          Without a collection there are no records to work on.
        </Text>
      )}
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select label="Place" data={placements.map((one) => ({ value: one, label: PLACEMENTS[one] ?? one }))} value={draft.placement} onChange={(placement) => placement && set({ placement })} allowDeselect={false} disabled={placements.length < 2} error={errors["placement"]} />
        <TypedNumber label="Order" description="Lower ones come first" inputWrapperOrder={["label", "input", "description", "error"]} value={draft.sort} onChange={(sort) => set({ sort })} error={errors["sort"]} />
      </SimpleGrid>
    </>
  );
}

function Swatch({ color }: { color: string }) {
  return <ColorSwatch size={14} color={`var(--mantine-color-${color}-6)`} aria-hidden />;
}

/** What is there already is offered too. */
function withKept(offered: string[], kept: string | null): string[] {
  return kept && !offered.includes(kept) ? [...offered, kept] : offered;
}
