import { Paper, Stack, Switch, TagsInput, Text } from "@mantine/core";
import { mistakesAt } from "../../forms/mistakes";
import { ErrorNote } from "../../ui/ErrorNote";
import { AREAS, opens, withArea } from "./role";
import { SaveRow } from "./SaveRow";
import { useDraft } from "./useDraft";

/** The management areas that the role opens, as switches and, for those who know them, as snippets. */
export function Areas({ snippets, onSave }: { snippets: string[]; onSave: (snippets: string[]) => Promise<void> }) {
  const { value, setValue, dirty, busy, error, save, reset } = useDraft(snippets, onSave);
  const { at, others } = mistakesAt(error, ["snippets"]);
  return (
    <>
      <Text size="sm" c="dimmed" mb="sm">
        Nobody opens an area that their own role does not manage.
      </Text>
      {others !== null && <ErrorNote error={others} />}
      <Paper withBorder radius="md" p="md">
        <Stack gap="lg">
          {AREAS.map((area) => (
            <Switch key={area.snippet} label={area.label} description={area.hint} checked={opens(value, area.snippet)} onChange={(event) => setValue(withArea(value, area.snippet, event.currentTarget.checked))} />
          ))}
          <TagsInput label="Snippets" description="The same as NocoBase writes it: pm.users, pm.* for all, !pm.users for none" value={value} onChange={setValue} error={at["snippets"]} clearable />
        </Stack>
      </Paper>
      <SaveRow dirty={dirty} busy={busy} onSave={save} onReset={reset} />
    </>
  );
}
