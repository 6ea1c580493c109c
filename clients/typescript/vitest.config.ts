import { defineConfig } from "vitest/config";

// `vitest run --dir tests/unit` needs nothing; `--dir tests/stack` needs a running store, see tests/stack.
export default defineConfig({
  test: {
    include: ["**/*.test.ts", "**/*.test.tsx"],
    reporters: ["default"],
    pool: "threads",
  },
});
