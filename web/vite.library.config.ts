import { defineConfig } from "vite";

// The library `CharacterMaker`, an ES module for other pages.
export default defineConfig({
  base: "./",
  publicDir: "library",
  build: {
    outDir: "../f2p_deploy/embed/web_library",
    emptyOutDir: true,
    target: "es2022",
    minify: false,
    assetsInlineLimit: 0,
    lib: { entry: "src/index.ts", formats: ["es"], fileName: "character-maker" },
  },
  worker: { format: "es" },
});
