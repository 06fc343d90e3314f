/** What the browser remembers between visits: bounded, and never trusted. */

/** A list in localStorage; what is damaged or of another version is left out. */
export class Remembered<T> {
  constructor(
    private readonly key: string,
    private readonly most: number,
    /** Returns an entry that may be used, undefined for anything else. */
    private readonly checked: (entry: unknown) => T | undefined,
  ) {}

  read(): T[] {
    try {
      const entries: unknown = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      if (!Array.isArray(entries)) return [];
      return entries.slice(0, this.most).flatMap((entry) => this.checked(entry) ?? []);
    } catch {
      return []; // no JSON, or a browser that keeps nothing
    }
  }

  /** Keeps the first entries, as many as there may be; tells whether the browser took them. */
  write(entries: readonly T[]): boolean {
    try {
      localStorage.setItem(this.key, JSON.stringify(entries.slice(0, this.most)));
      return true;
    } catch {
      return false; // full, or forbidden
    }
  }
}
