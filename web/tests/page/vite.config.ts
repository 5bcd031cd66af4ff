import { defineConfig } from "vite";

// The page with the fake backend, for tests and for work on the page: npx vite --config tests/page/vite.config.ts
export default defineConfig({
  root: "tests/page",
  base: "./",
  publicDir: "../../public",
  build: { outDir: "../../node_modules/.page", emptyOutDir: true, target: "es2022", assetsInlineLimit: 0 },
});
