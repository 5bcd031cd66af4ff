/** The page's requests to the server of `f2p-deploy edit`, against a small HTTP server with its answers. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { ServerBackend, type ServerSession } from "../src/editor/serverBackend";

const SESSION: ServerSession = {
  schema: {
    name: "small",
    fingerprint: "f",
    controllers: [{ name: "nose.width", group: "nose", standard: 0.5, low: -1, high: 1 }],
    discrete: [{ name: "hair", options: ["none", "long"], standard: "none" }],
  },
  imageSize: 2,
  unread: [],
  modes: ["one-shot", "hybrid"],
  bundle: "small",
  computedBy: "a test",
  engine: null,
  saves: true,
  start: { name: "anna", parameters: { values: [0.25, 0, 1], locked: ["hair"] }, version: "1", photo: null },
};

type Answer = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

const json = (content: unknown, status = 200): Answer => (_request, _body, response) => {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(content));
};
const picture: Answer = (_request, _body, response) => {
  response.writeHead(200, { "x-width": "1", "x-height": "2" }).end(Buffer.from([1, 2, 3, 4, 5, 6]));
};

/** Answers by method and path, which a test may replace. */
const answers: Record<string, Answer> = {};
const asked: { what: string; body: Buffer }[] = [];
const server = createServer(async (request, response) => {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const what = `${request.method} ${request.url}`;
  asked.push({ what, body: Buffer.concat(parts) });
  (answers[what] ?? json({ error: { kind: "invalid-input", message: what, values: {}, code: "" } }, 400))(
    request,
    Buffer.concat(parts),
    response,
  );
});

let base = "";
beforeAll(async () => {
  vi.stubGlobal("EventSource", class {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  answers["GET /api/session"] = json(SESSION);
});
afterAll(() => {
  vi.unstubAllGlobals();
  server.close();
});

const never = new AbortController().signal;
const last = () => asked[asked.length - 1];

it("opens what the server has opened", async () => {
  const backend = await ServerBackend.open(base);
  expect(backend.schema.count).toBe(3);
  expect(backend.start.name).toBe("anna");
  expect([...backend.start.parameters!.values]).toEqual([0.25, 0, 1]);
  expect([...backend.start.parameters!.locked]).toEqual(["hair"]);
  expect(backend.start.photo).toBeUndefined();
});

it("opens a photo that was named as if it were dropped", async () => {
  answers["GET /api/session"] = json({ ...SESSION, saves: false, start: { name: "anna", dropped: "anna é.jpg" } });
  answers["GET /api/dropped"] = (_request, _body, response) => void response.writeHead(200).end("photo");
  const { start, save } = await ServerBackend.open(base);
  answers["GET /api/session"] = json(SESSION);
  expect(start.dropped!.name).toBe("anna é.jpg");
  expect(await start.dropped!.file.text()).toBe("photo");
  expect(save).toBeNull();
});

it("draws little-endian float32 and reads RGB", async () => {
  answers["POST /api/draw"] = picture;
  const backend = await ServerBackend.open(base);
  const drawn = await backend.draw(backend.start.parameters!);
  expect([...last().body]).toEqual([0, 0, 128, 62, 0, 0, 0, 0, 0, 0, 128, 63]);
  expect([drawn.width, drawn.height, ...drawn.pixels]).toEqual([1, 2, 1, 2, 3, 255, 4, 5, 6, 255]);
});

it("opens a photo and makes a character, told of every step", async () => {
  const photo = { id: "1", faces: 2, warnings: [], suits: "hybrid" };
  answers["POST /api/photo?name=a%20%26%20b.jpg"] = json(photo);
  answers["GET /api/face/1"] = picture;
  answers["POST /api/make"] = (_request, _body, response) => {
    response.writeHead(200);
    // Lines do not come in whole pieces.
    response.write('{"progress": {"done": 1, "total": 2, "loss": 0.5}}\n{"prog');
    setTimeout(() => {
      response.write('ress": {"done": 2, "total": 2, "loss": 0.25}}\n');
      response.end('{"result": {"values": [0.75, 1, 0], "probabilities": [0.75, 0.9, 0.1], "losses": [0.5, 0.25, 0.2]}}\n');
    }, 20);
  };
  const backend = await ServerBackend.open(base);
  const opened = await backend.openPhoto(new Blob(["photo"]), "a & b.jpg", never);
  expect([opened.faces, opened.face.width, opened.face.height]).toEqual([2, 1, 2]);
  const steps: number[] = [];
  const made = await backend.make(opened, "hybrid", backend.start.parameters!, ({ done }) => steps.push(done), never);
  expect(JSON.parse(last().body.toString())).toEqual({
    photo: "1",
    mode: "hybrid",
    keep: { values: [0.25, 0, 1], locked: ["hair"] },
  });
  expect(steps).toEqual([1, 2]);
  expect([...made.parameters.values]).toEqual([0.75, 1, 0]);
  expect(made.losses).toEqual([0.5, 0.25, 0.2]);
});

it("saves with the version of the file that was opened, and of the one that was saved", async () => {
  const backend = await ServerBackend.open(base);
  const versions = async () => {
    await backend.save!(backend.start.parameters!, { entry: null });
    return (JSON.parse(last().body.toString()) as { version: string; overwrite: boolean }).version;
  };
  answers["POST /api/save"] = json({ path: "/out/anna/parameters.json", version: "2", warning: null });
  expect([await versions(), await versions()]).toEqual(["1", "2"]);
  answers["GET /api/entry/ben%20%26%20co"] = json({ ...SESSION.start, version: "7" });
  const entry = await backend.openEntry("ben & co", never);
  const saved = await backend.save!(entry.parameters, { entry: "ben & co", overwrite: true });
  expect(saved).toEqual({ path: "/out/anna/parameters.json", warning: null });
  expect(JSON.parse(last().body.toString())).toEqual({
    entry: "ben & co",
    version: "7",
    overwrite: true,
    values: [0.25, 0, 1],
    locked: ["hair"],
  });
});

it("rejects with the server's error, with one of its own if the server has gone, and if it was stopped", async () => {
  const backend = await ServerBackend.open(base);
  answers["POST /api/kept"] = json({ error: { kind: "invalid-input", message: "no", values: {}, code: "changedOnDisk" } }, 409);
  await expect(backend.setKept("anna", true)).rejects.toMatchObject({ kind: "invalid-input", code: "changedOnDisk" });
  answers["POST /api/kept"] = (request) => request.socket.destroy();
  await expect(backend.setKept("anna", true)).rejects.toMatchObject({ kind: "missing", code: "serverEnded" });
  answers["GET /api/thumbnail/anna"] = () => undefined;
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 20);
  await expect(backend.thumbnail("anna", stop.signal)).rejects.toMatchObject({ kind: "stopped" });
  answers["POST /api/make"] = (_request, _body, response) => void response.writeHead(200).end('{"progress": {"done": 1}}\n');
  const photo = { id: "1", face: { width: 0, height: 0, pixels: new Uint8ClampedArray() } } as never;
  await expect(backend.make(photo, "hybrid", null, () => undefined, never)).rejects.toMatchObject({ code: "serverEnded" });
  answers["POST /api/make"] = (_request, _body, response) =>
    void response.writeHead(200).end('{"error": {"kind": "no-face", "message": "no", "values": {}, "code": "noFace"}}\n');
  await expect(backend.make(photo, "hybrid", null, () => undefined, never)).rejects.toMatchObject({ code: "noFace" });
});
