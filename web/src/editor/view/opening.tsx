import type { Say } from "../language";

/** What is shown until the editor is open, or why it cannot be. */
export function Opening(props: {
  readonly say: Say;
  readonly loading?: { readonly loaded: number; readonly total: number };
  readonly failed?: string;
  readonly onRetry?: () => void;
}) {
  const { say, loading, failed, onRetry } = props;
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
  const text = loading
    ? say("openingPart", { done: megabytes(loading.loaded), total: megabytes(loading.total) })
    : say("opening");
  return (
    <main class="opening">
      <h1>{say("title")}</h1>
      {failed ? (
        <>
          <p role="alert">{failed}</p>
          <button type="button" class="button primary" onClick={onRetry}>
            {say("tryAgain")}
          </button>
        </>
      ) : (
        <>
          <p id="opening-text">{text}</p>
          <progress aria-labelledby="opening-text" max={loading?.total} value={loading?.loaded} />
        </>
      )}
    </main>
  );
}
