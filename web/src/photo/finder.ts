import type { Landmarks } from "./landmarks";
import type { Picture } from "./picture";

/** Finds the faces of a photo. */
export interface FaceFinder {
  /** Returns the landmarks of all faces, largest first; empty if there is none. */
  find(photo: Picture): Promise<Landmarks[]>;
}
