/**
 * Serve the page from the device.
 *
 * Each version has a cache of its own, named after the version in this worker's address. It is used
 * only once every file of files.json is in it with the right content, so that a download that breaks
 * off never harms the version that is installed; the next attempt goes on where it broke off.
 */

const VERSION = new URL(self.location.href).searchParams.get("version");
const OURS = `kigezi ${self.registration.scope} `; // other pages may live on the same server
const CACHE = OURS + VERSION;
const CONTENT = "x-content-sha256";

self.addEventListener("install", (event) => event.waitUntil(download()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("message", (event) => {
  if (event.data === "take over") self.skipWaiting();
});
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  const path = url.split(/[?#]/)[0];
  const inside = path.startsWith(self.registration.scope);
  // The list tells whether there is a newer version, so it never comes from here.
  if (method !== "GET" || !inside || path.endsWith("/files.json")) return;
  event.respondWith(serve(event.request, path.endsWith("/") ? `${path}index.html` : path));
});

async function serve(request, path) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}

async function download() {
  const response = await fetch("files.json", { cache: "no-store" });
  const { version, files } = await response.json();
  if (version !== VERSION) throw new Error(`Version ${version} is there instead of ${VERSION}.`);
  const cache = await caches.open(CACHE);
  const names = (await caches.keys()).filter((name) => name.startsWith(OURS));
  const kept = await Promise.all(names.map((name) => caches.open(name)));
  // One after the other: over a thin link, what is complete stays when the link breaks.
  for (const [path, sha256] of Object.entries(files)) {
    const same = (await held(kept, path, sha256)) ?? (await fetchExactly(path, sha256));
    await cache.put(path, same);
  }
}

async function held(kept, path, sha256) {
  for (const cache of kept) {
    const response = await cache.match(path);
    if (response?.headers.get(CONTENT) === sha256) return response;
  }
  return null;
}

async function fetchExactly(path, sha256) {
  // The page has just fetched most files itself; ask the network where its copy is an old one.
  for (const cache of ["default", "reload"]) {
    const response = await fetch(path, { cache });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
    const bytes = await response.arrayBuffer();
    if ((await digest(bytes)) === sha256) {
      const type = response.headers.get("content-type") ?? "application/octet-stream";
      return new Response(bytes, { headers: { "content-type": type, [CONTENT]: sha256 } });
    }
  }
  throw new Error(`${path} is not the file that files.json tells of.`);
}

async function digest(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function takeOver() {
  for (const name of await caches.keys()) {
    if (name.startsWith(OURS) && name !== CACHE) await caches.delete(name);
  }
  await self.clients.claim();
}
