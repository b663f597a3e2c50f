/** Keep the page on the device, and notice when a newer version is there. */

/**
 * Store the whole page for use without network, if the browser allows it.
 *
 * tell(state, waiting): called with "saving", "ready", "failed", "no_https" or "unsupported"
 * whenever that changes; and with "update" and the worker that `useUpdate` takes.
 */
export async function keepOffline(tell) {
  if (!window.isSecureContext) return tell("no_https");
  const workers = navigator.serviceWorker;
  if (!workers) return tell("unsupported");
  try {
    const kept = await workers.getRegistration();
    if (kept?.active) tell("ready");
    if (kept?.active && kept.waiting) tell("update", kept.waiting);
    const version = await newestVersion();
    if (version === null) return kept?.active ? undefined : tell("failed");
    // A new address makes the browser install anew; the same one is left as it is.
    const worker = `service-worker.js?version=${encodeURIComponent(version)}`;
    const registration = await workers.register(worker, { updateViaCache: "none" });
    registration.addEventListener("updatefound", () => watch(registration, tell));
    watch(registration, tell);
  } catch (error) {
    tell("failed");
    throw error;
  }
}

/** Let the newer version take over, and start the page again with it. */
export function useUpdate(waiting) {
  navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
  waiting.postMessage("take over");
}

async function newestVersion() {
  try {
    const response = await fetch("files.json", { cache: "no-store" });
    return response.ok ? (await response.json()).version : null;
  } catch {
    return null; // there is no network, which is what all this is for
  }
}

function watch(registration, tell) {
  const { installing, waiting, active } = registration;
  if (active && waiting) tell("update", waiting);
  if (!installing) return active && !waiting ? tell("ready") : undefined;
  if (!active) tell("saving");
  installing.addEventListener("statechange", () => {
    const { state } = installing;
    if (state === "installed" && registration.active) tell("update", installing);
    if (state === "activated") tell("ready");
    // A newer version that broke off leaves the older one as it was.
    if (state === "redundant" && !registration.active) tell("failed");
  });
}
