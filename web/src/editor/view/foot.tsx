import { CharacterError } from "../../errors";
import type { Provider } from "../../networks/contract";
import type { Session } from "../session";
import { Button } from "./buttons";
import { useSession } from "./context";

/** The foot of the page: which bundle computes, and on what. */
export function Foot() {
  const session = useSession();
  const { say, backend } = session;
  const names: Readonly<Record<string, string>> = { wasm: say("processor"), webgpu: say("graphicsCard") };
  const computedBy = names[backend.computedBy] ?? backend.computedBy;
  const other: Provider = backend.computedBy === "webgpu" ? "wasm" : "webgpu";
  const offered = backend.providers && "gpu" in navigator;
  return (
    <footer class="fine">
      <p>{say("foot", { bundle: backend.bundle, computedBy })}</p>
      {offered && (
        <Button
          kind="quiet"
          label={say("computeWith", { provider: names[other] })}
          onPress={() => void computeWith(session, other)}
        />
      )}
    </footer>
  );
}

async function computeWith(session: Session, provider: Provider): Promise<void> {
  const { backend, say } = session;
  await session.run(say("checkingCard"), async () => {
    const able = await backend.providers?.();
    if (!able?.includes(provider)) throw new CharacterError("missing", "the graphics card fails", {}, "noGraphicsCard");
    await backend.computeWith?.(provider);
  });
}
