import { Select, SimpleGrid, Textarea, TextInput } from "@mantine/core";
import type { Level } from "../../client";
import type { Draft } from "./buttonDraft";
import type { PartProps } from "./ButtonScreen";
import { LEVELS } from "./EffectPart";

const REFRESH: { value: Draft["refresh"]; label: string }[] = [
  { value: "default", label: "Shows the new state" },
  { value: "yes", label: "Always load it anew" },
  { value: "no", label: "Leave it as it is" },
];

export function ResultPart({ draft, set, errors }: PartProps) {
  const names = [draft.context === "single" && "{{record.<field>}}", "{{input.<field>}}", "{{user.<field>}}", "{{messages}}", draft.kind === "procedure" && "{{result.<field>}}"].filter((one) => one !== false).join(", ");
  return (
    <>
      <Textarea label="Message" description={`Empty: what the workflows said. May name ${names}.`} value={draft.message} onChange={(event) => set({ message: event.currentTarget.value })} autosize minRows={1} error={errors["onResult.message"]} />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <Select label="Level" data={LEVELS} value={draft.level} onChange={(level) => set({ level: level as Level | null })} placeholder="As it went" clearable error={errors["onResult.level"]} />
        <Select label="Table" data={REFRESH} value={draft.refresh} onChange={(refresh) => refresh && set({ refresh: refresh as Draft["refresh"] })} allowDeselect={false} />
      </SimpleGrid>
      <TextInput label="Go to" description="An address, or a place here: #/tables/samples" value={draft.redirect} onChange={(event) => set({ redirect: event.currentTarget.value })} error={errors["onResult.redirect"]} />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <TextInput label="Download" value={draft.downloadUrl} onChange={(event) => set({ downloadUrl: event.currentTarget.value })} placeholder="/reports/{{record.id}}.csv" error={errors["onResult.download"]} />
        <TextInput label="File name" value={draft.downloadName} onChange={(event) => set({ downloadName: event.currentTarget.value })} disabled={!draft.downloadUrl} />
      </SimpleGrid>
    </>
  );
}
