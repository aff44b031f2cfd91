import { Alert } from "@mantine/core";

/** Says aloud how many inputs are marked, for who does not see them. Nothing when none is. */
export function MistakesNote({ count }: { count: number }) {
  if (count === 0) return null;
  return <Alert color="red" role="alert" title={count === 1 ? "One thing needs a look; it is marked below." : `${count} things need a look; they are marked below.`} />;
}
