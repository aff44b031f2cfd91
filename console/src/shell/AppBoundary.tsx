import { Alert, Button, Center, Group, Stack, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { Component, type ReactNode } from "react";
import { isMissingPart } from "../app/updated";
import { MissingPart } from "./MissingPart";

/** Around everything: whatever breaks, the page says so and how to go on. */
export class AppBoundary extends Component<{ children: ReactNode }, { error: unknown; broken: boolean }> {
  override state = { error: null as unknown, broken: false };

  static getDerivedStateFromError(error: unknown) {
    return { error, broken: true };
  }

  override render() {
    if (!this.state.broken) return this.props.children;
    const { error } = this.state;
    return (
      <Center mih="100dvh" p="md" component="main">
        <Stack maw={560}>{isMissingPart(error) ? <MissingPart /> : <Broken error={error} />}</Stack>
      </Center>
    );
  }
}

function Broken({ error }: { error: unknown }) {
  return (
    <Alert color="red" icon={<IconAlertTriangle aria-hidden />} title="The console broke" role="alert">
      <Text size="sm">This is a mistake of the console, not yours. Reload the page to go on; what the server had saved is there.</Text>
      <Text size="xs" c="dimmed" mt="xs" className="as-written">
        {String((error as Error)?.message ?? error)}
      </Text>
      <Group mt="sm">
        <Button size="xs" color="red" variant="light" onClick={() => window.location.reload()}>
          Reload
        </Button>
        <Button size="xs" variant="default" onClick={startAnew}>
          Go to the start page
        </Button>
      </Group>
    </Alert>
  );
}

/** The address may be what broke it. */
function startAnew(): void {
  window.location.hash = "#/";
  window.location.reload();
}
