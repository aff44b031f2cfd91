/** What somebody else made meanwhile of the definition that is being edited here. */
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { ApiError } from "../client";

interface Stored {
  updatedAt: string;
}

/** A definition's ETag, for `ifMatch`. */
export const tagOf = ({ updatedAt }: Stored) => `"${updatedAt}"`;

/** The definition as others have left it, `null` when they removed it, where that is why the server refused; else `undefined`. */
export function theirsOf<T>(error: unknown): T | null | undefined {
  return error instanceof ApiError && error.status === 412 ? (error.data as T | null) : undefined;
}

/** Saves only over the version that was `seen`; a refusal for another's change is told by `TheirsNote`, and what is sent after it is meant. */
export function useTheirs<T extends Stored>(seen: Stored | null) {
  const [ifMatch, setIfMatch] = useState(seen ? tagOf(seen) : undefined);
  const [theirs, setTheirs] = useState<T | null>();
  return {
    ifMatch,
    theirs,
    saveLabel: (otherwise: string) => (theirs ? "Save over theirs" : otherwise),
    /** Whether the error was such a refusal. */
    met(error: unknown): boolean {
      const now = theirsOf<T>(error);
      if (now === undefined) return false;
      setTheirs(now);
      if (now) setIfMatch(tagOf(now));
      return true;
    },
    settle: () => setTheirs(undefined),
  };
}

interface Props {
  /** "node", "button". */
  what: string;
  theirs: Stored | null | undefined;
  onTake: () => void;
}

export function TheirsNote({ what, theirs, onTake }: Props) {
  if (theirs === undefined) return null;
  if (theirs === null) {
    return (
      <Alert color="red" role="alert" title={`This ${what} was removed meanwhile`}>
        <Text size="sm">There is nothing to save it to any more. Copy what you still need, then leave.</Text>
      </Alert>
    );
  }
  return (
    <Alert color="yellow" role="alert" title={`Somebody else changed this ${what} meanwhile`}>
      <Stack gap="xs">
        <Text size="sm">Nothing was saved yet. What you typed is still here; saving writes it over theirs.</Text>
        <Group>
          <Button size="xs" variant="default" onClick={onTake}>
            Discard mine, take theirs
          </Button>
        </Group>
      </Stack>
    </Alert>
  );
}
