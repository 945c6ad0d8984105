// The page one sells on: finding goods at the left, the basket at the right (on a phone: above and below).

import { ask, asset, button, field, h, icon, moneyField, sheet, stars, tell, toast } from "./dom.js";
import { vnd } from "./money.js";
import { expires } from "./paper.js";
import { certificateProblem, lotsOn, MOST, starsOn } from "./sale.js";
import { camera, hasCamera } from "./scan.js";
import { dayText } from "./time.js";
import { t } from "./words.js";

const SHOWN = 40; // cards at once; more on asking

export function sell(app, main) {
  if (!app.keeper || !app.session) return void app.go();
  const find = h("input.control.sell-search", {
    type: "search", id: "find", autocomplete: "off", autocapitalize: "none", spellcheck: "false", enterkeyhint: "search", placeholder: t("sell.find-hint"), "aria-label": t("sell.find"), data: { testid: "till-search" },
  });
  const grid = h("div.sell-grid", { "aria-label": t("sell.goods"), role: "group" });
  const notice = h("div", { role: "alert" });
  const basket = h("aside.sell-basket", { "aria-label": t("basket") });
  const bar = h("div.sell-bar");
  const page = h(
    "div.sell",
    {},
    h(
      "section.sell-goods",
      {},
      h("h1.visually-hidden", {}, t("nav.sell")),
      h("div.sell-find", { role: "search" }, icon("search"), find, hasCamera() ? h("button.btn.sell-camera", { type: "button", "aria-label": t("scan.camera"), onclick: openCamera }, icon("camera")) : null),
      notice,
      grid,
    ),
    basket,
    bar,
  );

  let limit = SHOWN;
  const drawGoods = () => {
    const found = app.index.find(find.value);
    const day = app.day;
    const cards = found.slice(0, limit).map((variant) => card(app, variant, day, add));
    if (found.length > limit)
      cards.push(
        h("button.sell-more", { type: "button", onclick: () => {
          limit += SHOWN;
          drawGoods();
        } }, t("sell.more", { n: found.length - limit })),
      );
    if (!found.length) cards.push(nothing(t("sell.nothing", { q: find.value.trim() }), find.value));
    grid.replaceChildren(...cards);
  };
  const nothing = (text, wanted) =>
    h(
      "div.sell-nothing",
      {},
      h("p", {}, text),
      button(t("ask.one"), async () => {
        await app.wanted(null, wanted);
        notice.replaceChildren();
        clear();
      }, { picture: "bell" }),
    );
  const clear = () => {
    find.value = "";
    limit = SHOWN;
    drawGoods();
  };

  async function add(variant, { lot = null, quantity = 1 } = {}) {
    notice.replaceChildren();
    const problem = certificateProblem(variant, app.day);
    if (problem) {
      const day = variant.certificate.expires_on;
      await tell(t("certificate.stop"), [variant.name, problem === "lapsed" ? t("certificate.lapsed", { day: dayText(day) }) : t("certificate.missing")], { kind: "sheet-stop" });
      return false;
    }
    if (variant.alcohol && !app.basket.adult) {
      const adult = await ask(t("age.title"), [variant.name, t("age.text")], [[true, t("age.yes"), "btn-primary"], [false, t("age.no")]]);
      if (!adult) return false;
      app.basket.adult = true;
    }
    const line = app.basket.add(variant, quantity, lot?.code ?? null);
    if (!line) {
      toast(t("basket.too-many", { n: MOST }), { kind: "bad" });
      return false;
    }
    if (app.basket.of(variant.id) > app.stock(variant)) toast(t("sell.over", { n: Math.max(0, app.stock(variant)), what: variant.name }), { kind: "warn" });
    await changed(line);
    return true;
  }

  async function changed(line) {
    if (app.basket.checkDiscount(app.discountPercent)) toast(t("discount.gone"), { kind: "warn" });
    if (!app.basket.lines.some((l) => l.alcohol)) app.basket.adult = false;
    drawBasket(line);
    drawGoods();
    await app.saveBasket();
  }

  const scan = async (text) => {
    const found = app.index.scanned(text);
    if (found?.number) return app.go("returns", { number: found.number });
    clear();
    if (!found) {
      notice.replaceChildren(h("div.notice.notice-bad", {}, nothing(t("scan.nothing", { code: text }), text)));
      notice.scrollIntoView({ block: "nearest" });
      return;
    }
    if (await add(found.variant, { lot: found.lot })) toast(t("sell.added", { what: found.variant.name }), { ms: 1500 });
  };

  async function openCamera() {
    const text = await camera();
    if (text) scan(text);
  }

  find.addEventListener("input", () => {
    limit = SHOWN;
    notice.replaceChildren();
    drawGoods();
  });
  find.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
    if (event.key !== "Enter" || !find.value.trim()) return;
    const exact = app.index.scanned(find.value);
    if (exact || /^\d{8,14}$/.test(find.value.trim())) return scan(find.value.trim());
    const found = app.index.find(find.value);
    if (found.length) add(found[0]).then((added) => added && clear());
  });

  function drawBasket(touched) {
    const { lines, count, total, subtotal, discountAmount } = app.basket;
    const focus = document.activeElement?.dataset?.key;
    main.dataset.count = String(count);
    const list = h("ul.basket-lines", { role: "list" }, lines.map((line) => basketLine(app, line, changed)));
    basket.replaceChildren(
      h(
        "div.basket-head",
        {},
        h("h2", {}, t("basket"), count ? h("span.basket-count", { data: { testid: "till-count" } }, String(count)) : null),
        h("button.btn.basket-back", { type: "button", onclick: () => page.removeAttribute("data-open") }, icon("back"), h("span", {}, t("basket.more"))),
      ),
      lines.length ? list : h("div.basket-empty", {}, h("img", { src: asset("img/empty-basket.svg"), alt: "", width: 160, height: 120 }), h("p", {}, t("basket.empty"))),
      h(
        "div.basket-foot",
        {},
        lines.length
          ? [
              h(
                "div.basket-discount",
                {},
                button(discountAmount ? t("discount.change") : t("discount"), discount, { picture: "chart", disabled: !app.discountPercent, title: app.discountPercent ? null : t("discount.not-yours") }),
                button(t("basket.clear"), empty, { kind: "btn-plain" }),
              ),
              discountAmount
                ? [
                    h("p.basket-sum", {}, h("span", {}, t("receipt.subtotal")), h("span.num", {}, vnd(subtotal))),
                    h("p.basket-sum", {}, h("span", {}, t("receipt.discount")), h("span.num", {}, vnd(-discountAmount))),
                  ]
                : null,
            ]
          : null,
        h("p.basket-total", {}, h("span", {}, t("receipt.total")), h("strong.num", { data: { testid: "till-total" } }, vnd(total))),
        button(t("pay.go"), () => app.go("pay"), { kind: "btn-primary.btn-large.btn-wide", disabled: !lines.length, data: { testid: "till-pay" } }),
      ),
    );
    bar.replaceChildren(
      h("button.bar-basket", { type: "button", onclick: () => page.toggleAttribute("data-open") }, icon("basket"), h("span", {}, t("basket.count", { n: count })), h("strong.num", {}, vnd(total))),
      button(t("pay.go"), () => app.go("pay"), { kind: "btn-primary", disabled: !lines.length, data: { testid: "till-pay-bar" } }),
    );
    if (!lines.length) page.removeAttribute("data-open");
    if (focus) basket.querySelector(`[data-key="${CSS.escape(focus)}"]`)?.focus();
    if (touched) list.children[lines.indexOf(touched)]?.scrollIntoView({ block: "nearest" });
  }

  async function empty() {
    const sure = await ask(t("basket.clear"), t("basket.clear-sure"), [[true, t("basket.clear"), "btn-danger"], [false, t("cancel")]]);
    if (!sure) return;
    app.basket.lines = [];
    app.basket.discount = null;
    app.basket.adult = false;
    await changed();
  }

  async function discount() {
    const most = app.basket.limit(app.discountPercent);
    await sheet(t("discount"), (close) => {
      const percent = field(t("discount.percent"), { inputmode: "numeric", maxlength: 3, autocomplete: "off", value: app.basket.discount?.percent ?? "" });
      const amount = moneyField(t("discount.amount"), { value: app.basket.discount?.amount ?? "" });
      const reason = field(t("reason"), { maxlength: 200, autocomplete: "off", value: app.basket.discount?.reason ?? "", required: true });
      percent.control.addEventListener("input", () => (amount.control.value = ""));
      amount.control.addEventListener("input", () => (percent.control.value = ""));
      const save = async (event) => {
        event.preventDefault();
        const wanted = percent.control.value.trim() ? { percent: Number(percent.control.value) } : { amount: amount.amount() };
        const box = "percent" in wanted ? percent : amount;
        const value = wanted.percent ?? wanted.amount;
        if (!Number.isInteger(value) || value <= 0) return box.error(t("discount.bad"));
        const off = "percent" in wanted ? Math.floor((app.basket.subtotal * value) / 100) : value;
        if (off > most || value > app.basket.subtotal) return box.error(t("discount.over", { percent: app.discountPercent, amount: vnd(most) }));
        if (reason.control.value.trim().length < 2) return reason.error(t("reason.needed"));
        app.basket.discount = { ...wanted, reason: reason.control.value.trim() };
        close();
        await changed();
      };
      const none = async () => {
        app.basket.discount = null;
        close();
        await changed();
      };
      return h(
        "form.form",
        { novalidate: true, onsubmit: save },
        h("p", {}, t("discount.limit", { percent: app.discountPercent, amount: vnd(most) })),
        h("div.form-row", {}, percent, amount),
        reason,
        h("div.sheet-do", {}, h("button.btn.btn-primary", {}, t("discount.give")), app.basket.discount ? button(t("discount.none"), none, { kind: "btn-danger" }) : null),
      );
    });
  }

  main.append(page);
  drawGoods();
  drawBasket();
  if (matchMedia("(pointer: fine)").matches) find.focus();
  return { scan, fresh: () => {
    drawGoods();
    drawBasket();
  } };
}

function card(app, variant, day, add) {
  const left = app.stock(variant);
  const problem = certificateProblem(variant, day);
  const inBasket = app.basket.of(variant.id);
  const picture = variant.plate ? h("img", { src: asset(`plates/${variant.plate}.svg`), alt: "", width: 96, height: 96, loading: "lazy", decoding: "async" }) : h("span.card-blank", { "aria-hidden": "true" }, icon("box"));
  return h(
    `div.card${problem ? ".card-stopped" : ""}`,
    {},
    h(
      "button.card-add",
      { type: "button", data: { testid: "till-card", sku: variant.sku }, onclick: () => add(variant) },
      h("span.card-picture", {}, picture, inBasket ? h("span.card-count", {}, String(inBasket)) : null),
      h("span.card-name", {}, variant.name),
      h("span.card-pack", {}, variant.pack ?? ""),
      h("span.card-facts", {}, stars(starsOn(variant, day)), variant.alcohol ? h("span.badge.badge-info", {}, t("goods.alcohol")) : null, problem ? h("span.badge.badge-bad", {}, t("goods.stopped")) : null),
      h("span.card-price", {}, h("strong.num", {}, vnd(variant.price.amount)), variant.old_amount ? h("s.num", {}, vnd(variant.old_amount)) : null),
      h(`span.card-stock${left <= 0 ? ".out" : left <= 5 ? ".low" : ""}`, {}, left > 0 ? t("goods.left", { n: left }) : t("goods.none")),
    ),
    left <= 0 ? h("button.card-ask", { type: "button", onclick: () => app.wanted(variant, "") }, icon("bell"), h("span", {}, t("ask.short")), h("span.visually-hidden", {}, `: ${variant.name}`)) : null,
  );
}

function basketLine(app, line, changed) {
  const key = `${line.variant_id}-${line.lot_code ?? ""}`;
  const variant = app.variants.get(line.variant_id);
  const lots = variant ? lotsOn(variant, app.day) : [];
  const quantity = h("input", {
    inputmode: "numeric", maxlength: 6, autocomplete: "off", value: String(line.quantity), "aria-label": t("basket.quantity-of", { what: line.name }), data: { key: `${key}-n`, testid: "till-quantity" },
    onfocus: (event) => event.target.select(),
    onchange: async (event) => {
      const text = event.target.value.trim();
      if (!/^\d{1,6}$/.test(text) || !app.basket.setQuantity(line, Number(text))) {
        toast(t("basket.bad-quantity", { n: MOST }), { kind: "bad" });
        event.target.value = String(line.quantity);
        return;
      }
      if (app.basket.of(line.variant_id) > (variant ? app.stock(variant) : 0)) toast(t("sell.over", { n: Math.max(0, variant ? app.stock(variant) : 0), what: line.name }), { kind: "warn" });
      await changed();
    },
  });
  const step = (by) => async () => {
    if (app.basket.setQuantity(line, line.quantity + by)) await changed();
  };
  return h(
    "li.basket-line",
    { data: { testid: "till-line" } },
    h("div.line-name", {}, h("strong", {}, line.name), h("small", {}, [line.pack, vnd(line.unit_price_amount)].filter(Boolean).join(" · "))),
    h(
      "div.line-do",
      {},
      h(
        "div.stepper",
        {},
        h("button", { type: "button", "aria-label": t("basket.less", { what: line.name }), data: { key: `${key}-l` }, onclick: step(-1) }, "−"),
        quantity,
        h("button", { type: "button", "aria-label": t("basket.one-more", { what: line.name }), data: { key: `${key}-m` }, onclick: step(1) }, "+"),
      ),
      h("strong.line-sum.num", {}, vnd(line.quantity * line.unit_price_amount)),
      h("button.line-remove", { type: "button", "aria-label": t("basket.remove", { what: line.name }), onclick: async () => {
        app.basket.setQuantity(line, 0);
        await changed();
      } }, icon("close")),
    ),
    lots.length > 1 || line.lot_code
      ? h("button.line-lot", { type: "button", data: { key: `${key}-lot` }, onclick: () => chooseLot(line, lots, app, changed) }, icon("box"), h("span", {}, line.lot_code ? t("lot.is", { lot: line.lot_code }) : t("lot.auto")), icon("down"))
      : null,
  );
}

async function chooseLot(line, lots, app, changed) {
  const chosen = await sheet(t("lot.choose"), (close) =>
    h(
      "div.menu-list",
      {},
      h("button.menu-row", { type: "button", "aria-pressed": String(!line.lot_code), onclick: () => close("") }, h("span", {}, t("lot.auto"), h("small", {}, t("lot.auto-text")))),
      lots.map((lot) =>
        h("button.menu-row", { type: "button", "aria-pressed": String(line.lot_code === lot.code), onclick: () => close(lot.code) }, h("span", {}, lot.code, h("small", {}, `${expires(lot)} · ${t("goods.left", { n: lot.stock })}`))),
      ),
    ),
  );
  if (chosen === undefined) return;
  app.basket.setLot(line, chosen || null);
  await changed(line);
}
