/** How many images there are, and what became of them. */
export interface Counts {
  total: number;
  done: number;
  failed: number;
}

/** Writes the sentence that a screen reader speaks when the counts change. */
export type Describe = (counts: Counts) => string;

const describeInEnglish: Describe = ({ total, done, failed }) =>
  `${done} of ${total} images ready${failed ? `, ${failed} failed` : ""}`;

/** Returns the properties of an element that is announced when its text changes. It is empty without images. */
export const statusProps = (counts: Counts, describe: Describe = describeInEnglish) => ({
  role: "status" as const,
  children: counts.total ? describe(counts) : "",
});
