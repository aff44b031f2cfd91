import { Checkbox, MultiSelect, SegmentedControl, Select, Text, Textarea, TextInput } from "@mantine/core";
import { useSession } from "../../app/session";
import type { Level } from "../../client";
import { titleOf } from "../../model/collections";
import { ErrorNote } from "../../ui/ErrorNote";
import { useProcedures, useStartable } from "./api";
import { fittingWorkflows, type Effect, type Kind } from "./buttonDraft";
import type { PartProps } from "./ButtonScreen";

const KINDS: { value: Kind; label: string }[] = [
  { value: "workflow", label: "Workflows" },
  { value: "procedure", label: "Procedure" },
  { value: "client", label: "In the browser" },
];
const EFFECTS: { value: Effect; label: string }[] = [
  { value: "openUrl", label: "Open an address" },
  { value: "message", label: "Show a message" },
  { value: "openRecord", label: "Open a record" },
];
export const LEVELS: { value: Level; label: string }[] = [
  { value: "info", label: "Information" },
  { value: "success", label: "Success" },
  { value: "warning", label: "Warning" },
  { value: "error", label: "Error" },
];

export function EffectPart(props: PartProps) {
  const { draft, set, errors } = props;
  return (
    <>
      <SegmentedControl aria-label="Kind" value={draft.kind} onChange={(kind) => set({ kind: kind as Kind })} data={KINDS} fullWidth />
      {errors["kind"] && <Text size="sm" c="red">{errors["kind"]}</Text>}
      {draft.kind === "workflow" && <Workflows {...props} />}
      {draft.kind === "procedure" && <ProcedureChoice {...props} />}
      {draft.kind === "client" && <InBrowser {...props} />}
    </>
  );
}

/** Only what is enabled and fits is offered; what was bound and no longer fits stays visible. */
function Workflows({ draft, set, errors }: PartProps) {
  const session = useSession();
  const asked = useStartable();
  const offered = fittingWorkflows(asked.data ?? [], draft, session.collection(draft.collection ?? ""));
  const lost = asked.isSuccess ? draft.workflows.filter((one) => !offered.some((fit) => fit.value === one)) : draft.workflows;
  const data = [...offered, ...lost.map((one) => ({ value: one, label: asked.isSuccess ? `${one} (not enabled, or does not fit)` : one }))];
  const kind = draft.context === "none" ? "no record" : draft.context === "single" ? "a single record" : "multiple records";
  return (
    <>
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      <MultiSelect
        label="Workflows"
        description="Started in this order, until one ends the run"
        data={data}
        value={draft.workflows}
        onChange={(workflows) => set({ workflows })}
        nothingFoundMessage="No enabled workflow fits"
        placeholder={draft.workflows.length > 0 ? undefined : "Choose"}
        maxValues={10}
        searchable
        error={errors["workflows"]}
        required
      />
      {asked.isSuccess && offered.length === 0 && (
        <Text size="sm" c="dimmed">
          No enabled workflow fits. It needs the trigger for buttons, with {kind}{draft.collection && draft.context !== "none" ? ` of ${draft.collection}` : ""}.
        </Text>
      )}
    </>
  );
}

function ProcedureChoice({ draft, set, errors }: PartProps) {
  const asked = useProcedures();
  const fitting = (asked.data ?? []).filter((one) => (one.collection === null ? draft.context === "none" : one.collection === draft.collection && draft.context !== "multiple"));
  const data = fitting.map((one) => ({ value: one.name, label: `${one.title} (${one.name})` }));
  if (draft.procedure && !data.some((one) => one.value === draft.procedure)) data.push({ value: draft.procedure, label: asked.isSuccess ? `${draft.procedure} (does not fit)` : draft.procedure });
  const chosen = fitting.find((one) => one.name === draft.procedure);
  return (
    <>
      {asked.isError && <ErrorNote error={asked.error} onRetry={() => void asked.refetch()} />}
      <Select label="Procedure" data={data} value={draft.procedure} onChange={(procedure) => set({ procedure })} searchable clearable error={errors["procedure"]} nothingFoundMessage="None" required />
      {draft.context === "multiple" && <Text size="sm" c="dimmed">A procedure works on one record or on none.</Text>}
      {asked.isSuccess && data.length === 0 && draft.context !== "multiple" && <Text size="sm" c="dimmed">There is no procedure {draft.collection ? `of ${draft.collection}` : "without a collection"}. They are written in Python, on the server.</Text>}
      {chosen?.form && draft.fields.length === 0 && !draft.rawForm && <Text size="sm" c="dimmed">It brings its own form, as long as none is made below.</Text>}
    </>
  );
}

function InBrowser({ draft, set, errors }: PartProps) {
  const session = useSession();
  const named = draft.context === "single" ? "May name {{record.<field>}}." : undefined;
  return (
    <>
      <Select label="It is to" data={EFFECTS} value={draft.effect} onChange={(effect) => effect && set({ effect: effect as Effect })} allowDeselect={false} />
      {draft.effect === "openUrl" && (
        <TextInput label="Address" description={`https://…, or a place here: #/tables/samples. ${named ?? ""}`} value={draft.url} onChange={(event) => set({ url: event.currentTarget.value })} placeholder="https://example.com/users/{{record.id}}" error={errors["client.url"]} required />
      )}
      {draft.effect === "message" && (
        <>
          <Textarea label="Message" description={named} value={draft.clientMessage} onChange={(event) => set({ clientMessage: event.currentTarget.value })} autosize minRows={2} error={errors["client.message"]} required />
          <Select label="Level" data={LEVELS} value={draft.clientLevel} onChange={(level) => level && set({ clientLevel: level as Level })} allowDeselect={false} error={errors["client.level"]} />
        </>
      )}
      {draft.effect === "openRecord" && (
        <>
          <Select label="Record of" data={session.collections.map((one) => ({ value: one.name, label: titleOf(one) }))} value={draft.targetCollection} onChange={(targetCollection) => set({ targetCollection })} placeholder="The button's own collection" clearable searchable error={errors["client.collection"]} />
          <TextInput label="Id" description="Empty: the record itself" value={draft.targetId} onChange={(event) => set({ targetId: event.currentTarget.value })} placeholder="{{record.categoryId}}" error={errors["client.id"]} />
        </>
      )}
      {draft.effect !== "message" && <Checkbox label="In a new window" checked={draft.newWindow} onChange={(event) => set({ newWindow: event.currentTarget.checked })} />}
    </>
  );
}
