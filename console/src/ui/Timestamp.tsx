import { Text, Tooltip } from "@mantine/core";
import { fullTime, shortTime } from "../model/times";

/** An instant in the user's zone; all of it, with the zone, on hover. */
export function Timestamp({ at }: { at: string | number | null | undefined }) {
  if (at === null || at === undefined || at === "") return <Text span c="dimmed">—</Text>;
  return (
    <Tooltip label={fullTime(at)}>
      <Text span fz="inherit" component="time" dateTime={new Date(at).toISOString()}>
        {shortTime(at)}
      </Text>
    </Tooltip>
  );
}
