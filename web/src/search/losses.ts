import type { Contract } from "../networks/contract";
import type { Description, Networks } from "../networks/networks";
import type { Found } from "./search";

/** The product of two embeddings' lengths is clamped to at least this. */
const SMALLEST_LENGTH = 1e-8;

/** Returns the content loss (eq. 6 of the paper): the L1 distance of two contents. */
export function contentLoss(a: Float32Array, b: Float32Array, contract: Contract): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return contract.contentReduction === "mean" ? sum / Math.max(1, a.length) : sum;
}

/** Returns the loss (eq. 9) of a drawn character beside a photo. */
export function trueLoss(drawn: Description, photo: Description, contract: Contract): number {
  const cosine = dot(drawn.identity, photo.identity) / Math.max(length(drawn.identity) * length(photo.identity), SMALLEST_LENGTH);
  const { identity, content } = contract.lossWeights;
  return identity * (1 - cosine) + content * contentLoss(photo.content, drawn.content, contract);
}

/** Lets the true networks choose between the start and the result of a search through the shortcut.
 *
 * @param start - parameters at the start of the search.
 * @param found - the result, with losses through the shortcut.
 * @param keepBest - false to return the result in any case.
 * @returns the better one; its first and last loss are the true ones of the start and of the result.
 */
export async function betterOf(
  networks: Networks,
  contract: Contract,
  start: Float32Array,
  found: Found,
  photo: Description,
  keepBest: boolean,
): Promise<Found> {
  const lossOf = async (parameters: Float32Array) =>
    trueLoss(await networks.describe(await networks.render(parameters)), photo, contract);
  const first = await lossOf(start);
  const last = await lossOf(found.parameters);
  const keeps = keepBest && first <= last;
  return {
    parameters: keeps ? start : found.parameters,
    losses: [first, ...found.losses.slice(1, -1), keeps ? first : last],
  };
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function length(a: Float32Array): number {
  return Math.sqrt(dot(a, a));
}
