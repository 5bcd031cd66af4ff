import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Session } from "../session";

/** The session of the page; the whole page is drawn anew when it changes. */
export const SessionContext = createContext<Session | null>(null);

/** Returns the session. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("there is no session here");
  return session;
}
