import { Code } from "@mantine/core";

/** A description whose words in backticks stand as code. */
export function Described({ text }: { text: string | undefined }) {
  if (!text) return null;
  return (
    <>
      {text.split("`").map((part, index) => (index % 2 === 1 ? <Code key={index} fz="inherit">{part}</Code> : part))}
    </>
  );
}
