/** What stays on top of a page or a drawer that is scrolled; a note below it is not seen. */
const HEADER = "5rem";

/** Brings a note to who has to read it, wherever the page or the drawer is scrolled to; it needs a `tabIndex`. */
export function intoView(note: HTMLElement | null): void {
  if (!note) return;
  note.style.scrollMarginTop = HEADER;
  note.scrollIntoView({ block: "nearest" });
  note.focus({ preventScroll: true });
}
