/** One press, one key: what is sent again because nobody knows what became of it is done once; the next press is another call. */
import { freshKey } from "./connection";
import { ApiError } from "./envelope";

/** No answer, or one that leaves open whether it was done. */
const UNHEARD = new Set([0, 502, 503, 504]);

export function isUnheard(error: unknown): boolean {
  return error instanceof ApiError && UNHEARD.has(error.status);
}

/**
 * What a button that starts work keeps between its presses:
 *
 *     const press = new Press();
 *     button.onclick = () => press.send({ id: 7 }, (idempotencyKey) => client.runAction("submit", { ids: 7, idempotencyKey }));
 */
export class Press {
  private key: string | null = null;
  private content = "";

  /** Whether the last press got no answer, so that the same sent again is the same call. */
  get isOpen(): boolean {
    return this.key !== null;
  }

  /** The call's answer. `content` is all that is sent: another content is another call. */
  async send<T>(content: unknown, call: (idempotencyKey: string) => Promise<T>): Promise<T> {
    const text = JSON.stringify(content) ?? "";
    if (this.key === null || text !== this.content) [this.key, this.content] = [freshKey(), text];
    const { key } = this;
    try {
      const answer = await call(key);
      this.end(key);
      return answer;
    } catch (error) {
      if (!isUnheard(error)) this.end(key);
      throw error;
    }
  }

  private end(key: string): void {
    if (this.key === key) this.key = null;
  }
}
