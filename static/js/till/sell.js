// The page one sells on: finding goods at the left, the basket at the right (on a phone: above and below).

import { ask, asset, button, field, h, icon, moneyField, sheet, stars, tell, toast } from "./dom.js";
import { read, vnd } from "./money.js";
import { expires } from "./paper.js";
import { certificateProblem, lineAmount, LONGEST_ASK, lotsOn, MOST, starsOn } from "./sale.js";
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
    h("h1.visually-hidden", {}, t("nav.sell")),
    h(
      "section.sell-goods",
      {},
      h("div.sell-find", { role: "search" }, icon("search"), find, hasCamera() ? h("button.btn.sell-camera", { type: "button", "aria-label": t("scan.camera"), onclick: openCamera }, icon("camera")) : null),
      notice,
      grid,
    ),
    basket,
    bar,
  );

  let limit = SHOWN;
  const cards = new Map(); // by variant; what stays in sight is the same element, so that no tap meets one that is gone
  const more = h("button.sell-more", { type: "button", onclick: () => {
    limit += SHOWN;
    drawGoods();
  } });
  const cardOf = (variant, day) => {
    const known = cards.get(variant.id);
    if (known?.variant === variant && known.day === day) {
      known.update();
      return known;
    }
    const made = Object.assign(card(app, variant, day, add), { variant, day });
    cards.set(variant.id, made);
    return made;
  };
  const drawGoods = () => {
    const found = app.index.find(find.value);
    const day = app.day;
    const shown = found.slice(0, limit).map((variant) => cardOf(variant, day));
    if (found.length > limit) {
      more.textContent = t("sell.more", { n: found.length - limit });
      shown.push(more);
    }
    if (!found.length) shown.push(nothing(t("sell.nothing", { q: find.value.trim() }), find.value));
    place(grid, shown);
  };
  const nothing = (text, wanted) =>
    h(
      "div.sell-nothing",
      {},
      h("p", {}, text),
      button(t("ask.one"), async () => {
        if (wanted.trim().length > LONGEST_ASK) return void app.askSheet(wanted);
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
    app.priceBasket();
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

  // The basket is made once and then told what changed: a number being typed, or a finger on a button, is left alone.
  const rows = new WeakMap(); // line → its element
  const badge = h("span.basket-count", { data: { testid: "till-count" } });
  const list = h("ul.basket-lines", { role: "list" });
  const none = h("div.basket-empty", {}, h("img", { src: asset("img/empty-basket.svg"), alt: "", width: 160, height: 120 }), h("p", {}, t("basket.empty")));
  const lower = button("", discount, { picture: "chart", title: app.discountPercent ? null : t("discount.not-yours") });
  const lowerBox = h("div.basket-discount", {}, lower, button(t("basket.clear"), empty, { kind: "btn-plain" }));
  const before = h("span.num");
  const off = h("span.num");
  const sums = [h("p.basket-sum", {}, h("span", {}, t("receipt.subtotal")), before), h("p.basket-sum", {}, h("span", {}, t("receipt.discount")), off)];
  const sum = h("strong.num", { data: { testid: "till-total" } });
  const charge = button(t("pay.go"), () => app.go("pay"), { kind: "btn-primary.btn-large.btn-wide", data: { testid: "till-pay" } });
  const barCount = h("span");
  const barSum = h("strong.num");
  const barCharge = button(t("pay.go"), () => app.go("pay"), { kind: "btn-primary", data: { testid: "till-pay-bar" } });
  basket.append(
    h(
      "div.basket-head",
      {},
      h("h2", {}, t("basket"), badge),
      h("button.btn.basket-back", { type: "button", onclick: () => page.removeAttribute("data-open") }, icon("back"), h("span", {}, t("basket.more"))),
    ),
    none,
    list,
    h("div.basket-foot", {}, lowerBox, sums, h("p.basket-total", {}, h("span", {}, t("receipt.total")), sum), charge),
  );
  bar.append(h("button.bar-basket", { type: "button", onclick: () => page.toggleAttribute("data-open") }, icon("basket"), barCount, barSum), barCharge);

  function rowOf(line) {
    const known = rows.get(line);
    if (known) known.update();
    else rows.set(line, basketLine(app, line, changed));
    return rows.get(line);
  }

  function drawBasket(touched) {
    const { lines, count, total, subtotal, discountAmount } = app.basket;
    const bare = !lines.length;
    main.dataset.count = String(count);
    place(list, lines.map(rowOf));
    badge.textContent = count || "";
    badge.hidden = list.hidden = lowerBox.hidden = bare;
    none.hidden = !bare;
    lower.disabled = !app.discountPercent;
    lower.lastChild.textContent = discountAmount ? t("discount.change") : t("discount");
    for (const row of sums) row.hidden = !discountAmount;
    before.textContent = vnd(subtotal);
    off.textContent = vnd(-discountAmount);
    sum.textContent = barSum.textContent = vnd(total);
    charge.disabled = barCharge.disabled = bare;
    barCount.textContent = t("basket.count", { n: count });
    if (bare) page.removeAttribute("data-open");
    if (touched) rows.get(touched)?.scrollIntoView({ block: "nearest" });
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
      const percent = field(t("discount.percent"), { inputmode: "numeric", autocomplete: "off", value: app.basket.discount?.percent ?? "" });
      const amount = moneyField(t("discount.amount"), { value: app.basket.discount?.amount ?? "" });
      const reason = field(t("reason"), { maxlength: 200, autocomplete: "off", value: app.basket.discount?.reason ?? "", required: true });
      percent.control.addEventListener("input", () => (amount.control.value = ""));
      amount.control.addEventListener("input", () => (percent.control.value = ""));
      const save = async (event) => {
        event.preventDefault();
        const wanted = percent.control.value.trim() ? { percent: read(percent.control.value) } : { amount: amount.amount() };
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

// Puts `wanted` into `box`, in this order, and touches no element that is in its place already.
function place(box, wanted) {
  const keep = new Set(wanted);
  for (const child of [...box.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((child, i) => box.children[i] !== child && box.insertBefore(child, box.children[i] ?? null));
}

// `update()` of what it gives tells it how many are left and lie in the basket.
function card(app, variant, day, add) {
  const problem = certificateProblem(variant, day);
  const picture = variant.plate ? h("img", { src: asset(`plates/${variant.plate}.svg`), alt: "", width: 96, height: 96, loading: "lazy", decoding: "async" }) : h("span.card-blank", { "aria-hidden": "true" }, icon("box"));
  const count = h("span.card-count");
  const stock = h("span.card-stock");
  const price = h("span.card-price");
  const wanted = h("button.card-ask", { type: "button", onclick: () => app.wanted(variant, "") }, icon("bell"), h("span", {}, t("ask.short")), h("span.visually-hidden", {}, `: ${variant.name}`));
  const box = h(
    `div.card${problem ? ".card-stopped" : ""}`,
    {},
    h(
      "button.card-add",
      { type: "button", data: { testid: "till-card", sku: variant.sku }, onclick: () => add(variant) },
      h("span.card-picture", {}, picture, count),
      h("span.card-name", {}, variant.name),
      h("span.card-pack", {}, variant.pack ?? ""),
      h("span.card-facts", {}, stars(starsOn(variant, day)), variant.alcohol ? h("span.badge.badge-info", {}, t("goods.alcohol")) : null, problem ? h("span.badge.badge-bad", {}, t("goods.stopped")) : null),
      price,
      stock,
    ),
    wanted,
  );
  box.update = () => {
    const left = app.stock(variant);
    const chosen = app.basket.of(variant.id);
    const offer = app.offer(variant);
    const old = offer ? variant.price.amount : variant.old_amount;
    price.replaceChildren(h("strong.num", {}, vnd(offer?.price ?? variant.price.amount)), ...(old ? [h("s.num", {}, vnd(old))] : []));
    count.textContent = chosen || "";
    count.hidden = !chosen;
    stock.className = `card-stock${left <= 0 ? " out" : left <= 5 ? " low" : ""}`;
    stock.textContent = [left > 0 ? t("goods.left", { n: left }) : t("goods.none"), offer ? t("offer.left", { n: offer.left }) : ""].filter(Boolean).join(" · ");
    wanted.hidden = left > 0;
  };
  box.update();
  return box;
}

function basketLine(app, line, changed) {
  const left = () => {
    const variant = app.variants.get(line.variant_id);
    return variant ? Math.max(0, app.stock(variant)) : 0;
  };
  let shown = "";
  const quantity = h("input", {
    inputmode: "numeric", maxlength: 6, autocomplete: "off", "aria-label": t("basket.quantity-of", { what: line.name }), data: { testid: "till-quantity" },
    onfocus: (event) => event.target.select(),
    onchange: async () => {
      const text = quantity.value.trim();
      const number = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
      if (number === line.quantity) return void (quantity.value = shown); // typed and as it was
      if (!app.basket.setQuantity(line, number)) {
        toast(t("basket.bad-quantity", { n: MOST }), { kind: "bad" });
        quantity.value = shown;
        return;
      }
      if (app.basket.of(line.variant_id) > left()) toast(t("sell.over", { n: left(), what: line.name }), { kind: "warn" });
      quantity.value = shown = String(line.quantity);
      await changed();
    },
  });
  const step = (by) => async () => {
    if (!app.basket.setQuantity(line, line.quantity + by)) return;
    if (by > 0 && app.basket.of(line.variant_id) > left()) toast(t("sell.over", { n: left(), what: line.name }), { kind: "warn" });
    await changed();
  };
  const about = h("small");
  const off = h("small.line-off", { data: { testid: "till-off" } });
  const sum = h("strong.line-sum.num");
  const lotName = h("span");
  const lot = h("button.line-lot", { type: "button", onclick: () => chooseLot(line, lotsOf(app, line), app, changed) }, icon("box"), lotName, icon("down"));
  const row = h(
    "li.basket-line",
    { data: { testid: "till-line" } },
    h("div.line-name", {}, h("strong", {}, line.name), about, off),
    h(
      "div.line-do",
      {},
      h(
        "div.stepper",
        {},
        h("button", { type: "button", "aria-label": t("basket.less", { what: line.name }), onclick: step(-1) }, "−"),
        quantity,
        h("button", { type: "button", "aria-label": t("basket.one-more", { what: line.name }), onclick: step(1) }, "+"),
      ),
      sum,
      h("button.line-remove", { type: "button", "aria-label": t("basket.remove", { what: line.name }), onclick: async () => {
        app.basket.setQuantity(line, 0);
        await changed();
      } }, icon("close")),
    ),
    lot,
  );
  row.update = () => {
    // A number that somebody is typing stays as it is.
    if (document.activeElement !== quantity || quantity.value === shown) quantity.value = String(line.quantity);
    shown = String(line.quantity);
    about.textContent = [line.pack, vnd(line.unit_price_amount)].filter(Boolean).join(" · ");
    off.hidden = !line.off;
    off.textContent = line.off ? t("offer.line", { name: line.off.name, n: line.off.units, amount: vnd(line.off.price) }) : "";
    sum.textContent = vnd(lineAmount(line));
    lot.hidden = !line.lot_code && lotsOf(app, line).length < 2;
    lotName.textContent = line.lot_code ? t("lot.is", { lot: line.lot_code }) : t("lot.auto");
  };
  row.update();
  return row;
}

const lotsOf = (app, line) => {
  const variant = app.variants.get(line.variant_id);
  return variant ? lotsOn(variant, app.day) : [];
};

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
