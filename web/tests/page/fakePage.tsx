/** The page with the fake backend; the address says what it does, as `?server&sheet`. */

import { CharacterError } from "../../src/errors";
import { startPage } from "../../src/editor/startPage";
import { FakeBackend, type Wishes } from "./fakeBackend";

const wishes = Object.fromEntries(
  [...new URLSearchParams(location.search)].map(([name, value]) => [name, value || true]),
) as Wishes & { closed?: boolean };

void startPage(async () => {
  if (wishes.closed) throw new CharacterError("missing", "no answer", {}, "unreachable");
  return new FakeBackend(wishes);
});
