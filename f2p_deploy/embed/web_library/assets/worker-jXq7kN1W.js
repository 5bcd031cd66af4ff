// src/errors.ts
/** An error with a kind for programs and a sentence in English for people.
*
* @param kind - what went wrong.
* @param message - one sentence: what was asked, what was found, what to do.
* @param values - the numbers and names in the sentence, for a translation of it.
*/
var CharacterError = class extends Error {
	kind;
	values;
	code;
	constructor(kind, message, values = {}, code = "") {
		super(message);
		this.kind = kind;
		this.values = values;
		this.code = code;
		this.name = "CharacterError";
	}
};
/** Throws a `CharacterError` of the kind `stopped` if a signal says so. */
function throwIfStopped(signal) {
	if (signal?.aborted) throw new CharacterError("stopped", "stopped", {}, "stopped");
}
// src/character/parameters.ts
/** Tolerance of the sum of one discrete group's probabilities, which should be 1. */
const SUM_TOLERANCE = .001;
/** One character: the value of every controller, the choice of every discrete group, and locks. Never changes. */
var Parameters = class Parameters {
	schema;
	values;
	locked;
	/** Makes a character.
	*
	* @param schema - the meaning of the values.
	* @param values - `schema.count` numbers: controllers in [0, 1], then the probabilities of the options.
	* @param locked - names that generation does not change: of controllers and of discrete groups.
	* @throws CharacterError `invalid-input`: a wrong count, a value out of range, a group whose probabilities do not add
	* up to 1, or a lock on an unknown name.
	*/
	constructor(schema, values, locked = /* @__PURE__ */ new Set()) {
		this.schema = schema;
		this.values = values;
		this.locked = locked;
		if (values.length !== schema.count) throw invalid(`schema '${schema.name}' has ${schema.count} parameters, found ${values.length}`);
		const wrong = values.findIndex((value) => !(value >= 0 && value <= 1));
		if (wrong >= 0) {
			const name = schema.parameterNames[wrong];
			throw invalid(`'${name}' must lie in [0, 1], found ${values[wrong]}`, "wrongEntry", name);
		}
		for (const { group, start, end } of schema.parts) {
			const sum = values.subarray(start, end).reduce((total, value) => total + value, 0);
			if (Math.abs(sum - 1) > SUM_TOLERANCE) throw invalid(`the probabilities of discrete group '${group.name}' must add up to 1, found ${sum}`, "wrongEntry", group.name);
		}
		for (const name of locked) if (schema.placeOf(name) < 0 && !schema.discrete.some((group) => group.name === name)) throw invalid(`no controller or discrete group named '${name}'`, "unknownLock", name);
	}
	/** Returns the value of a controller, in [0, 1]. */
	value(controller) {
		return this.values[this.place(controller)];
	}
	/** Returns the value of a controller in the engine's units. */
	engineValue(controller) {
		const { low, high } = this.schema.controllers[this.place(controller)];
		return low + this.value(controller) * (high - low);
	}
	/** Returns the most probable option of a discrete group. */
	choice(group) {
		const part = this.part(group);
		const options = this.values.subarray(part.start, part.end);
		return part.group.options[options.indexOf(Math.max(...options))];
	}
	/** Returns a copy in which a controller has another value, in [0, 1]. */
	withValue(controller, value) {
		const values = this.values.slice();
		values[this.place(controller)] = value;
		return new Parameters(this.schema, values, this.locked);
	}
	/** Returns a copy in which a discrete group has another option. */
	withChoice(group, option) {
		const part = this.part(group);
		const chosen = part.group.options.indexOf(option);
		if (chosen < 0) throw invalid(`no option of '${group}' named '${option}'`);
		const values = this.values.slice();
		values.fill(0, part.start, part.end);
		values[part.start + chosen] = 1;
		return new Parameters(this.schema, values, this.locked);
	}
	/** Returns a copy with other locks. */
	withLocked(locked) {
		return new Parameters(this.schema, this.values, locked);
	}
	/** Returns for each value whether it is locked. */
	get lockedMask() {
		return [...this.schema.controllers.map((controller) => this.locked.has(controller.name)), ...this.schema.discrete.flatMap((group) => group.options.map(() => this.locked.has(group.name)))];
	}
	/** Returns generated values for everything that is not locked here. */
	merged(generated) {
		const mask = this.lockedMask;
		return generated.map((value, i) => mask[i] ? this.values[i] : value);
	}
	/** Returns the character of the mirrored face. */
	mirrored() {
		const values = this.values.slice();
		this.schema.controllers.forEach((controller, i) => {
			if (controller.mirror !== void 0) values[i] = this.value(controller.mirror);
			else if (controller.asymmetric) values[i] = Math.min(1, Math.max(0, 2 * controller.standard - this.values[i]));
		});
		return new Parameters(this.schema, values, this.locked);
	}
	place(controller) {
		const place = this.schema.placeOf(controller);
		if (place < 0) throw invalid(`no controller named '${controller}'`);
		return place;
	}
	part(group) {
		const found = this.schema.parts.find((part) => part.group.name === group);
		if (!found) throw invalid(`no discrete group named '${group}'`);
		return found;
	}
};
function invalid(message, code = "", name = "") {
	return new CharacterError("invalid-input", message, code ? { name } : {}, code);
}
// src/character/schema.ts
/** Probabilities are clamped to at least this before the logarithm is taken. */
const SMALLEST_PROBABILITY = 1e-4;
/** The controllers and discrete groups of one kind of character, in the order of its parameters. */
var Schema = class {
	name;
	fingerprint;
	controllers;
	discrete;
	/** Where each discrete group's options are in a vector of parameters. */
	parts;
	/** Number of parameters: the controllers, then one for each option of each discrete group. */
	count;
	places;
	constructor(data) {
		this.name = data.name;
		this.fingerprint = data.fingerprint;
		this.controllers = data.controllers;
		this.discrete = data.discrete;
		let start = data.controllers.length;
		this.parts = data.discrete.map((group) => {
			const part = {
				group,
				start,
				end: start + group.options.length
			};
			start = part.end;
			return part;
		});
		this.count = start;
		this.places = new Map(data.controllers.map((controller, i) => [controller.name, i]));
	}
	/** Returns the place of a controller in a vector, or -1 if there is none of that name. */
	placeOf(controller) {
		return this.places.get(controller) ?? -1;
	}
	/** Returns the names of the parts of the face that have controllers, in the schema's order. */
	get groups() {
		return [...new Set(this.controllers.map((controller) => controller.group))];
	}
	/** Returns the name of each parameter: a controller's, or `group=option`. */
	get parameterNames() {
		return [...this.controllers.map((controller) => controller.name), ...this.discrete.flatMap((group) => group.options.map((option) => `${group.name}=${option}`))];
	}
	/** Returns the average face: every controller and every discrete group at its standard. */
	average() {
		const values = new Float32Array(this.count);
		this.controllers.forEach((controller, i) => values[i] = controller.standard);
		for (const { group, start } of this.parts) values[start + group.options.indexOf(group.standard)] = 1;
		return values;
	}
	/** Returns a vector whose discrete groups are one-hot at their most probable option.
	*
	* @param values - the parameters.
	* @param lead - a group's standard option stays unless another one is more probable by more than this.
	*/
	hardened(values, lead = 0) {
		const hard = values.slice();
		for (const { group, start, end } of this.parts) {
			const options = values.subarray(start, end);
			const best = Math.max(...options);
			const standard = group.options.indexOf(group.standard);
			const keeps = Math.fround(options[standard] + Math.fround(lead)) >= best;
			hard.fill(0, start, end);
			hard[start + (keeps ? standard : options.indexOf(best))] = 1;
		}
		return hard;
	}
	/** Returns the parameters of a state of the search: softmax(beta z) within each discrete group. */
	smoothed(state, beta) {
		const values = state.slice();
		for (const { start, end } of this.parts) {
			const logits = Array.from(state.subarray(start, end), (logit) => beta * logit);
			const largest = Math.max(...logits);
			const weights = logits.map((logit) => Math.exp(logit - largest));
			const total = weights.reduce((sum, weight) => sum + weight, 0);
			weights.forEach((weight, i) => values[start + i] = weight / total);
		}
		return values;
	}
	/** Returns the state of the search whose `smoothed` gives these parameters. */
	state(values, beta) {
		return values.map((value, i) => i < this.controllers.length ? value : Math.log(Math.max(value, SMALLEST_PROBABILITY)) / beta);
	}
};
// src/search/losses.ts
/** The product of two embeddings' lengths is clamped to at least this. */
const SMALLEST_LENGTH = 1e-8;
/** Returns the content loss (eq. 6 of the paper): the L1 distance of two contents. */
function contentLoss(a, b, contract) {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
	return contract.contentReduction === "mean" ? sum / Math.max(1, a.length) : sum;
}
/** Returns the loss (eq. 9) of a drawn character beside a photo. */
function trueLoss(drawn, photo, contract) {
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
async function betterOf(networks, contract, start, found, photo, keepBest) {
	const lossOf = async (parameters) => trueLoss(await networks.describe(await networks.render(parameters)), photo, contract);
	const first = await lossOf(start);
	const last = await lossOf(found.parameters);
	const keeps = keepBest && first <= last;
	return {
		parameters: keeps ? start : found.parameters,
		losses: [
			first,
			...found.losses.slice(1, -1),
			keeps ? first : last
		]
	};
}
function dot(a, b) {
	let sum = 0;
	for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
	return sum;
}
function length(a) {
	return Math.sqrt(dot(a, a));
}
// src/search/options.ts
/** Returns parameters with each group's best option by content, from pictures, in the schema's order. */
async function chooseOptions(choice) {
	const { networks, contract, photo } = choice;
	let chosen = choice.values;
	for (const part of freeParts(choice)) {
		let best = {
			values: chosen,
			loss: Infinity
		};
		for (const [i, option] of part.group.options.entries()) {
			throwIfStopped(choice.signal);
			const tried = withOption(chosen, part, i);
			const drawn = await networks.describe(await networks.render(tried));
			const margin = option === part.group.standard ? 1 - contract.standardMargin : 1;
			const loss = contentLoss(photo.content, drawn.content, contract) * margin;
			if (loss < best.loss) best = {
				values: tried,
				loss
			};
		}
		chosen = best.values;
	}
	return chosen;
}
/** Returns parameters with each group's best option by the content loss through the shortcut.
*
* Each round compares all options of all groups, each beside the others' present options; then the best single change,
* the best of every group together, and the best other options of every two groups, since two changes may be good
* together that are bad alone. The best of all is taken, until nothing is better.
*/
async function chooseOptionsFast(choice) {
	const groups = freeParts(choice);
	let chosen = choice.values;
	for (let round = 0; round < groups.length; round++) {
		const singles = groups.flatMap((part) => part.group.options.map((_, i) => withOption(chosen, part, i)));
		const scores = await scoresOf(singles, groups, choice);
		const present = scores[singles.findIndex((single) => same(single, chosen))];
		const candidates = [singles[lowest(scores)], ...changesOf(chosen, groups, singles, scores)];
		const found = await scoresOf(candidates, groups, choice);
		const best = lowest(found);
		if (found[best] >= present * .999999) break;
		chosen = candidates[best];
	}
	return chosen;
}
/** Returns the best option of every group together, then the best other options of every two groups. */
function changesOf(chosen, groups, singles, scores) {
	const together = chosen.slice();
	const others = [];
	let start = 0;
	for (const part of groups) {
		const places = part.group.options.map((_, i) => start + i);
		together.set(optionsOf(singles[lowest(scores, places)], part), part.start);
		const changed = places.filter((place) => !same(singles[place], chosen));
		if (changed.length) others.push({
			part,
			options: optionsOf(singles[lowest(scores, changed)], part)
		});
		start += places.length;
	}
	return [together, ...others.flatMap((one, i) => others.slice(i + 1).map((other) => {
		const pair = chosen.slice();
		pair.set(one.options, one.part.start);
		pair.set(other.options, other.part.start);
		return pair;
	}))];
}
/** Returns content losses, reduced by a margin for each group that is at its standard option. */
async function scoresOf(characters, groups, choice) {
	const { contract, networks, photo } = choice;
	const standard = choice.schema.average();
	const count = contract.comparedAtOnce ?? 1;
	const losses = [];
	for (let start = 0; start < characters.length; start += count) {
		throwIfStopped(choice.signal);
		const batch = Array.from({ length: count }, (_, i) => characters[Math.min(start + i, characters.length - 1)]);
		losses.push(...await networks.compareFast(batch, photo));
	}
	return characters.map((character, i) => {
		const atStandard = groups.filter((part) => same(optionsOf(character, part), optionsOf(standard, part))).length;
		return losses[i] * (1 - contract.standardMargin) ** atStandard;
	});
}
function freeParts(choice) {
	return choice.schema.parts.filter((part) => !choice.locked?.slice(part.start, part.end).includes(true));
}
function withOption(values, part, option) {
	const tried = values.slice();
	tried.fill(0, part.start, part.end);
	tried[part.start + option] = 1;
	return tried;
}
function optionsOf(values, part) {
	return values.subarray(part.start, part.end);
}
function same(a, b) {
	return a.length === b.length && a.every((value, i) => value === b[i]);
}
/** Returns the place of the lowest score, the first one if several are equal. */
function lowest(scores, places = scores.map((_, i) => i)) {
	return places.reduce((best, place) => scores[place] < scores[best] ? place : best, places[0] ?? 0);
}
// src/search/search.ts
/** Searches for a character by projected gradient descent (section 3.4.2, eq. 9 of the paper).
*
* @param start - controllers in [0, 1], then unbounded logits of the discrete groups.
* @param photo - the photo to approach.
*/
async function search(networks, schema, settings, start, photo, options) {
	const locked = Float32Array.from(start, (_, i) => options.locked?.[i] ? 1 : 0);
	const step = (state, before, learningRate, momentum) => ({
		state,
		before,
		locked,
		learningRate,
		momentum,
		beta: settings.beta,
		discreteRate: settings.discreteRate
	});
	let reached = start;
	let before = start;
	let best = {
		state: start,
		loss: Infinity
	};
	const losses = [];
	const total = settings.learningRates.length;
	for (const learningRate of settings.learningRates) {
		throwIfStopped(options.signal);
		const taken = await networks.step(step(reached, before, learningRate, settings.momentum), photo, options.fast);
		losses.push(taken.loss);
		if (taken.loss < best.loss) best = {
			state: taken.lookahead,
			loss: taken.loss
		};
		before = reached;
		reached = taken.next;
		options.onProgress?.({
			done: losses.length,
			total,
			loss: taken.loss
		});
	}
	throwIfStopped(options.signal);
	const { loss } = await networks.step(step(reached, reached, 0, 0), photo, options.fast);
	losses.push(loss);
	const last = settings.keepBest && loss >= best.loss ? best.state : reached;
	return {
		parameters: schema.smoothed(last, settings.beta),
		losses
	};
}
// src/generator.ts
/** Makes characters from aligned faces with any networks; the same steps as f2p-deploy's Python side. */
var CharacterGenerator = class {
	contract;
	networks;
	schema;
	constructor(contract, networks) {
		this.contract = contract;
		this.networks = networks;
		this.schema = new Schema(contract.schema);
	}
	/** Generates a character from one aligned face.
	*
	* @param face - `imageSize` x `imageSize`, from `align`.
	* @throws CharacterError `invalid-input` for a face of another size or a character of another schema, `stopped`.
	*/
	async generate(face, options = {}) {
		const { contract, networks, schema } = this;
		const { mode = "hybrid", keep, signal } = options;
		const size = contract.imageSize;
		if (face.width !== size || face.height !== size) throw new CharacterError("invalid-input", `an aligned face is ${size} x ${size}, found ${face.width} x ${face.height}: align it first`);
		if (keep) this.requireSchema(keep);
		const fast = this.goesFast(mode, options.fast);
		throwIfStopped(signal);
		if (mode === "one-shot") return this.finish(await networks.oneShot(face), mode, [], keep, contract.standardLead);
		const settings = mode === "iterative" ? contract.iterative : contract.hybrid;
		const locked = keep?.lockedMask;
		const photo = this.withShape(await networks.describe(face), options.shape);
		let start = await this.startOf(face, mode, settings, keep);
		if (contract.chooseOptions) start = await this.withOptions(start, photo, settings, locked, fast, signal);
		let found = await search(networks, schema, settings, start, photo, {
			fast,
			locked,
			onProgress: options.onProgress,
			signal
		});
		if (fast) found = await betterOf(networks, contract, schema.smoothed(start, settings.beta), found, photo, settings.keepBest);
		return this.finish(found.parameters, mode, found.losses, keep, 0);
	}
	/** Renders parameters with the imitator.
	*
	* @throws CharacterError `invalid-input` for parameters of another schema.
	*/
	async render(parameters) {
		this.requireSchema(parameters);
		return this.networks.render(parameters.values);
	}
	/** Returns a description in which a measured shape replaces the estimated one, if searches compare shapes. */
	withShape(photo, shape) {
		const { count } = this.schema;
		const flat = this.contract.graphs["describe"]?.outputs.find((output) => output.name === "content")?.shape.length === 2;
		if (!shape || !flat || photo.content.length !== count + shape.length) return photo;
		const content = photo.content.slice();
		content.set(shape, count);
		return {
			identity: photo.identity,
			content
		};
	}
	async startOf(face, mode, settings, keep) {
		const { schema } = this;
		const start = mode === "hybrid" ? schema.state(await this.networks.oneShot(face), settings.beta) : Float32Array.from(this.contract.firstState);
		if (!keep) return start;
		const kept = schema.state(keep.values, settings.beta);
		const mask = keep.lockedMask;
		return start.map((value, i) => mask[i] ? kept[i] : value);
	}
	/** Returns a start with the best options: in the wrong skin tone, a search would distort the face to compensate. */
	async withOptions(start, photo, settings, locked, fast, signal) {
		const { contract, networks, schema } = this;
		const values = schema.hardened(schema.smoothed(start, settings.beta), contract.standardLead);
		const choose = fast ? chooseOptionsFast : chooseOptions;
		return schema.state(await choose({
			networks,
			contract,
			schema,
			values,
			photo,
			locked,
			signal
		}), settings.beta);
	}
	/** Returns whether a mode searches through the shortcut: as the call asks, else as the contract says. */
	goesFast(mode, asked) {
		if (mode === "one-shot" || !(asked ?? this.contract.fast)) return false;
		const lacking = ["step_fast", ...this.contract.chooseOptions ? ["compare_fast"] : []].find((graph) => !(graph in this.contract.graphs));
		if (lacking !== void 0) throw new CharacterError("missing", `a fast search needs the graph '${lacking}', which this folder lacks`);
		return true;
	}
	requireSchema(parameters) {
		if (parameters.schema.fingerprint !== this.schema.fingerprint) throw new CharacterError("invalid-input", `the parameters are for schema '${parameters.schema.name}', the networks for '${this.schema.name}'`);
	}
	/** Returns the character of generated values: locked values restored, one option in each discrete group. */
	finish(values, mode, losses, keep, lead) {
		const probabilities = keep ? keep.merged(values) : values;
		return {
			parameters: new Parameters(this.schema, this.schema.hardened(probabilities, lead), keep?.locked),
			probabilities,
			mode,
			losses
		};
	}
};
// src/messages.ts
/** Returns an error as plain data. */
function plainError(error) {
	if (error instanceof CharacterError) return {
		kind: error.kind,
		message: error.message,
		values: error.values,
		code: error.code
	};
	return {
		kind: "",
		message: error instanceof Error ? error.message : String(error),
		values: {},
		code: ""
	};
}
// src/networks/serverFile.ts
/** Returns the error for a file whose server does not answer. */
function unreachable(name) {
	return new CharacterError("missing", `${name} cannot be loaded: check the connection`, { name }, "unreachable");
}
/** Returns the error for a file that a server has not. */
function notThere(name, status) {
	return new CharacterError("missing", `the server does not have ${name} (status ${status}): copy the whole folder again`, {
		name,
		status
	}, "notThere");
}
/** Returns the error for a file with another content than it should have.
*
* @param reason - in English, for programs.
*/
function damaged(name, reason = "damaged or from another version") {
	return new CharacterError("damaged", `${name} is ${reason}: load the page again, or copy the whole folder again`, { name }, "damaged");
}
/** Loads a module of the server; browsers do not say why they could not, so it is asked for again.
*
* @throws CharacterError `missing` or `damaged`, as the server answers then.
*/
async function importFile(folder, name) {
	const address = new URL(name, folder).href;
	try {
		return await import(
			/* @vite-ignore */
			address
);
	} catch {
		const response = await fetch(address, { cache: "no-store" }).catch(() => null);
		if (!response) throw unreachable(name);
		throw response.ok ? damaged(name) : notThere(name, response.status);
	}
}
/** Reads a contract from the text of `contract.json`.
*
* @throws CharacterError `damaged`: not JSON, or of another format.
*/
function readContract(text) {
	let content;
	try {
		content = JSON.parse(text);
	} catch {
		throw damaged("contract.json");
	}
	if (content?.format !== 1) throw damaged("contract.json", `of format ${String(content?.format)}, not 1`);
	return content;
}
// src/photo/picture.ts
/** Returns the planes of a picture as the networks take them: all of red, of green, of blue, in [0, 1]. */
function toPlanes(picture) {
	const count = picture.width * picture.height;
	const planes = new Float32Array(3 * count);
	for (let channel = 0; channel < 3; channel++) for (let i = 0; i < count; i++) planes[channel * count + i] = Math.fround(picture.pixels[4 * i + channel] / 255);
	return planes;
}
/** Returns the square picture of the planes that a network drew.
*
* @param planes - `3 * edge * edge` numbers in [0, 1].
* @param edge - pixels in a row.
*/
function fromPlanes(planes, edge) {
	const count = edge * edge;
	const pixels = new Uint8ClampedArray(4 * count).fill(255);
	for (let channel = 0; channel < 3; channel++) for (let i = 0; i < count; i++) pixels[4 * i + channel] = Math.fround(planes[channel * count + i] * 255);
	return {
		width: edge,
		height: edge,
		pixels
	};
}
/** Returns a picture of RGB values, `3 * width * height` of them. */
function fromRgb(rgb, width, height) {
	if (rgb.length !== 3 * width * height) throw new CharacterError("invalid-input", `a picture of ${width} x ${height} has ${3 * width * height} numbers, found ${rgb.length}`);
	const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
	for (let i = 0; i < width * height; i++) for (let channel = 0; channel < 3; channel++) pixels[4 * i + channel] = rgb[3 * i + channel];
	return {
		width,
		height,
		pixels
	};
}
/** Returns the mean of each square of pixels; those cut off at the right and lower edge are smaller. */
function reduced(picture, factor) {
	const width = Math.ceil(picture.width / factor);
	const height = Math.ceil(picture.height / factor);
	const pixels = new Uint8ClampedArray(4 * width * height).fill(255);
	for (let row = 0; row < height; row++) {
		const lastRow = Math.min(picture.height, (row + 1) * factor);
		for (let column = 0; column < width; column++) {
			const lastColumn = Math.min(picture.width, (column + 1) * factor);
			const count = (lastRow - row * factor) * (lastColumn - column * factor);
			let red = count >> 1;
			let green = red;
			let blue = red;
			for (let y = row * factor; y < lastRow; y++) for (let x = column * factor; x < lastColumn; x++) {
				const place = 4 * (y * picture.width + x);
				red += picture.pixels[place];
				green += picture.pixels[place + 1];
				blue += picture.pixels[place + 2];
			}
			const place = 4 * (row * width + column);
			pixels[place] = Math.floor(red / count);
			pixels[place + 1] = Math.floor(green / count);
			pixels[place + 2] = Math.floor(blue / count);
		}
	}
	return {
		width,
		height,
		pixels
	};
}
// src/networks/golden.ts
/** Compares the outputs of every graph with its golden vectors on this device; the floors are those of Python. */
async function checkGolden(networks, contract, files) {
	const text = new TextDecoder().decode(await files.read("golden/golden.json"));
	const index = JSON.parse(text);
	const schema = new Schema(contract.schema);
	const graphs = {};
	for (const [name, golden] of Object.entries(index.graphs)) {
		const graph = contract.graphs[name];
		if (graph) graphs[name] = await checkGraph(name, graph, golden, networks, schema, files);
	}
	return {
		passed: Object.values(graphs).every((graph) => graph.passed),
		provider: networks.provider,
		graphs
	};
}
async function checkGraph(name, graph, golden, networks, schema, files) {
	const tensors = {};
	for (const [tensor, { file, shape }] of Object.entries(golden.tensors)) tensors[tensor] = await tensorOf(await files.read(`golden/${file}`), file, shape);
	const count = golden.samples.length;
	const one = (tensor, i) => {
		const all = tensors[tensor];
		if (golden.tensors[tensor].shape[0] !== count) return all;
		return all.subarray(i * all.length / count, (i + 1) * all.length / count);
	};
	const worst = /* @__PURE__ */ new Map();
	for (let i = 0; i < count; i++) {
		const inputs = {};
		for (const { name: input, shape } of graph.inputs) inputs[input] = filled(input in tensors ? one(input, i) : Float32Array.of(1), product(shape));
		const outputs = await networks.run(name, inputs).catch((error) => String(error));
		if (typeof outputs === "string") return {
			passed: false,
			measures: [...worst.values()],
			error: outputs
		};
		const wanted = Object.fromEntries(graph.outputs.map((output) => [output.name, one(output.name, i)]));
		for (const measure of measuresOf(outputs, wanted, golden.floors, schema)) {
			const before = worst.get(measure.name);
			if (!before || !isWorse(before, measure)) worst.set(measure.name, measure);
		}
	}
	const measures = [...worst.values()];
	return {
		passed: measures.every(passes),
		measures
	};
}
function passes({ value, floor, better }) {
	return better === "lower" ? value <= floor : value >= floor;
}
function isWorse(one, other) {
	return Number.isNaN(one.value) || (one.better === "lower" ? one.value > other.value : one.value < other.value);
}
/** Returns the comparisons of one sample's outputs; the names of the outputs tell which graph it is. */
function measuresOf(found, wanted, floors, schema) {
	const lower = (name, value, floor) => ({
		name,
		value,
		floor,
		better: "lower"
	});
	const higher = (name, value, floor) => ({
		name,
		value,
		floor,
		better: "higher"
	});
	const measures = [];
	if (found["parameters"]) {
		const [own, other] = [found["parameters"], wanted["parameters"]];
		const count = schema.controllers.length;
		measures.push(lower("controllers", furthest(own.subarray(0, count), other.subarray(0, count)), floors.controllers));
		const hard = [own, other].map((values) => schema.hardened(values));
		measures.push(lower("options", furthest(hard[0].subarray(count), hard[1].subarray(count)), 1 - floors.discrete));
	}
	if (found["identity"]) measures.push(higher("identity's cosine", cosine$1(found["identity"], wanted["identity"]), floors.identity));
	if (found["content"]) measures.push(lower("content", relative(found["content"], wanted["content"]), floors.content));
	if (found["image"]) measures.push(higher("PSNR in dB", psnr(found["image"], wanted["image"]), floors.render));
	if (found["next_state"]) {
		const [own, other] = [found, wanted].map((arrays) => minus(arrays["next_state"], wanted["lookahead"]));
		measures.push(higher("cosine of the update", cosine$1(own, other), floors.update));
		measures.push(lower("length of the update", Math.abs(norm(own) / norm(other) - 1), floors.length));
		measures.push(lower("look-ahead", furthest(found["lookahead"], wanted["lookahead"]), floors.controllers));
	}
	for (const loss of ["loss", "content_loss"]) {
		if (!found[loss] || !wanted[loss]) continue;
		const value = Math.abs(found[loss][0] - wanted[loss][0]) / Math.abs(wanted[loss][0]);
		measures.push(lower(loss, value, floors.loss));
	}
	return measures;
}
/** Returns the values of a file: 8-bit faces (`.rgb`) as planes in [0, 1], all others as float32. */
async function tensorOf(content, file, shape) {
	if (!file.endsWith(".rgb")) return new Float32Array(content.slice().buffer);
	const [count, , height, width] = shape;
	const planes = new Float32Array(product(shape));
	const size = 3 * height * width;
	for (let i = 0; i < count; i++) planes.set(toPlanes(fromRgb(content.subarray(i * size, (i + 1) * size), width, height)), i * size);
	return planes;
}
/** Returns values repeated until there are enough, for a graph that takes several samples at once. */
function filled(values, count) {
	return values.length === count ? values : Float32Array.from({ length: count }, (_, i) => values[i % values.length]);
}
function product(shape) {
	return shape.reduce((all, edge) => all * edge, 1);
}
function minus(a, b) {
	return a.map((value, i) => value - b[i]);
}
function norm(a) {
	return Math.sqrt(a.reduce((sum, value) => sum + value * value, 0));
}
function cosine$1(a, b) {
	return a.reduce((sum, value, i) => sum + value * b[i], 0) / (norm(a) * norm(b));
}
function furthest(a, b) {
	return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}
function relative(a, b) {
	const size = b.reduce((sum, value) => sum + Math.abs(value), 0);
	return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]), 0) / size;
}
function psnr(a, b) {
	const edge = Math.round(Math.sqrt(a.length / 3));
	const [own, other] = [a, b].map((planes) => fromPlanes(planes, edge).pixels);
	let sum = 0;
	for (let i = 0; i < own.length; i++) sum += ((own[i] - other[i]) / 255) ** 2;
	return -10 * Math.log10(Math.max(sum * 4 / 3 / own.length, 1e-20));
}
// src/networks/ortNetworks.ts
/** Loads onnxruntime-web from the files beside the page.
*
* @param folder - address of the folder with onnxruntime-web's files, with a slash at its end.
* @param provider - decides which build is loaded; the one for WebGPU is larger.
*/
async function loadOrt(folder, provider) {
	const ort = await importFile(folder, provider === "webgpu" ? "ort.webgpu.min.mjs" : "ort.wasm.min.mjs");
	ort.env.wasm.wasmPaths = folder;
	ort.env.wasm.numThreads = globalThis.crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
	return ort;
}
/** Runs the graphs with onnxruntime-web, one call at a time. */
var OrtNetworks = class {
	ort;
	contract;
	files;
	provider;
	sessions = /* @__PURE__ */ new Map();
	last = Promise.resolve();
	constructor(ort, contract, files, provider) {
		this.ort = ort;
		this.contract = contract;
		this.files = files;
		this.provider = provider;
	}
	async load(graphs) {
		for (const graph of graphs) await this.session(graph);
	}
	async oneShot(face) {
		return (await this.run("one_shot", { face: toPlanes(face) }))["parameters"];
	}
	async describe(face) {
		const { identity, content } = await this.run("describe", { face: toPlanes(face) });
		return {
			identity,
			content
		};
	}
	async render(parameters) {
		return fromPlanes((await this.run("render", { parameters }))["image"], this.contract.imageSize);
	}
	async step(step, photo, fast) {
		const outputs = await this.run(fast ? "step_fast" : "step", {
			state: step.state,
			before: step.before,
			identity: photo.identity,
			content: photo.content,
			locked: step.locked,
			learning_rate: Float32Array.of(step.learningRate),
			momentum: Float32Array.of(step.momentum),
			beta: Float32Array.of(step.beta),
			discrete_rate: Float32Array.of(step.discreteRate)
		});
		return {
			next: outputs["next_state"],
			loss: outputs["loss"][0],
			lookahead: outputs["lookahead"]
		};
	}
	async compareFast(characters, photo) {
		const parameters = new Float32Array(characters.length * characters[0].length);
		characters.forEach((character, i) => parameters.set(character, i * character.length));
		return (await this.run("compare_fast", {
			parameters,
			identity: photo.identity,
			content: photo.content
		}))["content_loss"];
	}
	/** Runs one graph; all tensors are float32, in the shapes of the contract.
	*
	* @throws CharacterError `missing`: there is no such graph; `damaged`: it computed NaN.
	*/
	run(graph, inputs) {
		const turn = this.last.then(() => this.runNow(graph, inputs));
		this.last = turn.catch(() => void 0);
		return turn;
	}
	async runNow(graph, inputs) {
		await messagesTaken();
		const session = await this.session(graph);
		const feeds = {};
		for (const { name, shape } of this.contract.graphs[graph].inputs) feeds[name] = new this.ort.Tensor("float32", inputs[name], shape);
		const outputs = await session.run(feeds);
		const found = {};
		for (const [name, tensor] of Object.entries(outputs)) {
			found[name] = tensor.data.slice();
			tensor.dispose();
		}
		if (Object.values(found).some((values) => !values.every(Number.isFinite))) throw new CharacterError("damaged", `${graph} computed numbers that are not finite`, { name: graph }, "notFinite");
		return found;
	}
	session(graph) {
		let opening = this.sessions.get(graph);
		if (!opening) {
			opening = this.open(graph);
			this.sessions.set(graph, opening);
			opening.catch(() => this.sessions.delete(graph));
		}
		return opening;
	}
	async open(graph) {
		const entry = this.contract.graphs[graph];
		if (!entry) throw new CharacterError("missing", `the folder has no graph '${graph}'`);
		const externalData = [];
		for (const path of entry.weights) externalData.push({
			path,
			data: await this.files.read(path)
		});
		const model = await this.files.read(entry.file);
		const session = await this.ort.InferenceSession.create(model, {
			executionProviders: [this.provider],
			externalData,
			logSeverityLevel: 3
		}).catch((error) => {
			const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0].slice(0, 200);
			throw new CharacterError("missing", `onnxruntime-web does not start here (${reason}): copy the whole folder again, or use another browser`, { reason }, "noRuntime");
		});
		for (const name of [entry.file, ...entry.weights]) this.files.release(name);
		return session;
	}
};
/** Lets the worker take the messages that have come: a call in WebAssembly blocks it, and awaiting one does not help. */
function messagesTaken() {
	return new Promise((resolve) => {
		const { port1, port2 } = new MessageChannel();
		port1.onmessage = () => {
			port1.close();
			resolve();
		};
		port2.postMessage(null);
	});
}
// src/networks/store.ts
const DATABASE = "f2p-deploy";
const TABLE = "files";
/** Loads the files of a contract, checks them, and keeps them in IndexedDB for the next visit. */
var FileStore = class {
	base;
	contract;
	onLoading;
	database;
	loading = /* @__PURE__ */ new Map();
	/**
	* @param base - address of the folder of `contract.json`.
	* @param contract - names the files, their sizes and their SHA-256.
	* @param onLoading - called as bytes arrive from the network.
	*/
	constructor(base, contract, onLoading) {
		this.base = base;
		this.contract = contract;
		this.onLoading = onLoading;
		this.database = openDatabase();
	}
	/** Returns the content of a file.
	*
	* @throws CharacterError `missing`: the file is not there or the network is not; `damaged`: its content differs.
	*/
	read(name) {
		let reading = this.loading.get(name);
		if (!reading) {
			reading = this.readOnce(name);
			this.loading.set(name, reading);
			reading.catch(() => this.loading.delete(name));
		}
		return reading;
	}
	/** Forgets a content that nobody needs any more; it stays in IndexedDB. */
	release(name) {
		this.loading.delete(name);
	}
	/** Returns a note that an earlier visit kept, or undefined. */
	async note(key) {
		return get(await this.database, `note:${key}`);
	}
	/** Keeps a note for later visits. */
	async keepNote(key, value) {
		await put(await this.database, `note:${key}`, value);
	}
	async readOnce(name) {
		const record = this.contract.files[name];
		if (!record) throw new CharacterError("missing", `the contract names no file '${name}'`);
		const kept = await get(await this.database, record.sha256);
		if (kept instanceof ArrayBuffer && kept.byteLength === record.size) return new Uint8Array(kept);
		const content = await this.fetch(name, record.size);
		if (content.byteLength !== record.size || await differs(content, record.sha256)) throw damaged(name);
		await put(await this.database, record.sha256, content.buffer);
		return content;
	}
	async fetch(name, size) {
		const response = await fetch(new URL(name, this.base), { cache: "no-store" }).catch(() => null);
		if (response && !response.ok) throw notThere(name, response.status);
		if (!response?.body) throw unreachable(name);
		const content = new Uint8Array(size);
		let loaded = 0;
		const reader = response.body.getReader();
		for (;;) {
			const { done, value } = await reader.read().catch(() => {
				throw unreachable(name);
			});
			if (done) break;
			if (loaded + value.byteLength > size) return /* @__PURE__ */ new Uint8Array(0);
			content.set(value, loaded);
			loaded += value.byteLength;
			this.onLoading?.(name, {
				loaded,
				total: size
			});
		}
		return loaded === size ? content : /* @__PURE__ */ new Uint8Array(0);
	}
};
/** Returns whether a content has another SHA-256; false where the browser cannot compute it, without HTTPS. */
async function differs(content, sha256) {
	if (!globalThis.crypto?.subtle) return false;
	const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
	return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") !== sha256;
}
/** Opens the database; null where there is none, as in some private windows. */
function openDatabase() {
	return new Promise((resolve) => {
		try {
			const opening = indexedDB.open(DATABASE, 1);
			opening.onupgradeneeded = () => opening.result.createObjectStore(TABLE);
			opening.onsuccess = () => resolve(opening.result);
			opening.onerror = opening.onblocked = () => resolve(null);
		} catch {
			resolve(null);
		}
	});
}
function get(database, key) {
	if (!database) return Promise.resolve(void 0);
	return new Promise((resolve) => {
		const reading = database.transaction(TABLE).objectStore(TABLE).get(key);
		reading.onsuccess = () => resolve(reading.result);
		reading.onerror = () => resolve(void 0);
	});
}
/** Writes an entry; a full disk is no error, the entry is loaded again at the next visit. */
function put(database, key, value) {
	if (!database) return Promise.resolve();
	return new Promise((resolve) => {
		const writing = database.transaction(TABLE, "readwrite");
		writing.objectStore(TABLE).put(value, key);
		writing.oncomplete = writing.onerror = writing.onabort = () => resolve();
	});
}
// src/photo/landmarks.ts
/** Returns the five points in the order of the contract's template. */
function pointsOf(face) {
	return [
		face.leftEye,
		face.rightEye,
		face.noseTip,
		face.mouthLeft,
		face.mouthRight
	];
}
/** Returns the face of five points in the order of the contract's template. */
function landmarksOf(points) {
	const [leftEye, rightEye, noseTip, mouthLeft, mouthRight] = points;
	return {
		leftEye,
		rightEye,
		noseTip,
		mouthLeft,
		mouthRight
	};
}
/** Returns the distance of two points. */
function distance(a, b) {
	return Math.hypot(a.x - b.x, a.y - b.y);
}
/** Returns the mean of points. */
function mean(points) {
	const count = Math.max(1, points.length);
	return {
		x: points.reduce((sum, point) => sum + point.x, 0) / count,
		y: points.reduce((sum, point) => sum + point.y, 0) / count
	};
}
/** Returns the nose tip's distance to the right of the line from mid-eyes to mid-mouth, / the line's length. */
function noseOffset(face) {
	const eyes = mean([face.leftEye, face.rightEye]);
	const mouth = mean([face.mouthLeft, face.mouthRight]);
	const down = {
		x: mouth.x - eyes.x,
		y: mouth.y - eyes.y
	};
	const length = Math.hypot(down.x, down.y) || 1;
	const across = {
		x: down.y / length,
		y: -down.x / length
	};
	const middle = mean([eyes, mouth]);
	return ((face.noseTip.x - middle.x) * across.x + (face.noseTip.y - middle.y) * across.y) / length;
}
// src/photo/warp.ts
/** Draws a transformed square of a photo, as f2p-deploy's Python side does.
*
* If the photo is shrunk, it is first averaged over blocks of pixels, then drawn at twice the size and halved, which
* prevents aliasing. Outside the photo its edge pixels are repeated.
*
* @param photo - the photo.
* @param toSquare - from pixels of the photo to pixels of the square.
* @param size - edge of the square in pixels.
*/
function warp(photo, toSquare, size) {
	const oversampling = toSquare.scale < 1 ? 2 : 1;
	const drawn = draw(photo, toSquare, size, oversampling, bicubic);
	return oversampling > 1 ? reduced(drawn, oversampling) : drawn;
}
/** Draws a transformed square as `warp` does, but once and bilinearly, for networks that only measure. */
function quickWarp(photo, toSquare, size) {
	return draw(photo, toSquare, size, 1, bilinear);
}
/** Draws a square at `oversampling` times its size, of a photo that is averaged over blocks of pixels if it shrinks. */
function draw(photo, toSquare, size, oversampling, sample) {
	const reduction = Math.max(1, Math.floor(1 / toSquare.scale));
	const back = toSquare.inverse;
	const { window, left, top } = windowOf(photo, back, size, 3 * reduction);
	const source = reduction > 1 ? reduced(window, reduction) : window;
	const edge = size * oversampling;
	const unit = oversampling * reduction;
	const pixels = new Uint8ClampedArray(4 * edge * edge).fill(255);
	for (let row = 0; row < edge; row++) for (let column = 0; column < edge; column++) {
		const [x, y] = [column + .5, row + .5];
		const index = 4 * (row * edge + column);
		const placeX = (back.a * x - back.b * y) / unit + (back.x - left) / reduction;
		const placeY = (back.b * x + back.a * y) / unit + (back.y - top) / reduction;
		if (placeX >= 0 && placeX < source.width && placeY >= 0 && placeY < source.height) sample(source, placeX, placeY, pixels, index);
		else pixels.fill(0, index, index + 3);
	}
	return {
		width: edge,
		height: edge,
		pixels
	};
}
/** Returns the share of a warped square that is inside the photo, in [0, 1]. */
function insideFraction(photo, toSquare, size) {
	const back = toSquare.inverse;
	const cells = 32;
	let inside = 0;
	for (let row = 0; row < cells; row++) for (let column = 0; column < cells; column++) {
		const place = back.apply({
			x: (column + .5) * size / cells,
			y: (row + .5) * size / cells
		});
		if (place.x >= 0 && place.x <= photo.width && place.y >= 0 && place.y <= photo.height) inside++;
	}
	return inside / 1024;
}
/** Returns the part of a photo that a warp reads, its edge pixels repeated outside the photo, and its origin. */
function windowOf(photo, back, size, margin) {
	const corners = [0, size].flatMap((x) => [0, size].map((y) => back.apply({
		x,
		y
	})));
	const xs = corners.map((corner) => corner.x);
	const ys = corners.map((corner) => corner.y);
	const left = Math.floor(Math.min(...xs)) - margin;
	const top = Math.floor(Math.min(...ys)) - margin;
	const width = Math.ceil(Math.max(...xs)) + margin - left;
	const height = Math.ceil(Math.max(...ys)) + margin - top;
	const from = new Uint32Array(photo.pixels.buffer, photo.pixels.byteOffset, photo.width * photo.height);
	const window = new Uint32Array(width * height);
	for (let row = 0; row < height; row++) {
		const line = clamped(top + row, photo.height) * photo.width;
		for (let column = 0; column < width; column++) window[row * width + column] = from[line + clamped(left + column, photo.width)];
	}
	return {
		window: {
			width,
			height,
			pixels: new Uint8ClampedArray(window.buffer)
		},
		left,
		top
	};
}
function clamped(place, length) {
	return Math.max(0, Math.min(length - 1, place));
}
/** Interpolates the sixteen pixels around a place (a = -1). */
function bicubic(picture, x, y, pixels, index) {
	const left = Math.floor(x - .5);
	const top = Math.floor(y - .5);
	const [dx, dy] = [x - .5 - left, y - .5 - top];
	const columns = [
		-1,
		0,
		1,
		2
	].map((offset) => 4 * clamped(left + offset, picture.width));
	const lines = [
		-1,
		0,
		1,
		2
	].map((offset) => 4 * clamped(top + offset, picture.height) * picture.width);
	for (let channel = 0; channel < 3; channel++) {
		const pixel = (line, i) => picture.pixels[line + columns[i] + channel];
		const row = (line) => cubic(pixel(line, 0), pixel(line, 1), pixel(line, 2), pixel(line, 3), dx);
		const value = cubic(row(lines[0]), row(lines[1]), row(lines[2]), row(lines[3]), dy);
		pixels[index + channel] = Math.max(0, Math.min(255, Math.trunc(value)));
	}
}
/** Interpolates the four pixels around a place, rounded down as Pillow does. */
function bilinear(picture, x, y, pixels, index) {
	const left = Math.floor(x - .5);
	const top = Math.floor(y - .5);
	const [dx, dy] = [x - .5 - left, y - .5 - top];
	const columns = [0, 1].map((offset) => 4 * clamped(left + offset, picture.width));
	const lines = [0, 1].map((offset) => 4 * clamped(top + offset, picture.height) * picture.width);
	for (let channel = 0; channel < 3; channel++) {
		const pixel = (line, i) => picture.pixels[line + columns[i] + channel];
		const row = (line) => pixel(line, 0) + dx * (pixel(line, 1) - pixel(line, 0));
		const upper = row(lines[0]);
		pixels[index + channel] = Math.trunc(upper + dy * (row(lines[1]) - upper));
	}
}
function cubic(v1, v2, v3, v4, d) {
	return v2 + d * (v3 - v1 + d * (2 * (v1 - v2) + v3 - v4 + d * (v2 - v1 + v4 - v3)));
}
// src/photo/sharpness.ts
/** Edge in pixels of the square in which sharpness is measured, for aligned faces of any size. */
const SIZE = 256;
/** Pixels averaged in each direction before the Laplacian, which suppresses grain and JPEG blocks. */
const GRAIN = 2;
/** Returns the sharpness of a face between brows and mouth: per cent of its contrast, 0 for a flat picture.
*
* It is 100 times the standard deviation of the Laplacian of the face at 256 pixels, averaged over 2 x 2 pixels, / the
* standard deviation of its grey values.
*
* @param photo - the photo.
* @param toFace - from the photo to the aligned face.
* @param points - the five points in the aligned face.
* @param face - the aligned face; drawn again if it does not have 256 pixels.
*/
function sharpness(photo, toFace, points, face) {
	const scale = SIZE / face.width;
	const drawn = face.width === SIZE ? face : warp(photo, toFace.scaled(scale), SIZE);
	const edge = SIZE / GRAIN;
	const grey = greyOf(drawn);
	const xs = points.map((point) => point.x * scale / GRAIN);
	const ys = points.map((point) => point.y * scale / GRAIN);
	const [left, right] = extent(xs, edge);
	const [top, bottom] = extent(ys, edge);
	const at = (x, y) => grey[y * edge + x];
	const values = [];
	const laplacian = [];
	for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) {
		values.push(at(x, y));
		if (x > left && x < right - 1 && y > top && y < bottom - 1) laplacian.push(4 * at(x, y) - at(x - 1, y) - at(x + 1, y) - at(x, y - 1) - at(x, y + 1));
	}
	const contrast = deviation(values);
	return contrast > .5 ? 100 * deviation(laplacian) / contrast : 0;
}
/** Returns the luma of a picture, averaged over squares of `GRAIN` pixels. */
function greyOf(picture) {
	const { width, pixels } = picture;
	const edge = width / GRAIN;
	const grey = new Float32Array(edge * edge);
	const luma = (x, y) => {
		const place = 4 * (y * width + x);
		return pixels[place] * 19595 + pixels[place + 1] * 38470 + pixels[place + 2] * 7471 + 32768 >> 16;
	};
	for (let y = 0; y < edge; y++) for (let x = 0; x < edge; x++) {
		let sum = 2;
		for (let i = 0; i < GRAIN; i++) for (let j = 0; j < GRAIN; j++) sum += luma(GRAIN * x + i, GRAIN * y + j);
		grey[y * edge + x] = Math.floor(sum / 4);
	}
	return grey;
}
/** Returns the range of whole pixels around coordinates, with a margin of a quarter of their extent. */
function extent(values, edge) {
	const low = Math.min(...values);
	const high = Math.max(...values);
	const margin = .25 * (high - low);
	return [Math.floor(Math.max(low - margin, 0)), Math.min(Math.ceil(high + margin), edge)];
}
function deviation(values) {
	const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
	return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, values.length));
}
// src/photo/similarity.ts
/** A rotation, a scale and a shift of the plane: x' = a x - b y + x0, y' = b x + a y + y0. */
var Similarity = class Similarity {
	a;
	b;
	x;
	y;
	constructor(a, b, x, y) {
		this.a = a;
		this.b = b;
		this.x = x;
		this.y = y;
	}
	/** Returns the transform that maps points onto others (least squares, no reflection). */
	static fit(source, target) {
		const from = mean(source);
		const to = mean(target);
		let real = 0;
		let imaginary = 0;
		let norm = 0;
		source.forEach((point, i) => {
			const [sx, sy] = [point.x - from.x, point.y - from.y];
			const [tx, ty] = [target[i].x - to.x, target[i].y - to.y];
			real += sx * tx + sy * ty;
			imaginary += sx * ty - sy * tx;
			norm += sx * sx + sy * sy;
		});
		const a = norm === 0 ? 1 : real / norm;
		const b = norm === 0 ? 0 : imaginary / norm;
		return new Similarity(a, b, to.x - (a * from.x - b * from.y), to.y - (b * from.x + a * from.y));
	}
	/** The factor by which lengths grow. */
	get scale() {
		return Math.hypot(this.a, this.b);
	}
	/** Returns the transform whose result is scaled in addition. */
	scaled(factor) {
		return new Similarity(this.a * factor, this.b * factor, this.x * factor, this.y * factor);
	}
	apply(point) {
		return {
			x: this.a * point.x - this.b * point.y + this.x,
			y: this.b * point.x + this.a * point.y + this.y
		};
	}
	get inverse() {
		const norm = this.a * this.a + this.b * this.b;
		const [a, b] = [this.a / norm, -this.b / norm];
		return new Similarity(a, b, -(a * this.x - b * this.y), -(b * this.x + a * this.y));
	}
};
// src/photo/alignment.ts
/** Warps a face onto the average face by a similarity transform (section 3.6 of the paper).
*
* @param photo - the photo.
* @param found - one face.
* @param contract - the template, the size and the limits.
* @throws CharacterError `too-small`, `turned`, or `invalid-input` if the points are not those of a face.
*/
function align(photo, found, contract) {
	const { limits, imageSize: size } = contract;
	const face = found.landmarks;
	const points = pointsOf(face);
	const yaw = Math.abs(found.yaw ?? Math.min(90, limits.yawPerOffset * noseOffset(face)));
	const pitch = Math.abs(found.pitch ?? 0);
	const eyes = limits.outerOverCentres * distance(face.leftEye, face.rightEye);
	const warnings = checked(eyes, yaw, limits);
	const target = contract.template.map(([x, y]) => ({
		x: x * size,
		y: y * size
	}));
	const toFace = Similarity.fit(points, target);
	const squares = points.map((point, i) => distance(toFace.apply(point), target[i]) ** 2);
	const residual = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length) / size;
	if (!(residual <= limits.largestResidual)) throw new CharacterError("invalid-input", `the landmarks are not those of a face: they are ${Math.round(100 * residual)} % of the picture off`, {}, "noFace");
	if (1 - insideFraction(photo, toFace, size) > limits.largeOutside) warnings.push({
		code: "cutOff",
		message: "the face is close to the photo's edge or cut by it; the missing part repeats the pixels there",
		values: {}
	});
	const picture = warp(photo, toFace, size);
	const sharp = sharpness(photo, toFace, target, picture) >= limits.sharp;
	return {
		picture,
		landmarks: face,
		warnings,
		mode: yaw <= limits.frontalYaw && pitch <= limits.frontalPitch && sharp && eyes >= limits.largeEyeDistance ? "hybrid" : "one-shot",
		shape: found.shape
	};
}
/** Returns the warnings about a face; throws if no good character can come of it. */
function checked(eyes, yaw, limits) {
	const pixels = Math.floor(eyes);
	if (eyes < limits.smallestEyeDistance * cosine(Math.min(yaw, limits.largestYaw))) throw new CharacterError("too-small", `the face is too small: ${pixels} pixels between the outer eye corners, at least ${limits.smallestEyeDistance} are needed`, {
		pixels,
		needed: limits.smallestEyeDistance
	}, "tooSmall");
	const degrees = Math.round(yaw);
	if (yaw > limits.largestYaw) throw new CharacterError("turned", `the head is turned too far (${degrees} degrees, limit ${limits.largestYaw}); take a frontal photo`, {
		degrees,
		limit: limits.largestYaw
	}, "turned");
	const warnings = [];
	if (eyes < limits.smallEyeDistance * cosine(yaw)) warnings.push({
		code: "small",
		message: `the face is small (${pixels} pixels between the outer eye corners); a closer photo gives a better character`,
		values: { pixels }
	});
	if (yaw > limits.largeYaw) warnings.push({
		code: "largeYaw",
		message: `the head is turned by ${degrees} degrees: one-shot is more robust to that than iterative`,
		values: { degrees }
	});
	return warnings;
}
function cosine(degrees) {
	return Math.cos(degrees * Math.PI / 180);
}
// src/photo/decode.ts
/** Smallest edge of a photo in pixels; in a smaller photo no face is large enough. */
const SMALLEST_EDGE = 64;
/** Largest number of pixels that are kept; larger photos are reduced. Some browsers have no larger canvas. */
const MOST_PIXELS = 16e6;
/** Reads a photo in any format that the browser knows, upright and in sRGB; transparency becomes white.
*
* @throws CharacterError `unreadable` or `too-small`.
*/
async function decodePhoto(photo) {
	let bitmap;
	try {
		bitmap = await createImageBitmap(photo);
	} catch {
		throw new CharacterError("unreadable", "this is not a picture that the browser can read; save it as JPEG first", {}, "unreadable");
	}
	const scale = Math.min(1, Math.sqrt(MOST_PIXELS / (bitmap.width * bitmap.height)));
	const [width, height] = [bitmap.width, bitmap.height].map((edge) => Math.max(1, Math.round(edge * scale)));
	if (Math.min(width, height) < SMALLEST_EDGE) {
		bitmap.close();
		throw new CharacterError("too-small", `${width} x ${height} pixels are too few; a photo needs at least ${SMALLEST_EDGE} on each edge`, {
			width,
			height,
			needed: SMALLEST_EDGE
		}, "fewPixels");
	}
	const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
	if (!context) throw new CharacterError("unreadable", "the browser gives no canvas of this size", {}, "unreadable");
	context.fillStyle = "#fff";
	context.fillRect(0, 0, width, height);
	context.imageSmoothingQuality = "high";
	context.drawImage(bitmap, 0, 0, width, height);
	bitmap.close();
	const { data } = context.getImageData(0, 0, width, height);
	return {
		width,
		height,
		pixels: data
	};
}
// src/photo/networkFinder.ts
/** The built-in finder: the same steps as `f2p_deploy.alignment.network_finder`, with the same two networks. */
/** Edges in pixels of the pictures that the two networks take. */
const PHOTO_EDGE = 192;
const FACE_EDGE = 128;
/** Smallest score of a detection, and largest number of detections that are read in one square. */
const SCORE = .25;
const MOST_DETECTIONS = 12;
/** Smallest distance of two detections, in eye distances of the larger one. */
const APART_BY = 1.2;
/** Places of the five points in an upright close-up, in fractions of its edge. */
const TEMPLATE = [
	[.34375, .334],
	[.65625, .334],
	[.5, .51],
	[.357, .671],
	[.643, .671]
];
/** Number of times that a face is read, each time in a close-up by the points of the reading before. */
const READINGS = 2;
/** Smallest probability of a face, in the first reading and in the last. */
const FIRST_FACE = .2;
const FACE = .92;
/** Largest disagreement of a face with its mirror image. */
const APART = .08;
/** The probability of a face that ends the search, and the last search of the whole photo; after it, any face ends it. */
const SURE = .97;
const LAST_OF_WHOLE = 2;
/** The margin of the second view is the photo's longer edge / this. */
const MARGIN = 3;
const SMALLEST_TILE = 256;
const MOST_TILES_ACROSS = 8;
const MOST_FACES = 5;
/** A finder of faces of any roll by two small networks. */
var NetworkFinder = class {
	networks;
	constructor(networks) {
		this.networks = networks;
	}
	async find(photo) {
		const readings = [];
		let attempt = 0;
		for (const searched of squares(photo.height, photo.width)) {
			for (const square of searched) readings.push(...await this.search(photo, squareToPicture(square)));
			if (Math.max(0, ...readings.map((reading) => reading.face)) >= SURE || readings.length && attempt >= LAST_OF_WHOLE) break;
			attempt++;
		}
		return different(readings).sort((a, b) => unitOf(b.points) - unitOf(a.points)).slice(0, MOST_FACES).map(found);
	}
	/** Detects the faces in a square of the photo and reads them. */
	async search(photo, toPicture) {
		const rows = await this.networks.detect(rgbOf(quickWarp(photo, toPicture, PHOTO_EDGE)));
		const readings = [];
		for (const detection of bestDetections(rows, toPicture.inverse)) {
			const reading = await this.readDetection(photo, detection);
			if (reading) readings.push(reading);
		}
		return readings;
	}
	/** Reads a face several times, upright and turned by 180 degrees; returns null if it is not a face. */
	async readDetection(photo, detection) {
		for (const tried of [detection, {
			...detection,
			cos: -detection.cos,
			sin: -detection.sin
		}]) {
			let reading = await this.read(photo, uprightOf(tried));
			for (let i = 1; i < READINGS && reading.face >= FIRST_FACE; i++) {
				const target = TEMPLATE.map(([x, y]) => ({
					x: x * FACE_EDGE,
					y: y * FACE_EDGE
				}));
				reading = await this.read(photo, Similarity.fit(reading.points, target));
			}
			if (reading.face >= FACE && reading.disagreement <= APART) return reading;
		}
		return null;
	}
	async read(photo, toPicture) {
		const outputs = await this.networks.read(rgbOf(quickWarp(photo, toPicture, FACE_EDGE)));
		const back = toPicture.inverse;
		const places = outputs["points"];
		return {
			points: [
				0,
				2,
				4,
				6,
				8
			].map((i) => back.apply({
				x: places[i],
				y: places[i + 1]
			})),
			face: outputs["face"][0],
			disagreement: outputs["disagreement"][0],
			yaw: outputs["turn"][0],
			pitch: outputs["turn"][1],
			shape: outputs["shape"]
		};
	}
};
/** Yields the squares of a photo to search, cheapest first: the whole, the whole with a margin, in quarter turns, then tiles. */
function* squares(height, width) {
	const longest = Math.max(height, width);
	for (const margin of [0, Math.floor(longest / MARGIN)]) {
		const edge = longest + 2 * margin;
		yield [[
			(width - edge) / 2,
			(height - edge) / 2,
			edge
		]];
	}
	yield [
		1,
		3,
		2
	].map((turns) => [
		(width - longest) / 2,
		(height - longest) / 2,
		longest,
		turns
	]);
	for (let across = 2; across <= MOST_TILES_ACROSS && longest / across >= SMALLEST_TILE; across *= 2) {
		const side = Math.ceil(longest / across);
		const step = Math.floor(side / 2);
		const tiles = [];
		for (let top = 0; top < Math.max(1, height - step); top += step) for (let left = 0; left < Math.max(1, width - step); left += step) tiles.push([
			left,
			top,
			side
		]);
		yield tiles;
	}
}
/** Returns the detector's best faces in pixels of the photo, best first, none of them near a better one.
*
* @param rows - 6 numbers per cell: score, x, y, eye distance, cosine and sine of the roll.
* @param toPhoto - from the detector's picture to the photo.
*/
function bestDetections(rows, toPhoto) {
	const order = Array.from({ length: rows.length / 6 }, (_, i) => i).sort((i, j) => rows[6 * j] - rows[6 * i] || i - j);
	const scale = Math.hypot(toPhoto.a, toPhoto.b);
	const [a, b] = [toPhoto.a / scale, toPhoto.b / scale];
	const kept = [];
	for (const i of order) {
		const [score, x, y, eyes, cos, sin] = rows.subarray(6 * i, 6 * i + 6);
		if (score < SCORE || kept.length === MOST_DETECTIONS) break;
		const direction = {
			cos: a * cos - b * sin,
			sin: b * cos + a * sin
		};
		const detection = {
			score,
			...toPhoto.apply({
				x,
				y
			}),
			eyes: scale * eyes,
			...direction
		};
		if (!kept.some((other) => distance(detection, other) < APART_BY * Math.max(detection.eyes, other.eyes))) kept.push(detection);
	}
	return kept;
}
/** Returns the readings of different faces; of several readings of a face, the most probable one. */
function different(readings) {
	const kept = [];
	for (const reading of [...readings].sort((a, b) => b.face - a.face)) {
		const [middle, eyes] = [mean(reading.points), eyesOf(reading.points)];
		if (!kept.some((other) => distance(middle, mean(other.points)) < APART_BY * Math.max(eyes, eyesOf(other.points)))) kept.push(reading);
	}
	return kept;
}
function squareToPicture([left, top, edge, turns = 0]) {
	const scale = PHOTO_EDGE / edge;
	let matrix = new Similarity(scale, 0, -scale * left, -scale * top);
	for (let i = 0; i < turns; i++) matrix = new Similarity(matrix.b, -matrix.a, matrix.y, PHOTO_EDGE - matrix.x);
	return matrix;
}
/** Returns the transform from the photo to the upright close-up of a detection. */
function uprightOf({ x, y, eyes, cos, sin }) {
	const scale = (TEMPLATE[1][0] - TEMPLATE[0][0]) * FACE_EDGE / eyes;
	const [a, b] = [scale * cos, scale * sin];
	const middle = FACE_EDGE / 2;
	return new Similarity(a, -b, middle - a * x - b * y, middle + b * x - a * y);
}
/** Returns the length by which faces are ordered: that of the box around eyes and mouth grows with it. */
function unitOf(points) {
	const eyes = mean(points.slice(0, 2));
	const mouth = mean(points.slice(3, 5));
	return Math.max(eyesOf(points), .9 * distance(eyes, mouth));
}
function eyesOf(points) {
	return distance(points[0], points[1]);
}
function found({ points, yaw, pitch, shape }) {
	return {
		landmarks: landmarksOf(points),
		yaw,
		pitch,
		shape
	};
}
function rgbOf({ pixels }) {
	const rgb = new Uint8Array(pixels.length / 4 * 3);
	for (let i = 0; i < pixels.length / 4; i++) for (let channel = 0; channel < 3; channel++) rgb[3 * i + channel] = pixels[4 * i + channel];
	return rgb;
}
// src/photo/openFinder.ts
/** Opens the face finder of the folder: MediaPipe's if it has its model, else the two networks, on the processor.
*
* @param base - address of the folder of the contract.
*/
async function openFinder(base, ort, contract, files) {
	if (contract.landmarker) {
		const { openMediaPipe } = await import("./mediaPipeFinder-Lhg5tNS8.js");
		return openMediaPipe(new URL("../mediapipe/", base).href, await files.read(contract.landmarker));
	}
	const open = async (file) => ort.InferenceSession.create(await files.read(file), {
		executionProviders: ["wasm"],
		logSeverityLevel: 3
	});
	const [detector, reader] = [await open(contract.finder.detector), await open(contract.finder.reader)];
	return new NetworkFinder({
		detect: async (rgb) => (await run(ort, detector, rgb, 192))["faces"],
		read: (rgb) => run(ort, reader, rgb, 128)
	});
}
async function run(ort, session, rgb, edge) {
	const outputs = await session.run({ picture: new ort.Tensor("uint8", rgb, [
		edge,
		edge,
		3
	]) });
	return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data]));
}
// src/worker.ts
/** The worker that computes: it keeps the page free while networks run. */
refuseOtherOrigins();
let opened;
/** The origin of the models, which may be another than that of the worker. */
let home = self.location.origin;
const stopping = /* @__PURE__ */ new Map();
const post = (answer) => self.postMessage(answer);
const handlers = {
	async open({ base, provider }) {
		home = new URL(base).origin;
		opened ??= await open(base, provider);
		return {
			contract: opened.text,
			provider
		};
	},
	async load({ graphs, finder }) {
		if (finder) await finderOf(ready());
		await ready().networks.load(graphs);
		return null;
	},
	async align({ photo }) {
		const { contract } = ready();
		const picture = await decodePhoto(photo);
		const faces = await (await finderOf(ready())).find(picture);
		if (!faces.length) throw new CharacterError("no-face", "no face was found; take a photo of one face, from the front and evenly lit", {}, "noFace");
		return {
			...align(picture, faces[0], contract),
			faces: faces.length
		};
	},
	async generate({ face, mode, keep, fast, shape }, id, signal) {
		const { generator } = ready();
		const kept = keep ? new Parameters(generator.schema, keep.values, new Set(keep.locked)) : void 0;
		const onProgress = (progress) => post({
			id,
			progress
		});
		const made = await generator.generate(face, {
			mode,
			keep: kept,
			fast: fast ?? void 0,
			shape: shape ?? void 0,
			onProgress,
			signal
		});
		return {
			values: made.parameters.values,
			probabilities: made.probabilities,
			losses: made.losses
		};
	},
	async render({ values }) {
		return ready().networks.render(values);
	},
	async check({ provider }) {
		const { base, contract, files, networks } = ready();
		if (networks.provider === provider) return checkGolden(networks, contract, files);
		return checkGolden(new OrtNetworks(await ortOf(base, provider), contract, files, provider), contract, files);
	}
};
async function open(base, provider) {
	const name = "contract.json";
	const response = await fetch(new URL(name, base)).catch(() => null);
	if (!response) throw unreachable(name);
	if (!response.ok) throw notThere(name, response.status);
	const text = await response.text();
	const contract = readContract(text);
	let before = 0;
	const loaded = /* @__PURE__ */ new Map();
	const files = new FileStore(base, contract, (name, loading) => {
		loaded.set(name, loading.loaded);
		const sum = [...loaded.values()].reduce((total, bytes) => total + bytes, 0);
		if (sum - before < 1e5 && loading.loaded < loading.total) return;
		before = sum;
		const total = [...loaded.keys()].reduce((all, file) => all + contract.files[file].size, 0);
		post({ loading: {
			loaded: sum,
			total
		} });
	});
	const ort = await ortOf(base, provider);
	const networks = new OrtNetworks(ort, contract, files, provider);
	return {
		base,
		text,
		contract,
		files,
		ort,
		networks,
		generator: new CharacterGenerator(contract, networks)
	};
}
/** Returns the finder, which is opened once; a failure is tried again at the next call. */
function finderOf(from) {
	from.finder ??= openFinder(from.base, from.ort, from.contract, from.files).catch((error) => {
		delete from.finder;
		throw error;
	});
	return from.finder;
}
function ortOf(base, provider) {
	return loadOrt(new URL("../onnxruntime/", base).href, provider);
}
function ready() {
	if (!opened) throw new CharacterError("missing", "the worker was not opened");
	return opened;
}
/** Refuses requests of this worker to other origins: a library that reports its use must not do so from here. */
function refuseOtherOrigins() {
	const own = self.fetch.bind(self);
	self.fetch = (input, init) => {
		const address = new URL(input instanceof Request ? input.url : input, self.location.href);
		if (address.origin === self.location.origin || address.origin === home) return own(input, init);
		return Promise.reject(/* @__PURE__ */ new TypeError(`requests to ${address.origin} are refused`));
	};
}
self.onmessage = async ({ data }) => {
	if ("stop" in data) {
		stopping.get(data.id)?.abort();
		return;
	}
	const { id, method, takes } = data;
	const stop = new AbortController();
	stopping.set(id, stop);
	try {
		const handler = handlers[method];
		post({
			id,
			gives: await handler(takes, id, stop.signal)
		});
	} catch (error) {
		post({
			id,
			error: plainError(error)
		});
	} finally {
		stopping.delete(id);
	}
};
export { importFile as i, mean as n, damaged as r, landmarksOf as t };
