import { Anchor, Badge, Group, Paper, Table, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { useSearchParams } from "react-router-dom";
import { useSession } from "../../app/session";
import { titleOf } from "../../model/collections";
import { OverrideDrawer } from "./OverrideDrawer";
import { draftsOf, inShort, PROCEDURES, type Role } from "./role";

interface Props {
  role: Role;
  onSaved: () => Promise<unknown>;
}

/** The collections, and which of them have rules of their own; the form beside is in the address (`?tab=collections&open=samples`). */
export function Overrides({ role, onSaved }: Props) {
  const session = useSession();
  const [params, setParams] = useSearchParams();
  const [search, setSearch] = useState("");
  const resources = role.resources ?? {};
  const names = [...new Set([...session.collections.map((one) => one.name), PROCEDURES, ...Object.keys(resources)])];
  const labelOf = (name: string) => (name === PROCEDURES ? "Procedures of no collection" : titleOf(session.collection(name) ?? { name }));
  const shown = names.filter((name) => `${name} ${labelOf(name)}`.toLowerCase().includes(search.trim().toLowerCase()));
  const open = params.get("open");
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        Rules of its own replace for a collection what holds everywhere.
      </Text>
      {names.length > 10 && <TextInput type="search" aria-label="Search the collections" placeholder="Search" value={search} onChange={(event) => setSearch(event.currentTarget.value)} mb="sm" maw={320} />}
      <Paper withBorder radius="md">
        <Table.ScrollContainer minWidth={480}>
          <Table highlightOnHover verticalSpacing="xs" aria-label="Rules by collection">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Collection</Table.Th>
                <Table.Th>Rules</Table.Th>
                <Table.Th>What they allow</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {shown.map((name) => {
                const rules = resources[name];
                const isOwn = rules?.usingActionsConfig === true;
                return (
                  <Table.Tr key={name}>
                    <Table.Td>
                      <Anchor component="button" type="button" size="sm" fw={500} onClick={() => setParams({ tab: "collections", open: name })}>
                        {labelOf(name)}
                      </Anchor>
                    </Table.Td>
                    <Table.Td>
                      <Badge variant={isOwn ? "light" : "default"} tt="none" fw={isOwn ? 600 : 400}>
                        {isOwn ? "Own rules" : "As everywhere"}
                      </Badge>
                    </Table.Td>
                    <Table.Td>
                      <Group fz="sm">{isOwn ? inShort(draftsOf(rules)) : "—"}</Group>
                    </Table.Td>
                  </Table.Tr>
                );
              })}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      </Paper>
      <OverrideDrawer key={open} role={role} name={open} title={open ? labelOf(open) : ""} onClose={() => setParams({ tab: "collections" })} onSaved={onSaved} />
    </>
  );
}
