/** A form from a JSON Schema. Loaded when first needed: most pages have none. */
import type Form from "@rjsf/core";
import { generateForm } from "@rjsf/mantine";
import type { RJSFSchema } from "@rjsf/utils";
import { useMemo } from "react";
import type { Row } from "../client";
import { errorSchema } from "./errorSchema";
import { orderOf } from "./fieldOrder";
import { schemaValidator } from "./schemaValidator";

interface Props {
  id: string;
  schema: Row;
  values: Row;
  /** `byHand`: somebody filled it in; else it is a default of the schema. */
  onChange: (values: Row, byHand: boolean) => void;
  onSubmit: () => void;
  /** What the server refused, by field (`size`, `lines.0.count`). */
  errors: Record<string, string[]>;
}

const MantineForm = generateForm<Row, RJSFSchema>() as unknown as typeof Form<Row, RJSFSchema>;

export default function SchemaForm({ id, schema, values, onChange, onSubmit, errors }: Props) {
  const extraErrors = useMemo(() => errorSchema(errors), [errors]);
  const uiSchema = useMemo(() => ({ ...orderOf(schema), "ui:submitButtonOptions": { norender: true } }), [schema]);
  return (
    <MantineForm
      id={id}
      // Not the form's own: the element around all fields has it for its id.
      idPrefix={`${id}-fields`}
      schema={schema as RJSFSchema}
      formData={values}
      validator={schemaValidator}
      extraErrors={extraErrors}
      extraErrorsBlockSubmit={false}
      showErrorList={false}
      noHtml5Validate
      focusOnFirstError
      uiSchema={uiSchema}
      onChange={(event, id) => onChange((event.formData ?? {}) as Row, id !== undefined)}
      onSubmit={onSubmit}
      onError={() => undefined}
    />
  );
}
