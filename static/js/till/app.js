// The till in memory: device, goods, session, keeper and basket, and which page is shown.

import { call } from "./api.js";
import { h, hush, icon, sheet, toast } from "./dom.js";
import { Basket, businessDay, offerOn } from "./sale.js";
import { Index } from "./search.js";
import * as store from "./store.js";
import { Sync } from "./sync.js";
import { clockText } from "./time.js";
import { language, speak, t } from "./words.js";

export class App {
  constructor(views) {
    this.views = views;
    this.main = document.getElementById("main");
    this.top = document.getElementById("top");
    this.sync = new Sync();
    this.basket = new Basket();
    this.variants = new Map();
    this.moved = new Map();
    this.lent = { left: {}, up_to: 0 };
    this.usedOffers = new Map();
    this.keeper = null;
    this.session = null;
    this.catalogue = null;
    this.page = { name: "", leave: null };
    this.sync.addEventListener("change", () => this.changed());
    this.sync.addEventListener("catalogue", () => this.loadCatalogue());
    this.sync.addEventListener("offers", () => this.loadCatalogue());
    this.sync.addEventListener("settled", (event) => this.settled(event.detail));
    this.sync.addEventListener("state", (event) => this.heardState(event.detail));
  }

  async load() {
    this.device = await store.get("device");
    this.session = (await store.get("session")) ?? null;
    this.basket = new Basket(await store.get("basket"));
    await this.loadCatalogue();
    // A reload in the middle of the day does not send the keeper away; a new window does.
    const unlocked = Number(sessionStorage.getItem("till-keeper"));
    this.keeper = (unlocked && this.catalogue?.keepers.find((k) => k.id === unlocked)) || null;
  }

  get day() {
    return businessDay(this.last);
  }

  async loadCatalogue() {
    this.last = await store.get("last");
    this.catalogue = (await store.get("catalogue")) ?? null;
    if (!this.catalogue) return;
    this.variants = new Map(this.catalogue.variants.map((v) => [v.id, v]));
    this.index = new Index(this.catalogue.variants, await store.soldCounts());
    if (this.keeper) this.keeper = this.catalogue.keepers.find((k) => k.id === this.keeper.id) ?? this.keeper;
    await this.countMoved();
    if (this.page.name !== "pay") {
      const changed = this.basket.reprice(this.variants);
      this.priceBasket();
      await this.saveBasket();
      if (changed) toast(t("basket.repriced"));
    }
    this.page.fresh?.();
  }

  // What this device has moved since the catalogue's figures were made.
  async countMoved() {
    const moved = new Map();
    const add = (id, n) => moved.set(id, (moved.get(id) ?? 0) + n);
    for (const event of await store.eventsAfter(this.catalogue?.up_to ?? 0)) {
      if (event.state !== "waiting" && event.state !== "done") continue;
      if (event.kind === "sale") for (const line of event.body.lines) add(line.variant_id, -line.quantity);
      if (event.kind === "return") for (const line of event.body.lines) if (line.restock) add(line.variant_id, line.quantity);
    }
    this.moved = moved;
    this.lent = (await store.get("lent")) ?? { left: {}, up_to: 0 };
    const used = new Map();
    for (const event of await store.eventsAfter(this.lent.up_to)) {
      if (event.kind !== "sale" || (event.state !== "waiting" && event.state !== "done")) continue;
      for (const one of event.body.discounts ?? []) if (one.offer_id) used.set(one.offer_id, (used.get(one.offer_id) ?? 0) + one.units);
    }
    this.usedOffers = used;
  }

  // The timed sale of a variant that this device may sell at now, with or without a network.
  offer(variant) {
    const now = Date.now() + (this.sync.status.skew ?? 0);
    return offerOn(variant, now, (id) => (this.lent.left[id] ?? 0) - (this.usedOffers.get(id) ?? 0));
  }

  priceBasket() {
    this.basket.price((id) => this.offer(this.variants.get(id)));
  }

  // The basket does without its code. Whether or not the server hears it now: it lets go what the next basket does not keep.
  dropCoupon() {
    const { coupon } = this.basket;
    if (!coupon) return;
    this.basket.setCoupon(null);
    call("code/let-go", { token: this.device.token, body: { uuid: coupon.uuid } }).catch(() => {});
  }

  // How many should still lie at this point, as far as this device knows.
  stock(variant) {
    return variant.stock + (this.moved.get(variant.id) ?? 0);
  }

  get discountPercent() {
    return Math.min(this.keeper?.discount_percent ?? 0, this.catalogue?.settings?.max_discount ?? 100);
  }

  saveBasket() {
    return store.set("basket", this.basket.lines.length ? this.basket.save() : undefined);
  }

  async settled(events) {
    const refused = events.filter((event) => event.state === "refused");
    const short = events.filter((event) => event.shortage?.length);
    if (refused.length) toast(t("queue.some-refused", { n: refused.length }), { kind: "bad", ms: 8000 });
    if (short.length) toast(t("queue.some-short", { n: short.length }), { kind: "warn", ms: 6000 });
    await this.countMoved();
  }

  async heardState(state) {
    if (!state.session || this.session || !this.device) return;
    if ((await store.countIn("waiting")) > 0) return; // its end may be under way
    const keeper = this.catalogue?.keepers.find((k) => k.id === state.session.keeper_id);
    const found = await store.adoptSession({
      uuid: state.session.uuid,
      keeper_id: state.session.keeper_id,
      keeper_name: keeper?.name ?? state.session.keeper_name ?? "",
      float_amount: state.session.float_amount ?? 0,
      opened_at: state.session.opened_at,
    });
    if (!found) return;
    this.session = found;
    if (this.page.name === "open") this.go("sell");
  }

  // --- pages ---------------------------------------------------------------------------------------------------------

  // The first page that may be shown now.
  home() {
    if (!this.device) return "enrol";
    if (this.sync.status.shutOut) return "shut";
    if (!this.catalogue) return "waiting";
    if (!this.keeper) return "keeper";
    return this.session ? "sell" : "open";
  }

  go(name = this.home(), values = {}) {
    this.page.leave?.();
    hush();
    this.main.className = `till-main page-${name}`;
    this.main.replaceChildren();
    this.page = { name };
    const made = this.views[name](this, this.main, values) ?? {};
    if (this.page.name !== name) return; // the page sent us on
    Object.assign(this.page, made);
    this.drawTop();
    document.title = `${this.main.querySelector("h1")?.textContent || t("till")} · Chợ Bến`;
    scrollTo(0, 0);
    if (!this.main.contains(document.activeElement)) this.main.focus({ preventScroll: true });
  }

  changed() {
    if (this.sync.status.shutOut && !["shut", "enrol"].includes(this.page.name)) return this.go("shut");
    this.drawStatus();
    this.page.changed?.();
  }

  lock() {
    sessionStorage.removeItem("till-keeper");
    this.keeper = null;
    this.go("keeper");
  }

  // --- the top line --------------------------------------------------------------------------------------------------

  places() {
    return [
      ["sell", "basket", t("nav.sell")],
      ["sales", "list", t("nav.sales")],
      ["returns", "return", t("nav.returns")],
      ["cash", "cash", t("nav.cash")],
      ["queue", "cloud", t("nav.queue")],
      ["close", "chart", t("nav.close")],
    ];
  }

  drawTop() {
    const inside = Boolean(this.keeper && this.session) && !["keeper", "open", "shut", "enrol", "waiting"].includes(this.page.name);
    this.top.hidden = !this.device;
    if (!this.device) return;
    this.status = h("button.till-status", { type: "button", onclick: () => (inside ? this.go("queue") : this.sync.now()) });
    const point = this.catalogue?.point?.name ?? this.device.point?.name ?? "";
    this.top.replaceChildren(
      h("p.till-where", {}, h("strong", {}, point), h("span", {}, this.keeper ? `${this.device.code} · ${this.keeper.name}` : this.device.code)),
      inside
        ? h(
            "nav.till-nav",
            { "aria-label": t("nav") },
            this.places().map(([name, picture, label]) =>
              h("button", { type: "button", onclick: () => this.go(name), ...(this.page.name === name ? { "aria-current": "page" } : {}) }, icon(picture), h("span", {}, label)),
            ),
          )
        : h("span.till-nav", {}),
      this.status,
      h("button.till-menu", { type: "button", "aria-label": t("menu"), "aria-haspopup": "dialog", onclick: () => this.menu(inside) }, icon("list"), h("span", {}, t("menu"))),
    );
    this.drawStatus();
  }

  drawStatus() {
    if (!this.status?.isConnected) return;
    const { online, waiting, refused, lastAt, skew, busy, trouble } = this.sync.status;
    const word = online === false ? t("status.offline") : trouble ? t("status.trouble") : online ? t("status.online") : t("status.unknown");
    this.status.dataset.state = refused || trouble || skew ? "bad" : online === false ? "off" : waiting ? "busy" : "ok";
    this.status.replaceChildren(
      h("span.till-status-dot", { "aria-hidden": "true" }),
      h("span.till-status-word", {}, word),
      h(
        "span.till-status-more",
        {},
        [
          waiting ? t("status.waiting", { n: waiting }) : "",
          refused ? t("status.refused", { n: refused }) : "",
          skew ? t("status.clock") : "",
          !waiting && !refused && !skew && lastAt ? t("status.last", { time: clockText(lastAt) }) : "",
        ]
          .filter(Boolean)
          .join(" · "),
      ),
    );
    this.status.setAttribute("aria-busy", String(busy));
  }

  menu(inside) {
    return sheet(
      t("menu"),
      (close) => {
        const row = (picture, label, act) =>
          h(
            "button.menu-row",
            {
              type: "button",
              onclick: () => {
                close();
                act();
              },
            },
            icon(picture),
            h("span", {}, label),
          );
        const other = language() === "vi" ? "en" : "vi";
        return h("div.menu-list", {}, [
          inside ? this.places().map(([name, picture, label]) => row(picture, label, () => this.go(name))) : row("cloud", t("queue.send-now"), () => this.sync.now()),
          inside ? row("bell", t("ask.title"), () => this.askSheet()) : null,
          row("globe", other === "en" ? "English" : "Tiếng Việt", async () => {
            await speak(other);
            this.go(this.page.name === "pay" ? "sell" : this.page.name);
          }),
          this.updateReady ? row("return", t("update.now"), () => this.update()) : null,
          this.keeper ? row("person", t("lock"), () => this.lock()) : null,
        ]);
      },
      { kind: "sheet-side" },
    );
  }

  // One tap writes down what a visitor wanted and we had not.
  async wanted(variant, text, quantity = 1) {
    const event = await store.addEvent("ask", {
      session: this.session?.uuid ?? null,
      variant_id: variant?.id ?? null,
      text: variant ? null : text.trim(),
      quantity,
      ...(this.keeper ? { keeper_id: this.keeper.id } : {}),
    });
    toast(t("ask.done", { what: variant?.name ?? text.trim() }));
    this.sync.now();
    return event;
  }

  askSheet(text = "") {
    return this.views.ask(this, text);
  }

  // --- new versions --------------------------------------------------------------------------------------------------

  offerUpdate(worker) {
    this.updateReady = worker;
    if (["keeper", "enrol", "waiting"].includes(this.page.name)) this.update();
  }

  update() {
    const worker = this.updateReady;
    if (!worker) return;
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    worker.postMessage({ skip: true });
  }
}

