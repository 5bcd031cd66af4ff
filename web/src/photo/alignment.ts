import { CharacterError } from "../errors";
import type { Contract, Limits, Mode } from "../networks/contract";
import type { FoundFace } from "./finder";
import { distance, noseOffset, pointsOf, type Landmarks } from "./landmarks";
import type { Picture } from "./picture";
import { sharpness } from "./sharpness";
import { Similarity } from "./similarity";
import { insideFraction, warp } from "./warp";

/** A sentence about a photo that may spoil the character, with the key of its translations. */
export interface Warning {
  readonly code: string;
  readonly message: string;
  readonly values: Readonly<Record<string, string | number>>;
}

/** A face of a photo, in the place of the average face. */
export interface AlignedFace {
  /** `imageSize` x `imageSize`. */
  readonly picture: Picture;
  readonly landmarks: Landmarks;
  readonly warnings: readonly Warning[];
  /** The shape vector of the face, if the finder measures it. */
  readonly shape?: Float32Array | undefined;
  /** The mode that suits the photo: `hybrid` if the face is frontal, sharp and large, else `one-shot`. */
  readonly mode: Mode;
}

/** Warps a face onto the average face by a similarity transform (section 3.6 of the paper).
 *
 * @param photo - the photo.
 * @param found - one face.
 * @param contract - the template, the size and the limits.
 * @throws CharacterError `too-small`, `turned`, or `invalid-input` if the points are not those of a face.
 */
export function align(photo: Picture, found: FoundFace, contract: Contract): AlignedFace {
  const { limits, imageSize: size } = contract;
  const face = found.landmarks;
  const points = pointsOf(face);
  const yaw = Math.abs(found.yaw ?? Math.min(90, limits.yawPerOffset * noseOffset(face)));
  const pitch = Math.abs(found.pitch ?? 0);
  const eyes = limits.outerOverCentres * distance(face.leftEye, face.rightEye);
  const warnings = checked(eyes, yaw, limits);
  const target = contract.template.map(([x, y]) => ({ x: x * size, y: y * size }));
  const toFace = Similarity.fit(points, target);
  const squares = points.map((point, i) => distance(toFace.apply(point), target[i]) ** 2);
  const residual = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length) / size;
  if (!(residual <= limits.largestResidual)) {
    throw new CharacterError(
      "invalid-input",
      `the landmarks are not those of a face: they are ${Math.round(100 * residual)} % of the picture off`,
      {},
      "noFace",
    );
  }
  if (1 - insideFraction(photo, toFace, size) > limits.largeOutside) {
    warnings.push({
      code: "cutOff",
      message: "the face is close to the photo's edge or cut by it; the missing part repeats the pixels there",
      values: {},
    });
  }
  const picture = warp(photo, toFace, size);
  const sharp = sharpness(photo, toFace, target, picture) >= limits.sharp;
  const frontal = yaw <= limits.frontalYaw && pitch <= limits.frontalPitch;
  const suits = frontal && sharp && eyes >= limits.largeEyeDistance;
  return { picture, landmarks: face, warnings, mode: suits ? "hybrid" : "one-shot", shape: found.shape };
}

/** Returns the warnings about a face; throws if no good character can come of it. */
function checked(eyes: number, yaw: number, limits: Limits): Warning[] {
  const pixels = Math.floor(eyes);
  if (eyes < limits.smallestEyeDistance * cosine(Math.min(yaw, limits.largestYaw))) {
    throw new CharacterError(
      "too-small",
      `the face is too small: ${pixels} pixels between the outer eye corners, ` +
        `at least ${limits.smallestEyeDistance} are needed`,
      { pixels, needed: limits.smallestEyeDistance },
      "tooSmall",
    );
  }
  const degrees = Math.round(yaw);
  if (yaw > limits.largestYaw) {
    throw new CharacterError(
      "turned",
      `the head is turned too far (${degrees} degrees, limit ${limits.largestYaw}); take a frontal photo`,
      { degrees, limit: limits.largestYaw },
      "turned",
    );
  }
  const warnings: Warning[] = [];
  if (eyes < limits.smallEyeDistance * cosine(yaw)) {
    warnings.push({
      code: "small",
      message:
        `the face is small (${pixels} pixels between the outer eye corners); a closer photo gives a better character`,
      values: { pixels },
    });
  }
  if (yaw > limits.largeYaw) {
    warnings.push({
      code: "largeYaw",
      message: `the head is turned by ${degrees} degrees: one-shot is more robust to that than iterative`,
      values: { degrees },
    });
  }
  return warnings;
}

function cosine(degrees: number): number {
  return Math.cos((degrees * Math.PI) / 180);
}
