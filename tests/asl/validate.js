// Reads a JSON array of state machine definitions on standard input; prints an array with what is wrong with each, an empty text for nothing.
import { readFileSync } from "node:fs";
import validator from "asl-validator";

const documents = JSON.parse(readFileSync(0, "utf8"));
const judged = documents.map((document) => {
  const { isValid, errorsText } = validator(document, { checkPaths: true, checkArn: true });
  return isValid ? "" : errorsText("; ");
});
process.stdout.write(JSON.stringify(judged));
