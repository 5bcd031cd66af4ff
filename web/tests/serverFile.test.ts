/** Files of a server that are not as they should be: each has its own error. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CharacterError } from "../src/errors";
import { readContract } from "../src/networks/contract";
import { importFile } from "../src/networks/serverFile";

const server = createServer(({ url }, answer) => answer.writeHead(url === "/cut.mjs" ? 200 : 404).end("export const a = "));
let folder = "";

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  folder = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => server.close());

it("says whether a module is damaged, or not there, or the server does not answer", async () => {
  await expect(importFile(folder, "cut.mjs")).rejects.toMatchObject({ kind: "damaged", code: "damaged" });
  const values = { name: "none.mjs", status: 404 };
  await expect(importFile(folder, "none.mjs")).rejects.toMatchObject({ kind: "missing", code: "notThere", values });
  await expect(importFile("http://127.0.0.1:9/", "a.mjs")).rejects.toMatchObject({ kind: "missing", code: "unreachable" });
});

it("names a damaged contract", () => {
  for (const text of ["{", "null", '{"format": 99}']) {
    expect(() => readContract(text)).toThrow(CharacterError);
    expect(() => readContract(text)).toThrow(/^contract.json is (damaged|of format)/);
  }
});
