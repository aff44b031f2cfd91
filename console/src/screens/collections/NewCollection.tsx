import { Accordion, Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useRef, useState, type SyntheticEvent } from "react";
import { useNavigate } from "react-router-dom";
import { say } from "../../actions/messages";
import { client } from "../../app/client";
import { useSession } from "../../app/session";
import { ApiError, isUnheard, Press } from "../../client";
import { ErrorNote } from "../../ui/ErrorNote";
import { GuardedDrawer, Unsaved } from "../../ui/Unsaved";
import { useOnce } from "../../ui/useOnce";
import { EMPTY_FIELD, mistakesIn, nameFrom, toField, typeLabel, type FieldDraft } from "./fieldDraft";
import { FieldInputs } from "./FieldInputs";
import { problemsOfFields } from "./problems";

interface Entry {
  key: string;
  draft: FieldDraft;
}

type Mistakes = Record<number, Record<string, string>>;

const FIRST: Entry[] = [{ key: "1", draft: { ...EMPTY_FIELD, title: "Title", name: "title", required: true } }];

export function NewCollection({ onClose }: { onClose: () => void }) {
  const session = useSession();
  const navigate = useNavigate();
  const numbers = useRef(1);
  const [title, setTitle] = useState("");
  const [name, setName] = useState("");
  const [idType, setIdType] = useState("integer");
  const [entries, setEntries] = useState(FIRST);
  const [opened, setOpened] = useState<string | null>("1");
  const [error, setError] = useState<unknown>(null);
  const [press] = useState(() => new Press());
  const [busy, once] = useOnce({ forGood: true });
  const [mistakes, setMistakes] = useState<Mistakes>({});
  const refused = problemsOfFields(error instanceof ApiError ? error.problems : []);
  const problems = { ...refused, fields: { ...refused.fields, ...mistakes } };

  function add() {
    const key = String(++numbers.current);
    setEntries((now) => [...now, { key, draft: EMPTY_FIELD }]);
    setOpened(key);
  }

  async function made() {
    setError(null);
    const values = { name, title: title || name, idType, fields: entries.map((one) => toField(one.draft)) };
    await press.send(values, (idempotencyKey) => client.resource("collections").create(values, { idempotencyKey }));
    await session.reload();
    say("Collection made", `${title || name} is ready for records.`, "success");
    void navigate(`/tables/${name}`);
  }
  function refuse(error: unknown) {
    if (isUnheard(error)) void session.reload();
    setError(error);
    const first = error instanceof ApiError ? Object.keys(problemsOfFields(error.problems).fields)[0] : undefined;
    if (first !== undefined) setOpened(entries[Number(first)]?.key ?? null);
  }
  function submit(event: SyntheticEvent) {
    event.preventDefault();
    const wrong = Object.fromEntries(entries.flatMap((one, index) => (Object.keys(mistakesIn(one.draft)).length > 0 ? [[index, mistakesIn(one.draft)]] : []))) as Mistakes;
    setMistakes(wrong);
    const [first] = Object.keys(wrong);
    if (first !== undefined) setOpened(entries[Number(first)]?.key ?? null);
    if (first === undefined) once(made, refuse);
  }

  return (
    <GuardedDrawer opened onClose={onClose} title="New collection">
      <form onSubmit={submit} noValidate>
        <Unsaved when={title + name !== "" || entries !== FIRST} />
        <Stack>
          {problems.others.length > 0 && <ErrorNote error={new Error(problems.others.join("\n"))} />}
          {error !== null && !(error instanceof ApiError) && <ErrorNote error={error} />}
          <Group grow align="flex-start">
            <TextInput
              label="Title"
              value={title}
              onChange={(event) => {
                if (name === nameFrom(title)) setName(nameFrom(event.currentTarget.value));
                setTitle(event.currentTarget.value);
              }}
              error={problems.own["title"]}
              data-autofocus
            />
            <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} error={problems.own["name"]} required />
          </Group>
          <Select label="Ids" data={[{ value: "integer", label: "Numbers, made by themselves" }, { value: "string", label: "Texts" }]} value={idType} onChange={(value) => value && setIdType(value)} allowDeselect={false} error={problems.own["idType"]} />
          <Text fw={600}>Fields</Text>
          <Accordion variant="separated" value={opened} onChange={setOpened}>
            {entries.map((entry, index) => (
              <Accordion.Item key={entry.key} value={entry.key}>
                <Accordion.Control>
                  <Group gap="xs">
                    <Text fw={500}>{entry.draft.title || entry.draft.name || "New field"}</Text>
                    <Text size="sm" c={problems.fields[index] ? "red" : "dimmed"}>
                      {problems.fields[index] ? "needs a look" : typeLabel(entry.draft.type)}
                    </Text>
                  </Group>
                </Accordion.Control>
                <Accordion.Panel>
                  <Stack gap="sm">
                    <FieldInputs draft={entry.draft} errors={problems.fields[index] ?? {}} isOld={false} ownName={name} onChange={(draft) => setEntries((now) => now.map((one) => (one.key === entry.key ? { ...one, draft } : one)))} />
                    <Group justify="flex-end">
                      <Button size="compact-sm" variant="subtle" color="red" leftSection={<IconTrash size={14} aria-hidden />} onClick={() => setEntries((now) => now.filter((one) => one.key !== entry.key))}>
                        Remove
                      </Button>
                    </Group>
                  </Stack>
                </Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
          <Group justify="space-between">
            <Button variant="light" leftSection={<IconPlus size={16} aria-hidden />} onClick={add}>
              Add a field
            </Button>
            <Group gap="xs">
              <Button variant="default" onClick={onClose} disabled={busy}>
                Cancel
              </Button>
              <Button type="submit" loading={busy}>
                Make it
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </GuardedDrawer>
  );
}
