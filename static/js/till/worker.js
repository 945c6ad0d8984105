// The service worker of the till. VERSION and SHELL stand before this text: the server puts them there (shop/till/till/shell.py).
// The shell is kept whole, under one version; the API is never kept.

const NAME = `till-${VERSION}`;
const KEPT = new Set(SHELL);

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches.open(NAME).then((cache) => cache.addAll(SHELL.map((url) => new Request(url, { cache: url.startsWith("/static/") ? "default" : "reload", credentials: "omit" })))),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      for (const name of await caches.keys()) if (name.startsWith("till-") && name !== NAME) await caches.delete(name);
      await self.clients.claim();
    })(),
  );
});

self.addEventListener("message", (event) => {
  if (event.data?.skip) self.skipWaiting();
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  const shell = request.mode === "navigate" && url.pathname === "/till";
  if (!shell && !KEPT.has(url.pathname)) return;
  event.respondWith(
    (async () => {
      const cache = await caches.open(NAME);
      return (await cache.match(shell ? "/till" : url.pathname)) ?? fetch(request);
    })(),
  );
});
