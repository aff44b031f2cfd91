import { TagsInput, type TagsInputProps } from "@mantine/core";

/** Several texts, each as it was typed: a comma is one of its letters, and `a` is not `A`. */
export function TextsInput(props: Omit<TagsInputProps, "splitChars" | "isDuplicate" | "acceptValueOnBlur">) {
  return <TagsInput placeholder="Type and press Enter" {...props} splitChars={[]} isDuplicate={(text, others) => others.includes(text)} acceptValueOnBlur />;
}
