import { ActionIcon, Popover, ScrollArea, Text, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { IconChevronDown, IconChevronRight, IconSearch, IconVariable } from "@tabler/icons-react";
import { useState } from "react";
import type { Variable } from "../variables";
import "./form.css";

interface Props {
  variables: Variable[];
  /** Gets the template: `{{$context.data.title}}`. */
  onPick: (template: string) => void;
  label?: string;
  disabled?: boolean;
}

const FOUND_AT_ONCE = 40;

/** A button that opens the tree of what is in scope. */
export function VariablePicker({ variables, onPick, label = "Insert a variable", disabled }: Props) {
  const [opened, setOpened] = useState(false);
  const [search, setSearch] = useState("");
  const pick = (one: Variable) => {
    setOpened(false);
    setSearch("");
    onPick(`{{${one.path}}}`);
  };
  const found = search ? matching(variables, search.toLowerCase()) : null;
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={320} shadow="md" trapFocus withinPortal styles={{ dropdown: { maxWidth: "calc(100vw - 24px)" } }}>
      <Popover.Target>
        <Tooltip label={label} disabled={opened}>
          <ActionIcon variant="subtle" color="indigo" aria-label={label} aria-expanded={opened} disabled={disabled} onClick={() => setOpened(!opened)}>
            <IconVariable size={17} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown p="xs">
        <TextInput size="xs" aria-label="Search variables" placeholder="Search" leftSection={<IconSearch size={14} aria-hidden />} value={search} onChange={(event) => setSearch(event.currentTarget.value)} mb="xs" data-autofocus data-mantine-stop-propagation />
        <ScrollArea.Autosize mah={300} type="auto">
          {found ? (
            <ul className="var-list" aria-label="Variables">
              {found.slice(0, FOUND_AT_ONCE).map((way) => (
                <li key={way.at(-1)?.path}>
                  <UnstyledButton className="var-row" onClick={() => pick(way.at(-1) as Variable)}>
                    <Text span size="sm">{way.at(-1)?.title}</Text>
                    <Text span size="xs" c="dimmed">{way.slice(0, -1).map((one) => one.title).join(" › ")}</Text>
                  </UnstyledButton>
                </li>
              ))}
              {found.length === 0 && <Text size="sm" c="dimmed" p={6}>Nothing found</Text>}
            </ul>
          ) : (
            <ul className="var-list" aria-label="Variables">
              {variables.map((one) => (
                <Row key={one.path} variable={one} depth={0} onPick={pick} openAtFirst={variables[0] === one} />
              ))}
            </ul>
          )}
        </ScrollArea.Autosize>
      </Popover.Dropdown>
    </Popover>
  );
}

function Row({ variable, depth, onPick, openAtFirst = false }: { variable: Variable; depth: number; onPick: (one: Variable) => void; openAtFirst?: boolean }) {
  const [open, setOpen] = useState(openAtFirst);
  const children = variable.children ?? [];
  return (
    <li>
      <div className="var-line" style={{ paddingInlineStart: depth * 16 }}>
        {children.length > 0 ? (
          <ActionIcon size={22} variant="subtle" color="gray" aria-expanded={open} aria-label={`${open ? "Close" : "Open"} ${variable.title}`} onClick={() => setOpen(!open)}>
            {open ? <IconChevronDown size={14} /> : <IconChevronRight size={14} />}
          </ActionIcon>
        ) : (
          <span className="var-gap" />
        )}
        <UnstyledButton className="var-row" aria-label={variable.group ? `${open ? "Close" : "Open"} the group ${variable.title}` : undefined} onClick={() => (variable.group ? setOpen(!open) : onPick(variable))}>
          <Text span size="sm" fw={variable.group ? 600 : undefined}>{variable.title}</Text>
        </UnstyledButton>
      </div>
      {open && children.length > 0 && (
        <ul className="var-list">
          {children.map((one) => (
            <Row key={one.path} variable={one} depth={depth + 1} onPick={onPick} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** The ways to every variable whose title, or whose place in the tree, has the words. */
function matching(variables: Variable[], words: string, above: Variable[] = []): Variable[][] {
  return variables.flatMap((one) => {
    const way = [...above, one];
    const text = `${way.map((each) => each.title).join(" ")} ${one.path}`.toLowerCase();
    const own = !one.group && text.includes(words) ? [way] : [];
    return [...own, ...matching(one.children ?? [], words, way)];
  });
}
