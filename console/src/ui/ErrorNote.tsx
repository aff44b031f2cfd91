import { Alert, Button, Group, Text } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import { useEffect, useRef } from "react";
import { ApiError } from "../client";
import { intoView } from "./intoView";

interface Props {
  error: unknown;
  title?: string;
  onRetry?: () => void;
  /** What came of a press: with each new one the note comes into view and takes the focus. */
  focusFor?: unknown;
}

/** What the server refused, every problem of it, as text. */
export function ErrorNote({ error, title, onRetry, focusFor }: Props) {
  const note = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (focusFor) intoView(note.current);
  }, [focusFor]);
  const problems = error instanceof ApiError ? error.problems : [{ message: String((error as Error)?.message ?? error) }];
  const requestId = error instanceof ApiError && error.status >= 500 ? error.requestId : null;
  return (
    <Alert ref={note} tabIndex={focusFor ? -1 : undefined} color="red" icon={<IconAlertTriangle aria-hidden />} title={title ?? titleOf(error)} role="alert" my="sm">
      {problems.map((problem, index) => (
        <Text key={index} size="sm" className="as-written">
          {problem.message}
        </Text>
      ))}
      {requestId && (
        <Text size="xs" c="dimmed" mt={4}>
          Request {requestId}
        </Text>
      )}
      {onRetry && (
        <Group mt="sm">
          <Button size="xs" variant="light" color="red" onClick={onRetry}>
            Try again
          </Button>
        </Group>
      )}
    </Alert>
  );
}

function titleOf(error: unknown): string {
  const status = error instanceof ApiError ? error.status : -1;
  if (status === 0) return "No answer";
  if (status === 403) return "Not allowed";
  if (status === 404) return "Not found";
  return status >= 500 ? "Something broke" : "That did not work";
}
