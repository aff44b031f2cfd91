import { Center, Loader, Stack, Text } from "@mantine/core";
import { useDelayed } from "./useDelayed";

/** Says after half a second that something is on its way. */
export function Loading({ label = "Loading" }: { label?: string }) {
  const shown = useDelayed(true);
  return (
    <Center mih={240} role="status" aria-live="polite">
      {shown && (
        <Stack align="center" gap="xs">
          <Loader size="sm" />
          <Text size="sm" c="dimmed">
            {label}
          </Text>
        </Stack>
      )}
    </Center>
  );
}
