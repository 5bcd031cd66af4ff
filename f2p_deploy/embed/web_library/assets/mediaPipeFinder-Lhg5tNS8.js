import { i as importFile, n as mean, r as damaged, t as landmarksOf } from "./worker-jXq7kN1W.js";
// src/photo/mediaPipeFinder.ts
/** MediaPipe's FaceLandmarker in a worker, from files beside the page. */
/** Contours of the eyes among the 478 points; left is left in the picture. */
const LEFT_EYE = [
	33,
	7,
	163,
	144,
	145,
	153,
	154,
	155,
	133,
	173,
	157,
	158,
	159,
	160,
	161,
	246
];
const RIGHT_EYE = [
	263,
	249,
	390,
	373,
	374,
	380,
	381,
	382,
	362,
	398,
	384,
	385,
	386,
	387,
	388,
	466
];
const NOSE_TIP = 4;
const MOUTH_CORNERS = [61, 291];
const MOST_FACES = 5;
/** Opens MediaPipe's landmarker.
*
* @param folder - address of its library's files, with a slash at its end.
* @param model - the content of `face_landmarker.task`.
* @throws CharacterError `missing`: the library cannot be loaded; `damaged`: it cannot use the model.
*/
async function openMediaPipe(folder, model) {
	const landmarker = await (await importFile(folder, "vision_bundle.mjs")).FaceLandmarker.createFromOptions({
		wasmLoaderPath: new URL("vision_wasm_module_internal.js", folder).href,
		wasmBinaryPath: new URL("vision_wasm_module_internal.wasm", folder).href
	}, {
		baseOptions: {
			modelAssetBuffer: model,
			delegate: "CPU"
		},
		numFaces: MOST_FACES
	}).catch((error) => {
		throw damaged("mediapipe/*, face_landmarker.task", `nothing that MediaPipe starts with (${String(error)})`);
	});
	return { find: async (photo) => found(landmarker, photo) };
}
/** Finds the faces of a photo in one pass; MediaPipe shrinks it to 128 pixels first, so faces must not be small. */
function found(landmarker, photo) {
	const { width, height, pixels } = photo;
	return landmarker.detect(new ImageData(pixels, width, height)).faceLandmarks.map((points) => points.map(({ x, y }) => ({
		x: x * width,
		y: y * height
	}))).sort((a, b) => area(b) - area(a)).map((points) => {
		const eyes = [LEFT_EYE, RIGHT_EYE].map((contour) => mean(contour.map((i) => points[i])));
		return { landmarks: landmarksOf([
			...eyes,
			points[NOSE_TIP],
			...MOUTH_CORNERS.map((i) => points[i])
		]) };
	});
}
/** Returns the area of the box around points. */
function area(points) {
	const extent = (values) => Math.max(...values) - Math.min(...values);
	return extent(points.map(({ x }) => x)) * extent(points.map(({ y }) => y));
}
export { openMediaPipe };
