import { Button, Group, JsonInput, MultiSelect, NumberInput, Stack, Textarea, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { say } from "../../actions/messages";
import { ApiError, type Row } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { GuardedDrawer, Unsaved } from "../../ui/Unsaved";
import { change, refreshWorkflows, useCategories } from "./api";
import type { Workflow } from "./types";

const MINUTE_MS = 60_000;

/** Title, description, categories and options of a version; they may change after it has run. */
export function WorkflowSettings({ version, onClose }: { version: Workflow; onClose: () => void }) {
  const categories = useCategories();
  const [title, setTitle] = useState(version.title ?? "");
  const [description, setDescription] = useState(version.description ?? "");
  const [chosen, setChosen] = useState((version.categories ?? []).map((one) => String(one.id)));
  const [minutes, setMinutes] = useState<number | string>(Number(version.options["timeout"] ?? 0) / MINUTE_MS || "");
  const others = Object.fromEntries(Object.entries(version.options).filter(([name]) => name !== "timeout"));
  const [json, setJson] = useState(Object.keys(others).length > 0 ? JSON.stringify(others, null, 2) : "");
  const draft = JSON.stringify([title, description, chosen, minutes, json]);
  const [first] = useState(draft);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const at = (name: string) => (error instanceof ApiError ? error.at(name).join("; ") || undefined : undefined);

  async function save(event: SyntheticEvent) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setError(null);
    try {
      const options = { ...parsed(json), timeout: Math.round((Number(minutes) || 0) * MINUTE_MS) };
      await change.updateWorkflow(version.id, { title: title.trim() || null, description: description.trim() || null, categories: chosen.map(Number), options });
      await refreshWorkflows();
      say("Saved", title || version.key, "success");
      onClose();
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  }

  const isShown = error instanceof ApiError && error.problems.every((one) => ["title", "description", "categories", "options"].includes(one.path?.split(".")[0] ?? ""));
  return (
    <GuardedDrawer opened onClose={onClose} title="Settings of the workflow">
      <form onSubmit={(event) => void save(event)} noValidate>
        <Unsaved when={draft !== first} />
        <Stack>
          {error !== null && !isShown && <ErrorNote error={error} />}
          <TextInput label="Title" value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={at("title")} data-autofocus />
          <Textarea label="Description" value={description} onChange={(event) => setDescription(event.currentTarget.value)} autosize minRows={2} error={at("description")} />
          <MultiSelect label="Categories" data={(categories.data ?? []).map((one) => ({ value: String(one.id), label: one.title }))} value={chosen} onChange={setChosen} error={at("categories")} nothingFoundMessage="No category" />
          <NumberInput label="Timeout in minutes" description="An execution that takes longer is aborted. Empty: never." value={minutes} onChange={setMinutes} min={0} error={at("options.timeout")} />
          <JsonInput label="Other options" description="Concurrency, retention, isolation and so on, as JSON." value={json} onChange={setJson} validationError="This is not JSON yet" autosize minRows={3} error={error instanceof ApiError ? error.problems.filter((one) => one.path?.startsWith("options") && one.path !== "options.timeout").map((one) => one.message).join("; ") || undefined : undefined} />
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose} disabled={busy}>
              Cancel
            </Button>
            <Button type="submit" loading={busy}>
              Save
            </Button>
          </Group>
        </Stack>
      </form>
    </GuardedDrawer>
  );
}

/** Throws Error for what is no JSON. */
function parsed(text: string): Row {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text) as Row;
  } catch {
    throw new Error("The other options are not JSON yet");
  }
}
