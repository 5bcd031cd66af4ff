/** Types for an import of the file itself, as a page without a bundler does it. */
export * from "./types/index.js";
