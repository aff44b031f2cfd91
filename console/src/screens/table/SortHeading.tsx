import { UnstyledButton } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconArrowsSort } from "@tabler/icons-react";
import { useEffect, useRef } from "react";

interface Props {
  label: string;
  /** How the table is sorted by this column. */
  sorted: "ascending" | "descending" | null;
  align: "left" | "right";
  onSort: () => void;
}

/** The heading of a column that can be sorted by; its cell stays a heading, and tells the order. */
export function SortHeading({ label, sorted, align, onSort }: Props) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // The table makes the cell, and has no property for its attributes.
    const cell = button.current?.closest("th");
    if (sorted) cell?.setAttribute("aria-sort", sorted);
    else cell?.removeAttribute("aria-sort");
  }, [sorted]);
  const Icon = sorted === null ? IconArrowsSort : sorted === "ascending" ? IconArrowUp : IconArrowDown;
  return (
    <UnstyledButton ref={button} onClick={onSort} fz="inherit" fw="inherit" w="100%" title={label} style={{ display: "flex", alignItems: "center", gap: 4, justifyContent: align === "right" ? "flex-end" : "flex-start", outlineOffset: -2 }}>
      <span style={{ overflow: "hidden", textOverflow: "ellipsis" }}>{label}</span>
      <Icon size={14} aria-hidden style={{ flex: "none", opacity: sorted ? 1 : 0.4 }} />
    </UnstyledButton>
  );
}
