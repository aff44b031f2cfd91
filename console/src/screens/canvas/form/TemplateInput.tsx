import { Textarea, TextInput, type TextInputProps } from "@mantine/core";
import { useRef, type ReactNode } from "react";
import { readable } from "../variables";
import { useForm } from "./formContext";
import { VariablePicker } from "./VariablePicker";

interface Props {
  label?: string;
  ariaLabel?: string;
  description?: ReactNode;
  value: string;
  onChange: (value: string) => void;
  error?: ReactNode;
  required?: boolean;
  placeholder?: string;
  /** Several lines. */
  long?: boolean;
  /** Code: a font of one width. */
  code?: boolean;
  size?: TextInputProps["size"];
  /** Beside the variables' button. */
  extra?: ReactNode;
}

/** A text that may hold templates; what they mean stands below it in words. */
export function TemplateInput({ label, ariaLabel, description, value, onChange, error, required, placeholder, long, code, size, extra }: Props) {
  const { variables, disabled } = useForm();
  const input = useRef<HTMLInputElement & HTMLTextAreaElement>(null);
  const words = value.includes("{{") ? readable(value, variables) : value;

  function insert(template: string) {
    const at = input.current;
    const from = at?.selectionStart ?? value.length;
    const to = at?.selectionEnd ?? value.length;
    onChange(value.slice(0, from) + template + value.slice(to));
    requestAnimationFrame(() => {
      at?.focus();
      at?.setSelectionRange(from + template.length, from + template.length);
    });
  }

  const shared = {
    ref: input,
    label,
    "aria-label": ariaLabel,
    description,
    value,
    error,
    required,
    placeholder,
    disabled,
    size,
    flex: 1,
    spellCheck: !code,
    styles: code ? { input: { fontFamily: "var(--mantine-font-family-monospace)" } } : undefined,
    className: words !== value ? "form-template" : undefined,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
    rightSectionWidth: extra ? 62 : 34,
    rightSection: (
      <>
        {extra}
        <VariablePicker variables={variables} onPick={insert} label={label || ariaLabel ? `Insert a variable into ${label ?? ariaLabel}` : undefined} disabled={disabled} />
      </>
    ),
  };
  const below = words !== value ? <span title={value}>{words}</span> : undefined;
  if (long) return <Textarea {...shared} rightSectionProps={{ style: { alignItems: "flex-start", paddingTop: 3 } }} autosize minRows={2} maxRows={12} inputWrapperOrder={["label", "description", "input", "error"]} inputContainer={(children) => <Below text={below}>{children}</Below>} />;
  return <TextInput {...shared} inputContainer={(children) => <Below text={below}>{children}</Below>} />;
}

function Below({ text, children }: { text: ReactNode; children: ReactNode }) {
  return (
    <>
      {children}
      {text && <div className="form-words">{text}</div>}
    </>
  );
}
