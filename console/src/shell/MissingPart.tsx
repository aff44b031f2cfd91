import { Alert, Button, Group, Text } from "@mantine/core";
import { IconRefresh } from "@tabler/icons-react";

/** A part of the console did not come: only a fresh page brings it. */
export function MissingPart() {
  return (
    <Alert color="yellow" icon={<IconRefresh aria-hidden />} title="This part of the console could not be loaded" role="alert" my="sm">
      <Text size="sm">The console was probably updated since this page was opened, or the connection was lost. Reload the page to go on: you stay signed in. What was typed and not saved has to be typed again.</Text>
      <Group mt="sm">
        <Button size="xs" onClick={() => window.location.reload()}>
          Reload
        </Button>
      </Group>
    </Alert>
  );
}
