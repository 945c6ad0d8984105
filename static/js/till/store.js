// What the device remembers: IndexedDB, one database. A sale gets its number in the same transaction that puts it into the
// queue, so that no number is lost and none is given twice, whatever is cut off and whenever.
//
// kv        lent (units of timed sales that this device holds), device, catalogue, counters {seq, number}, session, basket, last (instants of the server), tries (wrong PINs), trust
// events    the queue and its history: {id, uuid, kind, at, seq, body, device, state, code, message, reference, shortage}
//           state: waiting → done | refused; stranded: made under a device code that is no longer this one's
// sales     receipts by number: lines, tenders, secret, what came back
// sessions  by uuid: opened, float, closed, counted, and what the server said of it

import { stamp } from "./time.js";

const KEPT_DAYS = 40;

const promised = (request) =>
  new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });

let database;

export async function open() {
  const request = indexedDB.open("till", 1);
  request.onupgradeneeded = () => {
    const db = request.result;
    db.createObjectStore("kv");
    const events = db.createObjectStore("events", { keyPath: "id", autoIncrement: true });
    events.createIndex("state", "state");
    events.createIndex("uuid", "uuid", { unique: true });
    events.createIndex("session", "body.session");
    const sales = db.createObjectStore("sales", { keyPath: "number" });
    sales.createIndex("at", "at");
    sales.createIndex("session", "session");
    db.createObjectStore("sessions", { keyPath: "uuid" });
  };
  database = await promised(request);
  database.onversionchange = () => database.close();
}

// Runs `work(stores)` in one transaction and waits until it is on the disk. `work` awaits nothing but the stores.
async function together(names, mode, work) {
  const transaction = database.transaction(names, mode, { durability: "strict" });
  const ended = new Promise((done, fail) => {
    transaction.oncomplete = done;
    transaction.onerror = () => fail(transaction.error);
    transaction.onabort = () => fail(transaction.error ?? new Error("the device did not keep it"));
  });
  ended.catch(() => {});
  try {
    const stores = Object.fromEntries(names.map((name) => [name, transaction.objectStore(name)]));
    const result = await work(stores);
    await ended;
    return result;
  } catch (error) {
    try {
      transaction.abort();
    } catch {
      // It has ended already.
    }
    throw error;
  }
}

export const get = (key) => promised(database.transaction("kv").objectStore("kv").get(key));
export const set = (key, value) => together(["kv"], "readwrite", ({ kv }) => promised(value === undefined ? kv.delete(key) : kv.put(value, key)));

const NONE = { seq: 0, number: 0 };
const wholeNumber = (number) => Number(String(number ?? 0).match(/(\d+)$/)?.[1] ?? 0);
export const numberText = (code, n) => `${code}-${String(n).padStart(6, "0")}`;

// --- device ---------------------------------------------------------------------------------------------------------

// Keeps the device after it was enrolled. What waits under the same code goes on waiting; under another it is stranded.
export function enrolled(device, lastSeq, lastNumber) {
  return together(["kv", "events"], "readwrite", async ({ kv, events }) => {
    const before = await promised(kv.get("device"));
    const counters = (await promised(kv.get("counters"))) ?? NONE;
    const same = before?.code === device.code || (!before && counters.code === device.code);
    if (!same) {
      for (const event of await promised(events.index("state").getAll("waiting"))) events.put({ ...event, state: "stranded" });
      for (const key of ["session", "basket", "tries", "lent"]) kv.delete(key);
    }
    const seq = Math.max(same ? counters.seq : 0, lastSeq ?? 0);
    const number = Math.max(same ? counters.number : 0, wholeNumber(lastNumber));
    kv.put({ code: device.code, seq, number }, "counters");
    kv.put(device, "device");
    kv.delete("revoked");
  });
}

// Counters never fall behind what the server has seen of this device.
export function catchUp(lastSeq, lastNumber) {
  return together(["kv"], "readwrite", async ({ kv }) => {
    const counters = await promised(kv.get("counters"));
    if (!counters) return;
    const [seq, number] = [Math.max(counters.seq, lastSeq ?? 0), Math.max(counters.number, wholeNumber(lastNumber))];
    if (seq !== counters.seq || number !== counters.number) kv.put({ ...counters, seq, number }, "counters");
  });
}

export async function nextNumber() {
  const counters = await get("counters");
  return numberText(counters.code, counters.number + 1);
}

// --- the queue ------------------------------------------------------------------------------------------------------

async function append({ kv, events }, kind, body, at, local = undefined) {
  const counters = await promised(kv.get("counters"));
  if (!counters) throw new Error("the device is not enrolled");
  const seq = counters.seq + 1;
  kv.put({ ...counters, seq }, "counters");
  const event = { uuid: crypto.randomUUID(), kind, at, seq, body, device: counters.code, state: "waiting", local };
  event.id = await promised(events.add(event));
  return event;
}

export const addEvent = (kind, body) => together(["kv", "events"], "readwrite", (stores) => append(stores, kind, body, stamp()));

export function openSession(session) {
  return together(["kv", "events", "sessions"], "readwrite", async (stores) => {
    const at = stamp();
    await append(stores, "session-open", { session: session.uuid, keeper_id: session.keeper_id, float_amount: session.float_amount }, at);
    const row = { ...session, opened_at: at };
    stores.sessions.put(row);
    stores.kv.put(row, "session");
    return row;
  });
}

// A session the server knows and this device has forgotten goes on here.
export function adoptSession(session) {
  return together(["kv", "sessions"], "readwrite", async ({ kv, sessions }) => {
    const known = await promised(sessions.get(session.uuid));
    const row = known ?? { ...session, adopted: true };
    if (row.closed_at) return null;
    sessions.put(row);
    kv.put(row, "session");
    return row;
  });
}

export function closeSession(session, body, figures) {
  return together(["kv", "events", "sessions"], "readwrite", async (stores) => {
    const at = stamp();
    await append(stores, "session-close", { session: session.uuid, ...body }, at);
    const row = { ...session, closed_at: at, ...body, figures };
    stores.sessions.put(row);
    stores.kv.delete("session");
    stores.kv.delete("basket");
    return row;
  });
}

// Gives the sale its number, queues it and keeps its receipt; all of it or nothing.
export function recordSale(body, receipt) {
  return together(["kv", "events", "sales"], "readwrite", async (stores) => {
    const counters = await promised(stores.kv.get("counters"));
    const number = numberText(counters.code, counters.number + 1);
    stores.kv.put({ ...counters, number: counters.number + 1 }, "counters");
    const at = stamp();
    const event = await append(stores, "sale", { ...body, number }, at);
    const sale = { ...receipt, number, at, session: body.session, event: event.id, returned: [] };
    stores.sales.add(sale);
    stores.kv.delete("basket");
    return sale;
  });
}

// Queues a return; the receipt is changed too if it is of this device. `local` is what only the device's own report needs.
export function recordReturn(body, local) {
  return together(["kv", "events", "sales"], "readwrite", async (stores) => {
    const at = stamp();
    const event = await append(stores, "return", body, at, local);
    const sale = await promised(stores.sales.get(body.sale_number));
    if (sale) stores.sales.put({ ...sale, returned: [...sale.returned, { at, event: event.id, lines: body.lines, refund: body.refund }] });
    return event;
  });
}

export const waiting = (limit) => promised(database.transaction("events").objectStore("events").index("state").getAll("waiting", limit));
export const inState = (state) => promised(database.transaction("events").objectStore("events").index("state").getAll(state));
export const countIn = (state) => promised(database.transaction("events").objectStore("events").index("state").count(state));
export const eventsOf = (session) => promised(database.transaction("events").objectStore("events").index("session").getAll(session));
export const eventsAfter = (id) => promised(database.transaction("events").objectStore("events").getAll(IDBKeyRange.lowerBound(id, true)));
export const event = (id) => promised(database.transaction("events").objectStore("events").get(id));

// Everything up to this id has been answered by the server: a catalogue asked for now has it in its figures.
export async function answeredUpTo() {
  const events = database.transaction("events").objectStore("events");
  const [first] = await promised(events.index("state").getAll("waiting", 1));
  if (first) return first.id - 1;
  const cursor = await promised(events.openKeyCursor(null, "prev"));
  return cursor?.key ?? 0;
}

// Writes down what the server said of events: [{uuid, status, code, message, reference, shortage, …}].
export function settle(results) {
  return together(["events", "sessions", "sales"], "readwrite", async ({ events, sessions, sales }) => {
    const settled = [];
    for (const result of results) {
      const found = await promised(events.index("uuid").get(result.uuid));
      if (!found || (found.state !== "waiting" && found.state !== "refused")) continue;
      const { uuid, status, ...said } = result;
      const state = status === "refused" ? "refused" : "done";
      const next = { ...found, ...said, state };
      events.put(next);
      settled.push(next);
      if (found.kind === "session-close" && state === "done") {
        const session = await promised(sessions.get(found.body.session));
        if (session) sessions.put({ ...session, said });
      }
      if (found.kind === "return" && state === "refused") {
        const sale = await promised(sales.get(found.body.sale_number));
        if (sale) sales.put({ ...sale, returned: sale.returned.filter((r) => r.event !== found.id) });
      }
    }
    return settled;
  });
}

// Refused events go back into the queue: what stood in their way may be gone.
export function tryAgain(ids) {
  return together(["events"], "readwrite", async ({ events }) => {
    for (const id of ids) {
      const found = await promised(events.get(id));
      if (found?.state === "refused") events.put({ ...found, state: "waiting" });
    }
  });
}

// --- receipts and sessions ------------------------------------------------------------------------------------------

export const sale = (number) => promised(database.transaction("sales").objectStore("sales").get(number));
export const session = (uuid) => promised(database.transaction("sessions").objectStore("sessions").get(uuid));
export const sessions = () => promised(database.transaction("sessions").objectStore("sessions").getAll());
export const salesOf = (uuid) => promised(database.transaction("sales").objectStore("sales").index("session").getAll(uuid));

// Receipts newest first.
export async function sales(limit = 200) {
  const index = database.transaction("sales").objectStore("sales").index("at");
  const found = [];
  const request = index.openCursor(null, "prev");
  return new Promise((done, fail) => {
    request.onerror = () => fail(request.error);
    request.onsuccess = () => {
      const cursor = request.result;
      if (!cursor || found.length >= limit) return done(found);
      found.push(cursor.value);
      cursor.continue();
    };
  });
}

// How many of each variant this counter has sold lately, for the order of the shelf.
export async function soldCounts() {
  const counts = {};
  for (const row of await sales(300)) for (const line of row.lines) counts[line.variant_id] = (counts[line.variant_id] ?? 0) + line.quantity;
  return counts;
}

// Old receipts and answered events are let go; nothing that waits, was refused or is stranded ever is.
export function tidy(now = Date.now()) {
  const before = stamp(new Date(now - KEPT_DAYS * 86_400_000));
  return together(["events", "sales"], "readwrite", async ({ events, sales: kept }) => {
    const unsent = new Set();
    for (const row of await promised(events.getAll())) {
      if (row.state !== "done") unsent.add(row.id);
      else if (row.at < before) events.delete(row.id);
    }
    for (const row of await promised(kept.getAll())) if (row.at < before && !unsent.has(row.event)) kept.delete(row.number);
  });
}
