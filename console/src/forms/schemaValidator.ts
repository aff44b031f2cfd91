/** rjsf's validator without code generation: the page's policy forbids `eval`, which Ajv needs. Source: https://github.com/cfworker/cfworker */
import { Validator, type OutputUnit, type Schema } from "@cfworker/json-schema";
import { toErrorSchema, validationDataMerge, type RJSFSchema, type RJSFValidationError, type ValidationData, type ValidatorType } from "@rjsf/utils";
import type { Row } from "../client";

const bound = (words: string) => (message: string) => message.replace(/^.* is (?:less|greater) than (?:or equal to )?(.*)\.$/, `must be ${words} $1`);

const WORDS: Record<string, (message: string) => string> = {
  required: () => "is required",
  type: (message) => message.replace(/^Instance type ".*?" is invalid\. Expected (.*)\.$/, "must be of type $1").replaceAll('"', ""),
  minimum: bound("at least"),
  maximum: bound("at most"),
  exclusiveMinimum: bound("more than"),
  exclusiveMaximum: bound("less than"),
  minLength: (message) => (/minimum|short/i.test(message) && message.includes("(0 < 1)") ? "is required" : message),
};
// These only say that something below them is wrong.
const AROUND = new Set(["properties", "items", "allOf", "anyOf", "oneOf", "$ref", "additionalProperties", "if", "then", "else"]);

export const schemaValidator: ValidatorType<Row, RJSFSchema> = {
  validateFormData(formData, schema, _custom, transformErrors, uiSchema): ValidationData<Row> {
    const found = checked(schema, formData);
    const errors = transformErrors ? transformErrors(found, uiSchema) : found;
    return validationDataMerge({ errors, errorSchema: toErrorSchema<Row>(errors) });
  },
  isValid: (schema, formData) => checked(schema, formData).length === 0,
  rawValidation: <Result>(schema: RJSFSchema, formData?: Row) => ({ errors: checked(schema, formData) as Result[] }),
};

function checked(schema: RJSFSchema, formData: unknown): RJSFValidationError[] {
  const validator = new Validator(schema as Schema, "2020-12", false);
  return validator.validate(withoutUndefined(formData)).errors.filter((one) => !AROUND.has(one.keyword)).map(toRjsf);
}

function toRjsf(unit: OutputUnit): RJSFValidationError {
  const path = unit.instanceLocation.replace(/^#\/?/, "").split("/").filter(Boolean).map(unescaped);
  const missing = unit.keyword === "required" ? /property "(.+?)"/.exec(unit.error)?.[1] : undefined;
  const place = missing === undefined ? path : [...path, missing];
  const message = WORDS[unit.keyword]?.(unit.error) ?? unit.error;
  return { name: unit.keyword, message, property: place.map((one) => `.${one}`).join(""), stack: `${place.join(".")} ${message}` };
}

function unescaped(part: string): string {
  return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
}

/** An input that was emptied is `undefined`; JSON has no such value. */
function withoutUndefined(value: unknown): unknown {
  return value === undefined ? {} : (JSON.parse(JSON.stringify(value)) as unknown);
}

export default schemaValidator;
