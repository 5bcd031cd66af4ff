import type { Controller } from "../character/schema";

/** Returns a name of a schema as words: `dark-brown` as `Dark brown`. */
export function words(name: string): string {
  const spaced = name.replace(/[-_.]+/g, " ").trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** Returns a slider's name as words, without the part of the face it is listed under: `eyes.bag-size` as `Bag size`. */
export function sliderName(controller: Pick<Controller, "name" | "group">): string {
  const dot = controller.name.indexOf(".");
  const prefix = controller.name.slice(0, dot);
  const repeats = dot > 0 && (prefix === controller.group || prefix === `${controller.group}s`);
  return words(repeats ? controller.name.slice(dot + 1) : controller.name);
}

/** Returns whether every word that was typed occurs in one of the names. */
export function matches(typed: string, ...names: string[]): boolean {
  const all = names.join(" ").toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}
