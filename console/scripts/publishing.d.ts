export const BUILDS_KEPT: number;
export const BYTES_KEPT: number;
export function publish(from: string, to: string, bytesKept?: number): void;
