import { languageOf } from "../language";
import { texts, type Language } from "../texts";

/** The colours of the page: the system's, or chosen ones. */
export type Scheme = "auto" | "light" | "dark";

const LANGUAGE = "f2p-deploy-language";
const SCHEME = "f2p-deploy-colours";

/** Returns the language that was chosen on this device, else the first of the browser's that the page has. */
export function chosenLanguage(): Language {
  const chosen = read(LANGUAGE);
  return chosen && chosen in texts ? (chosen as Language) : languageOf(navigator.languages);
}

/** Keeps a chosen language on this device. */
export function keepLanguage(language: Language): void {
  write(LANGUAGE, language);
}

/** Returns the colours that were chosen on this device. */
export function chosenScheme(): Scheme {
  const chosen = read(SCHEME);
  return chosen === "light" || chosen === "dark" ? chosen : "auto";
}

/** Keeps chosen colours on this device and shows them. */
export function keepScheme(scheme: Scheme): void {
  write(SCHEME, scheme);
  showScheme(scheme);
}

/** Shows colours. */
export function showScheme(scheme: Scheme): void {
  if (scheme === "auto") delete document.documentElement.dataset["scheme"];
  else document.documentElement.dataset["scheme"] = scheme;
}

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a value; where the browser keeps nothing, it holds until the page is closed. */
function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    return;
  }
}
