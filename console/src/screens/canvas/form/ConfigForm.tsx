/** A form for the config of a node or trigger, from its JSON Schema. */
import { Alert, Stack, Text } from "@mantine/core";
import { useMemo } from "react";
import type { Problem, Row } from "../../../client";
import { useSession } from "../../../app/session";
import type { FlowNode, Schema } from "../types";
import type { Variable } from "../variables";
import { isHidden } from "./choices";
import { FormContext } from "./formContext";
import { Properties } from "./Properties";

interface Props {
  /** The type of the node or trigger. */
  type: string;
  schema: Schema;
  config: Row;
  onChange: (config: Row) => void;
  problems: Problem[];
  variables: Variable[];
  before?: FlowNode[];
  sync: boolean;
  disabled?: boolean;
}

export function ConfigForm({ type, schema, config, onChange, problems, variables, before = [], sync, disabled = false }: Props) {
  const session = useSession();
  const contents = useMemo(() => ({ variables, problems, disabled, find: (name: string) => session.collection(name), before }), [variables, problems, disabled, session, before]);
  const shown = new Set(Object.keys(schema.properties ?? {}).filter((name) => !isHidden(type, name, config, sync)));
  const elsewhere = problems.filter((one) => {
    const [root, first] = (one.path ?? "").split(".");
    return root !== "config" ? root !== "title" : first === undefined || !shown.has(first);
  });
  return (
    <FormContext value={contents}>
      <Stack gap="md">
        {elsewhere.length > 0 && (
          <Alert color="red" role="alert">
            {elsewhere.map((one, index) => (
              <Text key={index} size="sm" className="as-written">
                {one.message}
              </Text>
            ))}
          </Alert>
        )}
        <Properties type={type} path="config" place="" schema={schema} value={config} onChange={onChange} root={config} sync={sync} collection={undefined} />
      </Stack>
    </FormContext>
  );
}
