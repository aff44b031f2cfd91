/** What was typed and not saved is not lost by a key, a click beside the form or a link: it is asked first. */
import { Drawer, Modal, type DrawerProps, type ModalProps } from "@mantine/core";
import { use, useEffect, useRef, useState } from "react";
import { ConfirmDialog } from "./ConfirmDialog";
import { Beside, guard, leave, type Forms, type Go } from "./leaving";

/** Stands in a form; while `when` holds, leaving it is asked for first. A form that is saved or gone before the answer lets go what waited for it. */
export function Unsaved({ when }: { when: boolean }) {
  const beside = use(Beside);
  const [going, setGoing] = useState<{ go: Go } | null>(null);
  const isAsking = useRef(false);
  const waiting = useRef<Go | null>(null);
  useEffect(() => {
    isAsking.current = going !== null;
  }, [going]);
  useEffect(() => {
    if (!when) return undefined;
    // The key that closes the question is heard by what lies below it, too.
    const release = guard((go) => {
      if (isAsking.current) return;
      waiting.current = go;
      setGoing({ go });
    }, beside);
    return () => {
      release();
      const go = waiting.current;
      waiting.current = null;
      setGoing(null);
      go?.();
    };
  }, [when, beside]);

  if (!going) return null;
  return (
    <ConfirmDialog
      title="Leave without saving?"
      text="What you typed here is not saved."
      label="Discard it"
      cancelLabel="Keep editing"
      onClose={() => {
        waiting.current = null;
        setGoing(null);
      }}
      onConfirm={() => {
        waiting.current = null;
        going.go();
        return Promise.resolve();
      }}
    />
  );
}

/** A drawer that asks before it closes on what a form in it has not saved; Cancel of the form closes at once. */
export function GuardedDrawer({ onClose, children, ...rest }: DrawerProps) {
  const [forms] = useState<Forms>(() => new Set());
  return (
    <Drawer {...rest} onClose={() => leave(onClose, forms)} closeButtonProps={{ "aria-label": "Close", ...rest.closeButtonProps }}>
      <Beside value={forms}>{children}</Beside>
    </Drawer>
  );
}

/** The same of a dialog; while it is `busy` it does not close at all. */
export function GuardedModal({ onClose, busy = false, children, ...rest }: ModalProps & { busy?: boolean }) {
  const [forms] = useState<Forms>(() => new Set());
  return (
    <Modal {...rest} onClose={() => !busy && leave(onClose, forms)} closeButtonProps={{ "aria-label": "Close", disabled: busy, ...rest.closeButtonProps }}>
      <Beside value={forms}>{children}</Beside>
    </Modal>
  );
}
