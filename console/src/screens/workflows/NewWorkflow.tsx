import { Button, Group, MultiSelect, Radio, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useNavigate } from "react-router-dom";
import { say } from "../../actions/messages";
import { ApiError, Press, type Row } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { Loading } from "../../ui/Loading";
import { GuardedDrawer, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { change, refreshUnheard, refreshWorkflows, useCategories } from "../canvas/api";
import { ConfigForm } from "../canvas/form/ConfigForm";
import { triggerLook } from "../canvas/looks";
import type { Kinds } from "../canvas/types";

export function NewWorkflow({ kinds, onClose }: { kinds: Kinds | undefined; onClose: () => void }) {
  return (
    <GuardedDrawer opened onClose={onClose} title="New workflow" size="lg">
      {kinds ? <NewForm kinds={kinds} onClose={onClose} /> : <Loading />}
    </GuardedDrawer>
  );
}

const SHOWN = new Set(["title", "key", "type", "sync", "categories", "config"]);

function NewForm({ kinds, onClose }: { kinds: Kinds; onClose: () => void }) {
  const navigate = useNavigate();
  const categories = useCategories();
  const [title, setTitle] = useState("");
  const [key, setKey] = useState("");
  const [type, setType] = useState("custom-action");
  const [wantsSync, setWantsSync] = useState(true);
  const [chosen, setChosen] = useState<string[]>([]);
  const [config, setConfig] = useState<Row>({ type: 1 });
  const [press] = useState(() => new Press());
  const [busy, once] = useOnce({ forGood: true });
  const [error, setError] = useState<unknown>(null);
  const kind = kinds.triggers.get(type);
  const sync = kind?.alwaysSync ? true : kind?.alwaysAsync ? false : wantsSync;
  const problems = error instanceof ApiError ? error.problems : [];
  const at = (name: string) => (error instanceof ApiError ? error.at(name).join("; ") || undefined : undefined);
  const elsewhere = error !== null && (problems.length === 0 || problems.some((one) => !SHOWN.has(one.path?.split(".")[0] ?? "")));

  function choose(next: string) {
    setType(next);
    setConfig(next === "custom-action" ? { type: 1 } : {});
    setError(null);
  }
  async function made() {
    setError(null);
    const values = { title: title.trim() || null, type, sync, config, ...(key.trim() ? { key: key.trim() } : {}), ...(chosen.length ? { categories: chosen.map(Number) } : {}) };
    const row = await press.send(values, (idempotencyKey) => change.createWorkflow(values, idempotencyKey));
    await refreshWorkflows();
    say("Made", "Now draw what happens, then enable it.", "success");
    void navigate(`/workflows/${String(row["id"])}`);
  }
  function make(event: SyntheticEvent) {
    event.preventDefault();
    once(made, (refused) => {
      refreshUnheard(refused);
      setError(refused);
    });
  }

  return (
    <form onSubmit={make} noValidate>
      <Unsaved when={title + key !== "" || Object.keys(config).some((one) => one !== "type")} />
      <Stack>
        {elsewhere && <ErrorNote error={error} />}
        <TextInput label="Title" value={title} onChange={(event) => setTitle(event.currentTarget.value)} error={at("title")} data-autofocus />
        <TextInput label="Key" description="What buttons and programs call it by; for good. One is made up when it is left empty." inputWrapperOrder={["label", "input", "description", "error"]} value={key} onChange={(event) => setKey(event.currentTarget.value)} error={at("key")} />
        <Radio.Group label="What sets it off" value={type} onChange={choose} error={at("type")}>
          <Stack gap="xs" mt={4}>
            {[...kinds.triggers.values()].map((one) => {
              const look = triggerLook(one.type);
              return (
                <Radio.Card key={one.type} value={one.type} p="xs" radius="md">
                  <Group wrap="nowrap" gap="sm">
                    <Radio.Indicator />
                    <look.icon size={20} aria-hidden />
                    <div>
                      <Text size="sm" fw={600}>
                        {one.title}
                      </Text>
                      <Text size="xs" c="dimmed">
                        {one.description}
                      </Text>
                    </div>
                  </Group>
                </Radio.Card>
              );
            })}
          </Stack>
        </Radio.Group>
        <div>
          <SegmentedControl fullWidth aria-label="Who waits for it" value={sync ? "sync" : "async"} onChange={(value) => setWantsSync(value === "sync")} disabled={kind?.alwaysSync || kind?.alwaysAsync} data={[{ value: "sync", label: "Synchronous" }, { value: "async", label: "Asynchronous" }]} />
          <Text size="xs" c="dimmed" mt={4}>
            {sync ? "Whoever sets it off waits for its end and sees its messages; it cannot wait for people or times." : "It runs on its own and may wait for people, times and answers."} This stays as it is.
          </Text>
          {at("sync") && <Text size="xs" c="red">{at("sync")}</Text>}
        </div>
        {kind && <ConfigForm key={type} type={type} schema={kind.schema} config={config} onChange={setConfig} problems={problems.filter((one) => one.path?.startsWith("config"))} variables={[]} sync={sync} disabled={busy} />}
        {(categories.data ?? []).length > 0 && <MultiSelect label="Categories" data={(categories.data ?? []).map((one) => ({ value: String(one.id), label: one.title }))} value={chosen} onChange={setChosen} error={at("categories")} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} disabled={busy}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            Make it
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
