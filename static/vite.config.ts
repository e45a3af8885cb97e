import { defineConfig } from "vitest/config";

export default defineConfig({
  base: "/static/",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "dist",
    manifest: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: { input: { live: "src/live.tsx", pages: "src/pages.css" } },
  },
  test: { include: ["test/**/*.test.ts"], environment: "node" },
});
