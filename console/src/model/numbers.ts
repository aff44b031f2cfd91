/** Numbers as people read them, in the browser's language. */

// A double has at most 17 digits that count; 21 is what every engine takes.
const NUMBER = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 21 });

/** All digits that are stored, none left out; very small and very large ones as JavaScript writes them: `1e-14`. */
export function numberText(value: number): string {
  const plain = String(value);
  return plain.includes("e") ? plain : NUMBER.format(value);
}
