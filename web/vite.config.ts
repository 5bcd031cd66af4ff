import { defineConfig } from "vite";

// The page: `f2p-deploy edit` serves it, `f2p-deploy embed web` copies it. Addresses are relative, so that it works in
// any folder of a server.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../f2p_deploy/embed/web_page",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", "service-worker": "src/serviceWorker.ts" },
      output: {
        // Browsers look for a service worker's new version at its address.
        entryFileNames: ({ name }) => (name === "service-worker" ? "service-worker.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  worker: { format: "es" },
});
