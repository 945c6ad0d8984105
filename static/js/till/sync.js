// Sends the queue in order, a batch at a time, and fetches the catalogue. Runs in the one tab that is the till.
//
// A batch whose answer is lost is sent again: the server knows every event by its uuid. An event the server cannot read at
// all is set aside alone, so that it does not hold up the others.

import { call, Offline, Refused, ShutOut } from "./api.js";
import * as store from "./store.js";
import { stamp } from "./time.js";

const BATCH = 50;
const REST = 30_000; // between two looks at the server
const LONGEST_WAIT = 15_000; // after a failure: 2 s, 4 s, 8 s, then this
const STALE = 5 * 60_000; // a catalogue older than this is asked for again
const FRESH = 60_000; // what is held of timed sales is asked for again after this
const SKEW = 5 * 60_000; // clocks further apart than this are shown

export class Sync extends EventTarget {
  constructor() {
    super();
    this.status = { online: null, busy: false, waiting: 0, refused: 0, lastAt: null, skew: 0, shutOut: null, trouble: "" };
    this.failures = 0;
    this.timer = 0;
    this.running = null;
    this.device = null;
    this.stopped = true;
  }

  async start(device) {
    this.device = device;
    this.stopped = false;
    const last = await store.get("last");
    Object.assign(this.status, { lastAt: last?.at ?? null, skew: last?.skew ?? 0, shutOut: null, online: null });
    await this.count();
    if (!this.listening) {
      this.listening = true;
      addEventListener("online", () => {
        this.failures = 0;
        this.now();
      });
      addEventListener("offline", () => this.tell({ online: false }));
    }
    return this.now();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
  }

  tell(changes) {
    Object.assign(this.status, changes);
    this.dispatchEvent(new Event("change"));
  }

  async count() {
    this.tell({ waiting: await store.countIn("waiting"), refused: (await store.countIn("refused")) + (await store.countIn("stranded")) });
  }

  // Synchronises now, or after the run that is under way; several calls become one.
  now({ catalogue = false } = {}) {
    if (this.stopped) return Promise.resolve();
    this.wanted = { catalogue: catalogue || this.wanted?.catalogue };
    clearTimeout(this.timer);
    this.running ??= this.run().finally(() => {
      this.running = null;
      const rest = this.failures ? Math.min(LONGEST_WAIT, 1000 * 2 ** this.failures) : REST;
      if (!this.stopped) this.timer = setTimeout(() => this.now(), rest);
    });
    return this.running;
  }

  async run() {
    this.tell({ busy: true });
    try {
      while (this.wanted && !this.stopped) {
        const { catalogue } = this.wanted;
        this.wanted = null;
        const sent = await this.send();
        if (!sent) await this.look();
        await this.fetchCatalogue(catalogue || sent > 0);
        await this.fetchOffers(catalogue || sent > 0);
      }
      this.failures = 0;
      this.tell({ online: true, trouble: "" });
    } catch (error) {
      this.wanted = null;
      this.failures += 1;
      if (error instanceof ShutOut) {
        await store.set("revoked", { code: error.code, at: stamp() });
        this.stop();
        this.tell({ online: true, shutOut: error.code });
      } else if (error instanceof Offline) this.tell({ online: false, trouble: "" });
      else if (error instanceof Refused) this.tell({ online: true, trouble: error.message });
      else {
        this.tell({ trouble: String(error) });
        throw error;
      }
    } finally {
      await this.count();
      this.tell({ busy: false });
    }
  }

  // Sends everything that waits; gives how many events were answered.
  async send() {
    let answered = 0;
    let size = BATCH;
    while (!this.stopped) {
      const events = await store.waiting(size);
      if (!events.length) break;
      try {
        answered += await this.sendBatch(events);
        size = Math.min(BATCH, size * 2);
      } catch (error) {
        const unreadable = error instanceof Refused && !(error instanceof ShutOut) && [400, 413, 422].includes(error.status);
        if (!unreadable) throw error;
        if (events.length === 1) {
          await store.settle([{ uuid: events[0].uuid, status: "refused", code: error.code, message: error.message }]);
          answered += 1;
        } else size = Math.max(1, Math.floor(events.length / 2));
      }
    }
    return answered;
  }

  async sendBatch(events) {
    const started = Date.now();
    const { said } = await call("sync", {
      token: this.device.token,
      body: {
        device: this.device.code,
        sent_at: stamp(),
        batch: crypto.randomUUID(),
        events: events.map(({ uuid, kind, at, seq, body }) => ({ uuid, kind, at, seq, body })),
      },
      patience: 60_000,
    });
    const settled = await store.settle(said.results);
    await store.catchUp(said.last_seq, said.last_number);
    await this.heard(said.now, started);
    await this.count();
    this.dispatchEvent(new CustomEvent("settled", { detail: settled }));
    if (!settled.length) throw new Offline("the answer names none of what was sent");
    return settled.length;
  }

  async look() {
    const started = Date.now();
    const { said } = await call("state", { token: this.device.token });
    await store.catchUp(said.last_seq, said.last_number);
    await this.heard(said.now, started);
    this.dispatchEvent(new CustomEvent("state", { detail: said }));
  }

  // Keeps when the server was last heard and how far its clock is from ours (positive: ours is behind).
  async heard(now, started) {
    const ended = Date.now();
    const skew = Date.parse(now) - (started + ended) / 2;
    const last = { at: ended, server: now, skew: Math.abs(skew) > SKEW ? Math.round(skew) : 0 };
    await store.set("last", last);
    this.tell({ online: true, lastAt: ended, skew: last.skew });
  }

  // How many units of each timed sale this device may sell at its price; what it holds is nobody else's.
  async fetchOffers(wanted) {
    const [catalogue, lent] = [await store.get("catalogue"), await store.get("lent")];
    if (!catalogue?.variants.some((v) => v.offers) && !Object.keys(lent?.left ?? {}).length) return;
    if (!wanted && lent && Date.now() - lent.at < FRESH) return;
    const upTo = await store.answeredUpTo();
    const { said } = await call("offers", { token: this.device.token, body: {} });
    await store.set("lent", { left: Object.fromEntries(said.offers.map((o) => [o.id, o.left])), up_to: upTo, at: Date.now() });
    this.dispatchEvent(new Event("offers"));
  }

  async fetchCatalogue(wanted) {
    const known = await store.get("catalogue");
    if (known && !wanted && Date.now() - known.fetched_at < STALE) return;
    const upTo = await store.answeredUpTo();
    const { fresh, said, etag } = await call(`catalogue${known ? `?since=${encodeURIComponent(known.version)}` : ""}`, {
      token: this.device.token,
      etag: known?.etag,
      patience: 60_000,
    });
    if (!fresh || !said.variants) {
      await store.set("catalogue", { ...known, up_to: upTo, fetched_at: Date.now() });
    } else {
      await store.set("catalogue", { ...said, etag, up_to: upTo, fetched_at: Date.now() });
    }
    this.dispatchEvent(new Event("catalogue"));
  }
}
