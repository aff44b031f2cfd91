import { Alert } from "@mantine/core";

interface Props {
  count: number;
  /** Where the inputs are, seen from the note. */
  where?: "below" | "above";
}

/** Says aloud how many inputs are marked, for who does not see them. Nothing when none is. */
export function MistakesNote({ count, where = "below" }: Props) {
  if (count === 0) return null;
  return <Alert color="red" role="alert" title={count === 1 ? `One thing needs a look; it is marked ${where}.` : `${count} things need a look; they are marked ${where}.`} />;
}
