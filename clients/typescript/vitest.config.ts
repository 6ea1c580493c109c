import { defineConfig } from "vitest/config";

// `vitest run --dir tests/unit` needs nothing; `--dir tests/stack` needs a running store, see tests/stack.
// REACT=18 runs the tests of the components with React 18.
const react18 = {
  alias: [{ find: /^react(-dom)?(?=$|\/)/, replacement: "react$1-18" }],
  setupFiles: ["tests/react-18.ts"],
};

export default defineConfig({
  test: {
    include: ["**/*.test.ts", "**/*.test.tsx"],
    reporters: ["default"],
    pool: "threads",
    testTimeout: 60_000,
    restoreMocks: true,
    ...(process.env["REACT"] === "18" ? react18 : {}),
  },
});
