// Taking money: cash with change, VietQR on the whole screen, a card terminal's slip; several for one sale.

import { call, Offline } from "./api.js";
import { button, field, h, icon, moneyField, sheet, tell, toast } from "./dom.js";
import { likelyNotes, vnd } from "./money.js";
import { link, print, receipt, tenderName } from "./paper.js";
import { picture } from "./qr.js";
import { certificateProblem, lineAmount } from "./sale.js";
import * as store from "./store.js";
import { dayText } from "./time.js";
import { payload } from "./vietqr.js";
import { t } from "./words.js";

export function pay(app, main) {
  if (!app.basket.lines.length || !app.session) return void app.go("sell");
  const tenders = [];
  app.priceBasket();
  const due = () => app.basket.total - tenders.reduce((sum, tender) => sum + tender.amount, 0);
  const page = h("div.pay");
  let ending = false;

  const add = async (tender) => {
    tenders.push(tender);
    if (due() === 0) await end();
    else draw();
  };

  async function end() {
    if (ending) return;
    ending = true;
    try {
      for (const line of app.basket.lines) {
        const variant = app.variants.get(line.variant_id);
        if (variant && certificateProblem(variant, app.day)) {
          await tell(t("certificate.stop"), [line.name, t("certificate.lapsed", { day: dayText(variant.certificate.expires_on ?? app.day) })], { kind: "sheet-stop" });
          return app.go("sell");
        }
      }
      const sale = await finish(app, tenders);
      app.go("paid", { sale });
    } catch (error) {
      tenders.pop();
      await tell(t("pay.not-kept"), [t("pay.not-kept-text"), String(error)], { kind: "sheet-stop" });
      draw();
    } finally {
      ending = false;
    }
  }

  function draw() {
    const rest = due();
    page.replaceChildren(
      h(
        "section.pay-due",
        {},
        h("h1", { tabindex: "-1" }, tenders.length ? t("pay.rest") : t("pay.title")),
        h("p.pay-amount.num", { data: { testid: "till-due" } }, vnd(rest)),
        tenders.length
          ? h("ul.till-list", { role: "list" }, tenders.map((tender, i) =>
              h("li.between", {}, h("span", {}, tenderName(tender.kind), tender.note ? ` · ${tender.note}` : ""), h("strong.num", {}, vnd(tender.amount)),
                h("button.line-remove", { type: "button", "aria-label": t("pay.take-back", { what: tenderName(tender.kind) }), onclick: () => {
                  tenders.splice(i, 1);
                  draw();
                } }, icon("close")))))
          : null,
        h("ul.pay-lines", { role: "list" }, app.basket.lines.map((line) =>
          h("li", {}, h("span", {}, `${line.quantity} × ${line.name}`, line.off ? h("small.line-off", {}, t("offer.line", { name: line.off.name, n: line.off.units, amount: vnd(line.off.price) })) : null, line.code ? h("small.line-off", {}, `${app.basket.coupon.name} ${vnd(-line.code)}`) : null), h("span.num", {}, vnd(lineAmount(line)))))),
        app.basket.discountAmount ? h("p.between", {}, h("span", {}, t("receipt.discount")), h("span.num", {}, vnd(-app.basket.discountAmount))) : null,
        codePart(),
        button(t("pay.back"), () => app.go("sell"), { picture: "back" }),
      ),
      rest === 0 ? h("section.pay-ways", {}, button(t("pay.free"), end, { kind: "btn-primary.btn-large.btn-wide" })) : ways(rest),
    );
    page.querySelector("h1").focus();
  }

  // A code is asked for before any money is taken, so that what is due does not change under it.
  function codePart() {
    const { coupon } = app.basket;
    if (coupon)
      return h("p.between", { data: { testid: "till-code-is" } }, h("span", {}, t("code.is", { code: coupon.code })), tenders.length ? null : button(t("code.none"), () => {
        app.dropCoupon();
        draw();
      }));
    return app.catalogue.codes && !tenders.length ? button(t("code"), async () => (await askCode(app)) && draw(), { picture: "seal", data: { testid: "till-code" } }) : null;
  }

  function ways(rest) {
    const cash = moneyField(t("pay.given"), { data: { testid: "till-given" } });
    const change = h("p.pay-change", { role: "status" });
    const tell = () => {
      const given = cash.amount();
      change.replaceChildren(...(given > rest ? [t("receipt.change"), h("strong.num", {}, vnd(given - rest))] : given < rest ? [t("pay.still"), h("strong.num", {}, vnd(rest - given))] : []));
    };
    cash.control.addEventListener("input", tell);
    const take = () => {
      const given = cash.amount();
      if (Number.isNaN(given) || given <= 0) return cash.error(t("pay.given-needed"));
      if (given > 500_000_000) return cash.error(t("pay.absurd"));
      return add({ kind: "cash", amount: Math.min(given, rest), given });
    };
    const quick = (sum, label) => h("button.note.num", { type: "button", onclick: () => add({ kind: "cash", amount: Math.min(sum, rest), given: sum }), data: { testid: "till-note" } }, label ? h("small", {}, label) : null, vnd(sum));
    const { bank } = app.catalogue.shop ?? app.device.shop ?? {};
    return h(
      "section.pay-ways",
      {},
      h(
        "form.pay-way",
        { novalidate: true, onsubmit: (event) => {
          event.preventDefault();
          take();
        } },
        h("h2", {}, icon("cash"), tenderName("cash")),
        h("div.notes", {}, quick(rest, t("pay.exact")), likelyNotes(rest).map((sum) => quick(sum))),
        h("div.pay-given", {}, cash, h("button.btn.btn-primary", { type: "submit" }, t("pay.take"))),
        change,
      ),
      h(
        "div.pay-way.pay-others",
        {},
        bank
          ? h("button.btn.btn-large", { type: "button", data: { testid: "till-vietqr" }, onclick: () => vietqr(app, bank, rest, add) }, icon("bank"), h("span", {}, tenderName("vietqr")))
          : h("p.muted", {}, t("pay.no-bank")),
        h("button.btn.btn-large", { type: "button", data: { testid: "till-terminal" }, onclick: () => terminal(rest, add) }, icon("card"), h("span", {}, tenderName("terminal"))),
      ),
    );
  }

  main.append(page);
  draw();
  return { leave: () => app.dropCoupon() };
}

// The buyer's code: granted by the server, or not; true if it was.
function askCode(app) {
  return sheet(t("code"), (close) => {
    const code = field(t("code.enter"), { maxlength: 40, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", required: true, data: { testid: "till-code-text" } });
    const phone = field(t("code.phone"), { hint: t("code.phone-hint"), type: "tel", inputmode: "tel", autocomplete: "off", maxlength: 40, data: { testid: "till-code-phone" } });
    const go = h("button.btn.btn-primary.btn-large", { type: "submit", data: { testid: "till-code-go" } }, t("code.go"));
    return h(
      "form.form",
      { novalidate: true, onsubmit: async (event) => {
        event.preventDefault();
        if (!code.control.value.trim()) return void code.error(t("code.needed"));
        go.setAttribute("aria-busy", "true");
        try {
          const keep = (await store.waiting()).flatMap((e) => (e.body.discounts ?? []).map((d) => d.coupon)).filter(Boolean);
          const lines = app.basket.lines.map((line) => ({ variant_id: line.variant_id, quantity: line.quantity, off_amount: line.off?.amount ?? 0 }));
          const { said } = await call("code", { token: app.device.token, body: { uuid: crypto.randomUUID(), code: code.control.value.trim(), phone: phone.control.value.trim(), lines, keep: [...new Set(keep)] } });
          app.basket.setCoupon(said);
          if (app.basket.checkDiscount(app.discountPercent)) toast(t("discount.gone"), { kind: "warn" });
          close(true);
        } catch (error) {
          const box = error.code === "code-needs-phone" || error.code === "invalid" ? phone : code;
          box.error(error instanceof Offline ? t("code.offline") : error.message);
          box.control.focus();
        } finally {
          go.removeAttribute("aria-busy");
        }
      } },
      code,
      phone,
      h("div.sheet-do", {}, go),
    );
  });
}

const partOf = (rest) => moneyField(t("pay.amount"), { value: rest });

async function vietqr(app, bank, rest, add) {
  const number = await store.nextNumber();
  const amount = await sheet(
    t("tender.vietqr"),
    (close) => {
      const part = partOf(rest);
      const code = h("div.qr-full");
      const sum = h("p.pay-amount.num");
      const draw = () => {
        const wanted = part.amount();
        if (!(wanted > 0 && wanted <= rest)) return void code.replaceChildren();
        const text = payload(bank, wanted, number);
        code.replaceChildren(picture(text, t("pay.qr-of", { amount: vnd(wanted) })));
        code.dataset.payload = text;
        sum.textContent = vnd(wanted);
      };
      part.control.addEventListener("input", draw);
      draw();
      const got = () => {
        const wanted = part.amount();
        return wanted > 0 && wanted <= rest ? close(wanted) : part.error(t("pay.part", { amount: vnd(rest) }));
      };
      return h("div.qr-page", {}, code, h("div.qr-side", {}, sum, h("p", {}, bank.name, h("br"), bank.account), h("p.muted", {}, t("pay.memo", { text: number })), button(t("pay.got"), got, { kind: "btn-primary.btn-large.btn-wide", data: { testid: "till-got" } }), h("details.disclose", {}, h("summary", {}, t("pay.part-only")), part)));
    },
    { full: true },
  );
  if (amount) await add({ kind: "vietqr", amount });
}

async function terminal(rest, add) {
  const tender = await sheet(t("tender.terminal"), (close) => {
    const slip = field(t("pay.slip"), { maxlength: 40, autocomplete: "off", required: true, data: { testid: "till-slip" } });
    const part = partOf(rest);
    return h(
      "form.form",
      { novalidate: true, onsubmit: (event) => {
        event.preventDefault();
        if (slip.control.value.trim().length < 2) return slip.error(t("pay.slip-needed"));
        const amount = part.amount();
        if (!(amount > 0 && amount <= rest)) return part.error(t("pay.part", { amount: vnd(rest) }));
        return close({ kind: "terminal", amount, note: slip.control.value.trim() });
      } },
      h("p", {}, t("pay.terminal-text", { amount: vnd(rest) })),
      slip,
      part,
      h("div.sheet-do", {}, h("button.btn.btn-primary.btn-large", { type: "submit" }, t("pay.terminal-done"))),
    );
  });
  if (tender) await add(tender);
}

const hex = (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// Numbers the sale, queues it and keeps its receipt. The buyer's secret is made here; the server learns its hash alone.
async function finish(app, tenders) {
  const { basket, session, keeper } = app;
  const secret = hex(crypto.getRandomValues(new Uint8Array(16)));
  const secretHash = hex(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret))));
  const body = { session: session.uuid, keeper_id: keeper.id, ...basket.body(), tenders, secret_hash: secretHash };
  const receipt = {
    keeper: keeper.name,
    secret,
    lines: basket.lines.map(({ variant_id, name, pack, sku, owner, quantity, unit_price_amount, lot_code, off, code }) => ({
      variant_id, name, pack, sku, owner, quantity, unit_price_amount, lot_code, off: off ?? null, code: code ?? 0,
    })),
    coupon: basket.coupon,
    discount_amount: body.discount_amount,
    total_amount: body.total_amount,
    tenders,
  };
  const sale = await store.recordSale(body, receipt);
  basket.lines = [];
  basket.discount = null;
  basket.coupon = null;
  basket.adult = false;
  await app.countMoved();
  app.sync.now();
  return sale;
}

// After the sale: the change, the receipt as QR and on paper, and on to the next.
export function paid(app, main, { sale }) {
  if (!sale) return void app.go("sell");
  const change = sale.tenders.reduce((sum, tender) => sum + Math.max(0, (tender.given ?? 0) - tender.amount), 0);
  const url = link(app, sale);
  const next = button(t("paid.next"), () => app.go("sell"), { kind: "btn-primary.btn-large.btn-wide", data: { testid: "till-next" } });
  main.append(
    h(
      "div.paid",
      {},
      h(
        "section.paid-sum",
        {},
        h("h1", {}, t("paid.title")),
        change ? h("p.paid-change", {}, t("receipt.change"), h("strong.num", { data: { testid: "till-change" } }, vnd(change))) : h("p.paid-change", {}, t("paid.exact"), h("strong.num", {}, vnd(sale.total_amount))),
        h("p.lede", {}, t("receipt.number"), " ", h("strong.reference", { data: { testid: "till-number" } }, sale.number)),
        next,
        h("div.sheet-do", {}, button(t("receipt.print"), () => print(receipt(app, sale)), { picture: "print" })),
      ),
      url ? h("section.paid-qr", {}, picture(url, t("receipt.qr")), h("p", {}, t("receipt.qr"))) : null,
    ),
  );
  next.focus();
  return { scan: async (text) => {
    app.go("sell");
    app.page.scan?.(text);
  } };
}

