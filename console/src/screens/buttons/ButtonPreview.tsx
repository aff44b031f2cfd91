import { Button, Group, MantineProvider, Paper, Stack, Text, useMantineStyleNonce, useMantineTheme } from "@mantine/core";
import { lazy, Suspense, useId, useState } from "react";
import { readableColors } from "../../app/theme";
import type { Row } from "../../client";
import { Loading } from "../../ui/Loading";
import { useProcedures } from "./api";
import { ButtonLook } from "./ButtonLook";
import { formOf, type Draft } from "./buttonDraft";

const SchemaForm = lazy(() => import("../../forms/SchemaForm"));

/** The button, light and dark, and what it asks. */
export function ButtonPreview({ draft }: { draft: Draft }) {
  const procedures = useProcedures();
  const own = draft.kind === "procedure" ? procedures.data?.find((one) => one.name === draft.procedure && (one.collection === draft.collection || one.collection === null))?.form : null;
  const form = formOf(draft) ?? own ?? null;
  return (
    <Stack gap="sm">
      <Scheme scheme="light" draft={draft} form={form} />
      <Scheme scheme="dark" draft={draft} form={form} />
    </Stack>
  );
}

/** A part of the page in another scheme than the rest: the same components, with the variables of that scheme. */
function Scheme({ scheme, draft, form }: { scheme: "light" | "dark"; draft: Draft; form: Row | null }) {
  const id = `preview-${useId().replace(/[^a-zA-Z0-9]/g, "")}`;
  const theme = useMantineTheme();
  const nonce = useMantineStyleNonce();
  return (
    <MantineProvider theme={theme} cssVariablesResolver={readableColors} forceColorScheme={scheme} cssVariablesSelector={`#${id}`} deduplicateCssVariables={false} getRootElement={() => undefined} getStyleNonce={() => nonce?.() ?? ""} withGlobalClasses={false}>
      <div id={id} data-mantine-color-scheme={scheme} className="preview" role="group" aria-label={scheme === "light" ? "Light" : "Dark"}>
        <Face draft={draft} form={form} />
      </div>
    </MantineProvider>
  );
}

function Face({ draft, form }: { draft: Draft; form: Row | null }) {
  const label = draft.label || draft.name || "Button";
  const formId = useId();
  const [values, setValues] = useState<Row>({});
  return (
    <Stack gap="md">
      <Group>
        {draft.context === "single" && draft.placement === "row" && <ButtonLook draft={draft} compact />}
        <ButtonLook draft={draft} compact={draft.context === "multiple"} />
      </Group>
      {(draft.confirm || form) && (
        <Paper withBorder p="md" radius="md" shadow="sm">
          <Stack gap="sm">
            <Text fw={650}>{label}</Text>
            {draft.confirm && (
              <Text size="sm" className="as-written">
                {draft.confirm}
              </Text>
            )}
            {form && (
              <Suspense fallback={<Loading />}>
                <SchemaForm id={formId} schema={form} values={values} onChange={setValues} errors={{}} onSubmit={() => undefined} />
              </Suspense>
            )}
            <Group justify="flex-end">
              <Button variant="default">Cancel</Button>
              <Button variant={draft.color ? "light" : "filled"} color={draft.color ?? undefined}>{label}</Button>
            </Group>
          </Stack>
        </Paper>
      )}
    </Stack>
  );
}
