import { useMemo, useState } from "react";
import { client } from "../../app/client";
import type { Answer, ApiError, Collection } from "../../client";
import { RecordForm } from "../../forms/RecordForm";
import { firstValues } from "../../forms/recordValues";
import { writableFields } from "../../model/fields";

interface Props {
  collection: Collection;
  onClose: () => void;
  onSaved: (title: string, answer: Answer<unknown> | null) => void;
  onSavedButRefused: (title: string, refusal: ApiError) => void;
}

export function AddRecord({ collection, onClose, onSaved, onSavedButRefused }: Props) {
  const fields = useMemo(() => writableFields(collection, "create"), [collection]);
  const [values, setValues] = useState(() => firstValues(fields, null));
  return (
    <RecordForm
      collection={collection}
      fields={fields}
      record={null}
      values={values}
      onChange={(name, value) => setValues((now) => ({ ...now, [name]: value }))}
      saveLabel="Add"
      onCancel={onClose}
      onSave={(sent, idempotencyKey) => client.resource(collection.name).create(sent, { idempotencyKey, triggerWorkflows: collection.formWorkflows?.create })}
      onSaved={(answer) => onSaved("Added", answer)}
      onSavedButRefused={(refusal) => onSavedButRefused("Added", refusal)}
    />
  );
}
