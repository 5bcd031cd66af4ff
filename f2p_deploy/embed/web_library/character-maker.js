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
// src/character/parameters.ts
/** Tolerance of the sum of one discrete group's probabilities, which should be 1. */
var SUM_TOLERANCE = .001;
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
		if (values.length !== schema.count) throw invalid$1(`schema '${schema.name}' has ${schema.count} parameters, found ${values.length}`);
		const wrong = values.findIndex((value) => !(value >= 0 && value <= 1));
		if (wrong >= 0) {
			const name = schema.parameterNames[wrong];
			throw invalid$1(`'${name}' must lie in [0, 1], found ${values[wrong]}`, "wrongEntry", name);
		}
		for (const { group, start, end } of schema.parts) {
			const sum = values.subarray(start, end).reduce((total, value) => total + value, 0);
			if (Math.abs(sum - 1) > SUM_TOLERANCE) throw invalid$1(`the probabilities of discrete group '${group.name}' must add up to 1, found ${sum}`, "wrongEntry", group.name);
		}
		for (const name of locked) if (schema.placeOf(name) < 0 && !schema.discrete.some((group) => group.name === name)) throw invalid$1(`no controller or discrete group named '${name}'`, "unknownLock", name);
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
		if (chosen < 0) throw invalid$1(`no option of '${group}' named '${option}'`);
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
		if (place < 0) throw invalid$1(`no controller named '${controller}'`);
		return place;
	}
	part(group) {
		const found = this.schema.parts.find((part) => part.group.name === group);
		if (!found) throw invalid$1(`no discrete group named '${group}'`);
		return found;
	}
};
function invalid$1(message, code = "", name = "") {
	return new CharacterError("invalid-input", message, code ? { name } : {}, code);
}
// src/character/schema.ts
/** Probabilities are clamped to at least this before the logarithm is taken. */
var SMALLEST_PROBABILITY = 1e-4;
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
// src/messages.ts
/** Returns the error of plain data. */
function errorOf(plain) {
	return plain.kind ? new CharacterError(plain.kind, plain.message, plain.values, plain.code) : new Error(plain.message);
}
// src/networks/serverFile.ts
/** Returns the error for a file with another content than it should have.
*
* @param reason - in English, for programs.
*/
function damaged(name, reason = "damaged or from another version") {
	return new CharacterError("damaged", `${name} is ${reason}: load the page again, or copy the whole folder again`, { name }, "damaged");
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
// src/characterMaker.ts
/** Makes characters from photos on the visitor's own device, in a worker. No photo leaves the device.
*
* @example
*   const maker = await CharacterMaker.open("/character/model/");
*   const face = await maker.align(file);
*   const { parameters } = await maker.generate(face, { mode: "hybrid" });
*   const picture = await maker.render(parameters);
*/
var CharacterMaker = class CharacterMaker {
	worker;
	contract;
	provider;
	schema;
	waiting;
	next = 1;
	constructor(worker, waiting, contract, provider) {
		this.worker = worker;
		this.contract = contract;
		this.provider = provider;
		this.schema = new Schema(contract.schema);
		this.waiting = waiting;
	}
	/** Opens the models of a folder that `f2p-deploy embed web` has written.
	*
	* @param model - address of the folder with `contract.json`, with a slash at its end.
	* @throws CharacterError `missing` or `damaged`.
	*/
	static async open(model, options = {}) {
		const worker = new Worker(new URL(
			/* @vite-ignore */
			new URL("assets/worker-jXq7kN1W.js", import.meta.url).href,
			"" + import.meta.url
		), { type: "module" });
		const waiting = /* @__PURE__ */ new Map();
		worker.onmessage = ({ data }) => {
			if ("loading" in data) return options.onLoading?.(data.loading);
			const call = waiting.get(data.id);
			if (!call) return;
			if ("progress" in data) return call.onProgress?.(data.progress);
			waiting.delete(data.id);
			if ("error" in data) call.reject(errorOf(data.error));
			else call.resolve(data.gives);
		};
		const failed = () => {
			for (const call of waiting.values()) call.reject(/* @__PURE__ */ new Error("the worker has ended"));
			waiting.clear();
		};
		worker.onerror = failed;
		const provider = options.provider ?? "wasm";
		const base = new URL(model, document.baseURI).href;
		try {
			const opened = await new Promise((resolve, reject) => {
				waiting.set(0, {
					resolve,
					reject
				});
				worker.postMessage({
					id: 0,
					method: "open",
					takes: {
						base,
						provider
					}
				});
			});
			return new CharacterMaker(worker, waiting, readContract(opened.contract), provider);
		} catch (error) {
			worker.terminate();
			throw error;
		}
	}
	/** Finds the largest face of a photo and aligns it.
	*
	* @throws CharacterError `unreadable`, `no-face`, `too-small` or `turned`.
	*/
	align(photo, signal) {
		return this.call("align", { photo }, signal);
	}
	/** Generates a character from an aligned face. */
	async generate(face, options = {}) {
		const { mode = "hybrid", keep, fast = null, onProgress, signal } = options;
		const shape = face.shape ?? null;
		const kept = keep ? {
			values: keep.values,
			locked: [...keep.locked]
		} : null;
		const takes = {
			face: face.picture,
			mode,
			keep: kept,
			fast,
			shape
		};
		const made = await this.call("generate", takes, signal, onProgress);
		return {
			parameters: new Parameters(this.schema, made.values, keep?.locked),
			probabilities: made.probabilities,
			mode,
			losses: made.losses
		};
	}
	/** Renders a character with the imitator. */
	render(parameters) {
		return this.call("render", { values: parameters.values });
	}
	/** Loads graphs before they are needed, for example `["render"]`. */
	async load(graphs) {
		await this.call("load", {
			graphs,
			finder: false
		});
	}
	/** Loads everything that is not loaded yet; from then on, nothing needs the network. */
	async loadAll() {
		await this.call("load", {
			graphs: Object.keys(this.contract.graphs),
			finder: true
		});
	}
	/** Compares all graphs with their golden vectors on this device. */
	check(provider) {
		return this.call("check", { provider });
	}
	/** Ends the worker; running calls fail. */
	close() {
		this.worker.terminate();
		for (const call of this.waiting.values()) call.reject(/* @__PURE__ */ new Error("closed"));
		this.waiting.clear();
	}
	call(method, takes, signal, onProgress) {
		const id = this.next++;
		return new Promise((resolve, reject) => {
			this.waiting.set(id, {
				resolve,
				reject,
				onProgress
			});
			signal?.addEventListener("abort", () => this.worker.postMessage({
				id,
				stop: true
			}));
			this.worker.postMessage({
				id,
				method,
				takes
			});
			if (signal?.aborted) this.worker.postMessage({
				id,
				stop: true
			});
		});
	}
};
// src/character/parameterFiles.ts
var FORMAT = "f2p-parameters";
var VERSION = 1;
/** Returns a character as `parameters.json`, byte for byte as f2p-deploy writes it. */
function toJson(parameters) {
	const { schema, values } = parameters;
	const controllers = schema.controllers.map((c, i) => `    ${quoted(c.name)}: ${shortest(values[i])}`);
	const discrete = schema.parts.map(({ group, start, end }) => {
		return `    ${quoted(group.name)}: ${choice(parameters, group.name, values.subarray(start, end), group.options)}`;
	});
	const locked = [...parameters.locked].sort(byCodePoints).map((name) => `    ${quoted(name)}`);
	return `{\n${[
		`"format": ${quoted(FORMAT)}`,
		`"version": ${VERSION}`,
		`"schema": ${quoted(schema.name)}`,
		`"schema_fingerprint": ${quoted(schema.fingerprint)}`,
		`"controllers": ${block("{", controllers, "}")}`,
		`"discrete": ${block("{", discrete, "}")}`,
		`"locked": ${block("[", locked, "]")}`
	].map((entry) => `  ${entry}`).join(",\n")}\n}\n`;
}
/** Reads a character from the text of a `parameters.json`, which may have been edited by hand.
*
* @throws CharacterError `invalid-input`: not such a file, another schema, or an unknown, missing or wrong entry.
*/
function fromJson(text, schema) {
	const content = parsed(text);
	if (content["format"] !== FORMAT || content["version"] !== VERSION) throw invalid(`not a parameter file of version ${VERSION}`, "notParameters");
	const fingerprint = content["schema_fingerprint"] ?? schema.fingerprint;
	if (content["schema"] !== schema.name || fingerprint !== schema.fingerprint) {
		const found = String(content["schema"]);
		throw invalid(`written for schema '${found}' or another version of '${schema.name}'`, "otherSchema", {
			found,
			wanted: schema.name
		});
	}
	const controllers = record(content["controllers"], "controllers");
	const discrete = record(content["discrete"] ?? {}, "discrete");
	const known = new Set([...schema.controllers, ...schema.discrete].map((part) => part.name));
	const unknown = [...Object.keys(controllers), ...Object.keys(discrete)].find((name) => !known.has(name));
	if (unknown !== void 0) throw wrongEntry(unknown, `no controller or discrete group named '${unknown}'`);
	const values = new Float32Array(schema.count);
	schema.controllers.forEach(({ name }, i) => values[i] = number(controllers[name], name, schema));
	for (const { group, start } of schema.parts) {
		const entry = discrete[group.name];
		if (entry === void 0) throw wrongEntry(group.name, `'${group.name}' of schema '${schema.name}' is missing`);
		const chosen = typeof entry === "string" ? { [entry]: 1 } : record(entry, group.name);
		for (const [option, value] of Object.entries(chosen)) {
			const place = group.options.indexOf(option);
			if (place < 0) throw wrongEntry(group.name, `no option of '${group.name}' named '${option}'`);
			values[start + place] = number(value, group.name, schema);
		}
	}
	const locked = content["locked"] ?? [];
	if (!Array.isArray(locked) || locked.some((name) => typeof name !== "string")) throw wrongEntry("locked", "'locked' must be a list of names");
	return new Parameters(schema, values, new Set(locked));
}
/** Returns the shortest decimal that reads back as the same float32, written as Python writes it. */
function shortest(value) {
	const wanted = Math.fround(value);
	for (let digits = 1; digits <= 9; digits++) {
		const tried = halfToEven(wanted, digits);
		if (Math.fround(tried) === wanted) return asPython(tried);
	}
	return asPython(wanted);
}
/** Rounds to a number of digits, a half to the even one, as Python does; JavaScript's own rounding goes up. */
function halfToEven(value, digits) {
	const [mantissa, exponent] = Math.abs(value).toExponential(100).split("e");
	const all = mantissa.replace(".", "");
	if (!/^50*$/.test(all.slice(digits)) || Number(all[digits - 1]) % 2) return Number(value.toPrecision(digits));
	return Math.sign(value) * Number(`${all[0]}.${all.slice(1, digits)}e${exponent}`);
}
function asPython(value) {
	if (Number.isInteger(value) && Math.abs(value) < 0x2386f26fc10000) return value.toFixed(1);
	const size = Math.abs(value);
	if (size >= 1e-4 && size < 0x2386f26fc10000) return String(value);
	const [digits, exponent] = value.toExponential().split("e");
	const power = Math.abs(Number(exponent)).toString().padStart(2, "0");
	return `${digits}e${Number(exponent) < 0 ? "-" : "+"}${power}`;
}
function choice(parameters, name, probabilities, options) {
	if (probabilities.filter((value) => value !== 0).length === 1 && Math.max(...probabilities) === 1) return quoted(parameters.choice(name));
	return `{\n${options.map((option, i) => `      ${quoted(option)}: ${shortest(probabilities[i])}`).join(",\n")}\n    }`;
}
function block(open, lines, close) {
	return lines.length ? `${open}\n${lines.join(",\n")}\n  ${close}` : open + close;
}
/** Returns JSON of a string as Python writes it; it escapes what JavaScript escapes, but lone surrogates. */
function quoted(text) {
	return JSON.stringify(text);
}
/** Compares strings by code points, as Python does; JavaScript's own order is that of UTF-16 units. */
function byCodePoints(a, b) {
	const [left, right] = [Array.from(a), Array.from(b)].map((letters) => letters.map((letter) => letter.codePointAt(0)));
	for (let i = 0; i < Math.min(left.length, right.length); i++) if (left[i] !== right[i]) return left[i] - right[i];
	return left.length - right.length;
}
function parsed(text) {
	let content;
	try {
		content = JSON.parse(quotingNaN(text));
	} catch {
		throw invalid("not a parameter file: it is not JSON", "notParameters");
	}
	if (!isRecord(content)) throw invalid("not a parameter file: it is not an object with names", "notParameters");
	return content;
}
/** Returns JSON in which `NaN` and `Infinity`, which Python writes and JSON does not know, are strings, so that the
* error names the slider. */
function quotingNaN(text) {
	return text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (part) => part[0] === "\"" ? part : `"${part}"`);
}
function isRecord(value) {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
function record(value, name) {
	if (!isRecord(value)) throw wrongEntry(name, `'${name}' must be an object with names`);
	return value;
}
function number(value, name, schema) {
	if (value === void 0) throw wrongEntry(name, `'${name}' of schema '${schema.name}' is missing`);
	if (typeof value !== "number" || !(value >= 0 && value <= 1)) throw wrongEntry(name, `'${name}' must lie in [0, 1], found ${JSON.stringify(value)}`);
	return value;
}
function wrongEntry(name, message) {
	return invalid(message, "wrongEntry", { name });
}
function invalid(message, code, values = {}) {
	return new CharacterError("invalid-input", message, values, code);
}
// src/character/csvFile.ts
/** Returns a character as CSV: a row of names (`controller`, `group=option`) and a row of values. */
function toCsv(parameters) {
	return `${parameters.schema.parameterNames.map((name) => /[",\n]/.test(name) ? `"${name.replace(/"/g, "\"\"")}"` : name).join(",")}\n${Array.from(parameters.values, shortest).join(",")}\n`;
}
/** Reads the first character of CSV as f2p-deploy writes it; the columns may come in any order.
*
* @throws CharacterError `invalid-input`: no such table, or an unknown, missing or wrong column.
*/
function fromCsv(text, schema) {
	const [header, cells] = rows(text);
	const names = header?.map((name) => name.trim()) ?? [];
	if (!cells || names.length !== cells.length || names.length < 2) throw new CharacterError("invalid-input", "not a table of parameters: it needs a row of names and a row of values, separated by commas", {}, "notParameters");
	const known = schema.parameterNames;
	const unknown = names.find((name, i) => !known.includes(name) || names.indexOf(name) !== i);
	if (unknown !== void 0) throw wrongColumn(unknown);
	const values = known.map((name) => {
		const cell = cells[names.indexOf(name)]?.trim();
		const value = Number(cell);
		if (!cell || !(value >= 0 && value <= 1)) throw wrongColumn(name);
		return value;
	});
	return new Parameters(schema, Float32Array.from(values));
}
/** Returns the rows of CSV that are not empty; cells may be quoted. */
function rows(text) {
	const found = [[]];
	for (const [, quoted, plain, end] of text.replace(/^\ufeff/, "").matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/g)) {
		found.at(-1).push(quoted?.replace(/""/g, "\"") ?? plain);
		if (end !== ",") found.push([]);
	}
	return found.filter((row) => row.some((cell) => cell !== ""));
}
function wrongColumn(name) {
	return new CharacterError("invalid-input", `the column '${name}' is missing, unknown, given twice or not a number in [0, 1]`, { name }, "wrongEntry");
}
export { CharacterError, CharacterMaker, Parameters, Schema, fromCsv, fromJson, toCsv, toJson };
