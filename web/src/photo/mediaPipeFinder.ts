/** MediaPipe's FaceLandmarker in a worker, from files beside the page. */

import { damaged, importFile } from "../networks/serverFile";
import type { FaceFinder, FoundFace } from "./finder";
import { landmarksOf, mean, type Point } from "./landmarks";
import type { Picture } from "./picture";

/** Contours of the eyes among the 478 points; left is left in the picture. */
const LEFT_EYE = [33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246];
const RIGHT_EYE = [263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466];
const NOSE_TIP = 4;
const MOUTH_CORNERS = [61, 291];

const MOST_FACES = 5;

/** The part of `@mediapipe/tasks-vision` that is used here. */
interface Landmarker {
  detect(picture: ImageData): { readonly faceLandmarks: readonly (readonly Point[])[] };
}
interface TasksVision {
  readonly FaceLandmarker: {
    createFromOptions(
      files: { readonly wasmLoaderPath: string; readonly wasmBinaryPath: string },
      options: {
        readonly baseOptions: { readonly modelAssetBuffer: Uint8Array; readonly delegate: "CPU" };
        readonly numFaces: number;
      },
    ): Promise<Landmarker>;
  };
}

/** Opens MediaPipe's landmarker.
 *
 * @param folder - address of its library's files, with a slash at its end.
 * @param model - the content of `face_landmarker.task`.
 * @throws CharacterError `missing`: the library cannot be loaded; `damaged`: it cannot use the model.
 */
export async function openMediaPipe(folder: string, model: Uint8Array): Promise<FaceFinder> {
  const library = (await importFile(folder, "vision_bundle.mjs")) as TasksVision;
  const landmarker = await library.FaceLandmarker.createFromOptions(
    {
      wasmLoaderPath: new URL("vision_wasm_module_internal.js", folder).href,
      wasmBinaryPath: new URL("vision_wasm_module_internal.wasm", folder).href,
    },
    { baseOptions: { modelAssetBuffer: model, delegate: "CPU" }, numFaces: MOST_FACES },
  ).catch((error: unknown) => {
    throw damaged("mediapipe/*, face_landmarker.task", `nothing that MediaPipe starts with (${String(error)})`);
  });
  return { find: async (photo) => found(landmarker, photo) };
}

/** Finds the faces of a photo in one pass; MediaPipe shrinks it to 128 pixels first, so faces must not be small. */
function found(landmarker: Landmarker, photo: Picture): FoundFace[] {
  const { width, height, pixels } = photo;
  const faces = landmarker.detect(new ImageData(pixels, width, height)).faceLandmarks.map((points) =>
    points.map(({ x, y }) => ({ x: x * width, y: y * height })),
  );
  return faces
    .sort((a, b) => area(b) - area(a))
    .map((points) => {
      const eyes = [LEFT_EYE, RIGHT_EYE].map((contour) => mean(contour.map((i) => points[i])));
      return { landmarks: landmarksOf([...eyes, points[NOSE_TIP], ...MOUTH_CORNERS.map((i) => points[i])]) };
    });
}

/** Returns the area of the box around points. */
function area(points: readonly Point[]): number {
  const extent = (values: number[]) => Math.max(...values) - Math.min(...values);
  return extent(points.map(({ x }) => x)) * extent(points.map(({ y }) => y));
}
