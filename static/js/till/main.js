// The start of the till: words, the one tab that is the till, storage, service worker, first page.

import { App } from "./app.js";
import { button, h, toast } from "./dom.js";
import { listen } from "./scan.js";
import * as store from "./store.js";
import { speak, t } from "./words.js";
import { ask, cash, close, open, report } from "./shift.js";
import { enrol, keeper, shut, waiting } from "./entry.js";
import { pay, paid } from "./pay.js";
import { queue } from "./queue.js";
import { returns, sales, sale } from "./sales.js";
import { sell } from "./sell.js";

const views = { ask, cash, close, enrol, keeper, open, paid, pay, queue, report, returns, sale, sales, sell, shut, waiting };
const main = document.getElementById("main");

const chosenLanguage = () => {
  const asked = new URLSearchParams(location.search).get("lang");
  const kept = localStorage.getItem("till-language");
  return [asked, kept].find((l) => l === "vi" || l === "en") ?? "vi";
};

// One tab at a time is the till; it holds a lock as long as it lives. Gives false if another tab has it.
function become({ steal = false } = {}) {
  return new Promise((done) => {
    navigator.locks
      .request("till", steal ? { steal: true } : { ifAvailable: true }, (lock) => {
        done(Boolean(lock));
        return lock ? new Promise(() => {}) : undefined;
      })
      .catch(() => stepBack()); // another tab took it
  });
}

let app;

function stepBack() {
  app?.sync.stop();
  for (const sheet of document.querySelectorAll("dialog")) sheet.remove();
  elsewhere();
}

function elsewhere() {
  document.getElementById("top").hidden = true;
  main.className = "till-main page-elsewhere";
  main.replaceChildren(
    h(
      "section.till-card",
      {},
      h("h1", {}, t("elsewhere.title")),
      h("p", {}, t("elsewhere.text")),
      h(
        "div.sheet-do",
        {},
        button(
          t("elsewhere.here"),
          async () => {
            await become({ steal: true });
            await begin();
          },
          { kind: "btn-primary" },
        ),
      ),
    ),
  );
}

function broken(title, text) {
  main.replaceChildren(h("section.till-card", {}, h("h1", {}, title), h("p", {}, text), h("div.sheet-do", {}, button(t("reload"), () => location.reload(), { kind: "btn-primary" }))));
}

async function keepWorker(app) {
  if (!("serviceWorker" in navigator)) return;
  const found = await navigator.serviceWorker.register("/till/sw.js", { scope: "/till", updateViaCache: "none" });
  const offer = () => found.waiting && navigator.serviceWorker.controller && app.offerUpdate(found.waiting);
  offer();
  found.addEventListener("updatefound", () => found.installing?.addEventListener("statechange", offer));
  setInterval(() => navigator.onLine && found.update().catch(() => {}), 60 * 60_000);
}

const IDLE = 20 * 60_000; // ms without a touch until the keeper is asked for the PIN again

// A till that nobody has touched for a while locks itself; the session and the basket stay.
function lockWhenIdle() {
  let touched = Date.now();
  for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => (touched = Date.now()), { capture: true, passive: true });
  setInterval(() => {
    if (Date.now() - touched < IDLE || !app.keeper || app.page.name === "pay" || document.querySelector("dialog[open], .page-elsewhere")) return;
    app.lock();
    toast(t("lock.idle"), { ms: 60_000 });
  }, 20_000);
}

let listening = false;

async function begin() {
  try {
    await store.open();
  } catch {
    return broken(t("storage.title"), t("storage.text"));
  }
  app = new App(views);
  await app.load();
  const revoked = await store.get("revoked");
  if (revoked) app.sync.tell({ shutOut: revoked.code });
  if (!listening) {
    listening = true;
    lockWhenIdle();
    listen((text) => !document.querySelector("dialog[open]") && app.page.scan?.(text));
  }
  // The office's QR code holds the enrolment code behind the #, so that no server's log sees it.
  const code = new URLSearchParams(location.hash.slice(1)).get("code") ?? new URLSearchParams(location.search).get("ma") ?? "";
  if (location.search || location.hash) history.replaceState(null, "", "/till");
  app.go(code && (!app.device || revoked) ? "enrol" : undefined, { code });
  document.documentElement.dataset.ready = "yes";
  if (app.device && !revoked) {
    app.sync.start(app.device);
    store.tidy();
    navigator.storage?.persist?.();
  }
  keepWorker(app).catch(() => {});
}

try {
  await speak(chosenLanguage());
  if (!globalThis.crypto?.subtle || !navigator.locks) broken(t("storage.title"), t("storage.insecure"));
  else if (await become()) await begin();
  else elsewhere();
} catch (error) {
  main.replaceChildren(h("p", {}, String(error)));
  throw error;
}
