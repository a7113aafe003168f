/** Where the recorded histories lie: beside the code, because they outlive it. */
export const HISTORIES = new URL('../../../histories/', import.meta.url);
