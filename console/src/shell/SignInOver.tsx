import { useLayoutEffect, useRef, useState, type ReactNode } from "react";

const STAYS_OPEN = "data-mantine-stop-propagation";

/** Covers the page, which stays as it is below, out of sight and out of reach; it gets the focus and its title back when this is gone. */
export function SignInOver({ children }: { children: ReactNode }) {
  const place = useRef<HTMLDialogElement>(null);
  const [title] = useState(() => document.title);
  useLayoutEffect(() => {
    const shown = place.current;
    if (!shown) return undefined;
    shown.showModal();
    // A drawer of the page hears Escape wherever it is pressed, unless the element says otherwise.
    document.body.setAttribute(STAYS_OPEN, "true");
    for (const one of [shown, ...shown.querySelectorAll("input, button")]) one.setAttribute(STAYS_OPEN, "true");
    return () => {
      document.body.removeAttribute(STAYS_OPEN);
      document.title = title;
      shown.close();
    };
  }, [title]);
  return (
    <dialog
      ref={place}
      aria-label="Sign in again"
      onCancel={(event) => event.preventDefault()}
      // A browser closes it at the second Escape whatever was said to the first.
      onClose={({ currentTarget }) => !currentTarget.open && currentTarget.showModal()}
      style={{ position: "fixed", inset: 0, width: "100%", height: "100%", maxWidth: "none", maxHeight: "none", margin: 0, padding: 0, border: 0, overflow: "auto", background: "var(--mantine-color-body)", color: "var(--mantine-color-text)" }}
    >
      {children}
    </dialog>
  );
}
