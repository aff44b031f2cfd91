import { Paper, Radio, Table, Text } from "@mantine/core";
import { ErrorNote } from "../../ui/ErrorNote";
import { Refusable } from "../../ui/Refusable";
import { ACTIONS, reachIn, withReach, type ActionKind, type Reach } from "./role";
import { SaveRow } from "./SaveRow";
import { useDraft } from "./useDraft";

const CHOICES: { reach: Reach; label: string }[] = [
  { reach: "none", label: "No" },
  { reach: "own", label: "Own records" },
  { reach: "all", label: "All records" },
];

/** What holds in every collection that has no rules of its own: action by action, on no, own or all records. */
export function Strategy({ actions, onSave }: { actions: string[]; onSave: (actions: string[]) => Promise<void> }) {
  const { value, setValue, dirty, busy, error, save, reset } = useDraft(actions, onSave);
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        Holds in every collection that has no rules of its own. Own records are those that the user made.
      </Text>
      {error !== null && <ErrorNote error={error} />}
      <Paper withBorder radius="md">
        <Table.ScrollContainer minWidth={560}>
          <Table verticalSpacing="xs" aria-label="What the role may do everywhere">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Action</Table.Th>
                {CHOICES.map((one) => (
                  <Table.Th key={one.reach} ta="center" w={120}>
                    {one.label}
                  </Table.Th>
                ))}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {ACTIONS.map((action) => (
                <ActionRow key={action.name} action={action} reach={reachIn(value, action.name)} onChange={(reach) => setValue(withReach(value, action.name, reach))} />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
      <SaveRow dirty={dirty} busy={busy} onSave={save} onReset={reset} />
    </>
  );
}

function ActionRow({ action, reach, onChange }: { action: ActionKind; reach: Reach; onChange: (reach: Reach) => void }) {
  return (
    <Table.Tr>
      <Table.Th scope="row" fw={500}>
        {action.label}
        <Text span size="xs" c="dimmed" ml="xs" fw={400}>
          {action.hint}
        </Text>
      </Table.Th>
      {CHOICES.map((one) => {
        const missing = one.reach === "own" && action.withoutRecord && reach !== "own";
        return (
          <Table.Td key={one.reach}>
            {missing ? (
              <Refusable reason="There is no record yet that could be one's own">
                <Text ta="center" c="dimmed" tabIndex={0} role="note">
                  —
                </Text>
              </Refusable>
            ) : (
              <Radio name={action.name} checked={reach === one.reach} onChange={() => onChange(one.reach)} aria-label={`${action.label}: ${one.label}`} styles={{ body: { justifyContent: "center" } }} />
            )}
          </Table.Td>
        );
      })}
    </Table.Tr>
  );
}
