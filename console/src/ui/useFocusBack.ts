import { useEffect, useState } from "react";

/** For what is there only while it is open: gives the focus back to what had it, when nothing else has taken it. */
export function useFocusBack(): void {
  const [before] = useState(opener);
  useEffect(
    () => () => {
      if (document.activeElement === document.body && before?.isConnected) before.focus();
    },
    [before],
  );
}

/** What has the focus; of a menu, which closes over what is chosen there, the button that opened it. */
function opener(): HTMLElement | null {
  const active = document.activeElement as HTMLElement | null;
  const menu = active?.closest("[role=menu]");
  return menu ? document.getElementById(menu.getAttribute("aria-labelledby") ?? "") : active;
}
