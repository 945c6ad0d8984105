// Receipts made on this device, one of them again, and goods that come back.

import { call, Offline, paper } from "./api.js";
import { button, field, h, icon, tell, toast } from "./dom.js";
import { share, split, vnd } from "./money.js";
import { link, print, receipt, returnSlip, tenderName } from "./paper.js";
import { picture } from "./qr.js";
import { lineAmount } from "./sale.js";
import * as store from "./store.js";
import { clockText, dayOf, dayText, instantText } from "./time.js";
import { t } from "./words.js";

const STATES = { waiting: ["badge-warn", "state.waiting"], done: ["badge-ok", "state.done"], refused: ["badge-bad", "state.refused"], stranded: ["badge-bad", "state.refused"] };

async function stateBadge(sale) {
  const event = await store.event(sale.event);
  const [kind, word] = STATES[event?.state ?? "done"];
  return h(`span.badge.${kind}`, {}, t(word));
}

export function sales(app, main) {
  if (!app.keeper) return void app.go();
  const list = h("div");
  const draw = async () => {
    const rows = await store.sales();
    const badges = await Promise.all(rows.map(stateBadge));
    const parts = [];
    let day = "";
    let part;
    rows.forEach((sale, i) => {
      if (dayOf(sale.at) !== day) {
        day = dayOf(sale.at);
        part = h("ul.till-list.till-panel", { role: "list" });
        parts.push(h("h2", {}, day === app.day ? t("today") : dayText(day)), part);
      }
      part.append(
        h("li", {}, h("button.sale-row", { type: "button", data: { testid: "till-sale" }, onclick: () => app.go("sale", { number: sale.number }) },
          h("strong", {}, sale.number), h("span", {}, clockText(sale.at)), h("span.sale-what", {}, sale.lines.map((l) => `${l.quantity} × ${l.name}`).join(", ")), h("strong.num", {}, vnd(sale.total_amount)), badges[i])),
      );
    });
    list.replaceChildren(...(parts.length ? parts : [h("p.till-panel", {}, t("sales.none"))]));
  };
  main.append(h("h1", {}, t("sales.title")), list);
  draw();
  return { changed: draw, scan: (text) => found(app, text) };
}

const found = (app, text) => {
  const known = app.index?.scanned(text);
  if (known?.number) app.go("returns", { number: known.number });
};

// The server's own paper of a sale, saved as a file to be sent on or kept.
async function openPdf(app, number) {
  try {
    const url = URL.createObjectURL(await paper(`/till/receipt/${number}.pdf`, app.device.token));
    const link = h("a", { href: url, download: `${number}.pdf` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (error) {
    toast(error instanceof Offline ? t("queue.is-offline") : error.message, { kind: "bad" });
  }
}

export function sale(app, main, { number }) {
  const box = h("div.sale-page");
  main.append(h("h1", {}, t("sale.title", { number })), box);
  (async () => {
    const made = await store.sale(number);
    if (!made) return void box.append(h("p", {}, t("return.unknown")));
    const event = await store.event(made.event);
    const url = link(app, made);
    box.append(
      h("div.slip-screen", {}, receipt(app, made)),
      h(
        "div.sale-side",
        {},
        await stateBadge(made),
        event?.message ? h("p.till-bad", {}, event.message) : null,
        button(t("receipt.print-again"), () => print(receipt(app, made, { copy: true })), { kind: "btn-primary", picture: "print" }),
        event?.state === "done" ? button(t("receipt.pdf"), () => openPdf(app, number), { picture: "export" }) : null,
        button(t("return.start"), () => app.go("returns", { number }), { picture: "return" }),
        url ? h("div.paid-qr", {}, picture(url, t("receipt.qr"))) : null,
        button(t("back"), () => app.go("sales"), { picture: "back" }),
      ),
    );
  })();
  return { scan: (text) => found(app, text) };
}

const sameLine = (a) => (b) => a.variant_id === b.variant_id && (a.lot_code ?? null) === (b.lot_code ?? null);

// What may still come back of a sale: as the server knows it, or from this device's own receipt where it cannot be asked yet.
async function returnable(app, number) {
  const own = await store.sale(number);
  const event = own && (await store.event(own.event));
  if (!own || event?.state === "done" || !event) {
    try {
      const { said } = await call(`sale?number=${encodeURIComponent(number)}`, { token: app.device.token });
      const unsent = (await store.waiting()).filter((e) => e.kind === "return" && e.body.sale_number === number).flatMap((e) => e.body.lines);
      return {
        number,
        at: said.at,
        lines: said.lines.map((line) => {
          const owner = own?.lines.find(sameLine(line))?.owner ?? app.variants.get(line.variant_id)?.owner_label ?? "";
          return { ...line, owner, net: line.net_amount, returned: line.returned + unsent.filter(sameLine(line)).reduce((sum, l) => sum + l.quantity, 0) };
        }),
      };
    } catch (error) {
      if (!own || !(error instanceof Offline)) throw error;
    }
  }
  const nets = split(own.total_amount, own.lines.map(lineAmount));
  const back = own.returned.flatMap((r) => r.lines);
  return { number, at: own.at, lines: own.lines.map((line, i) => ({ ...line, net: nets[i], returned: back.filter(sameLine(line)).reduce((sum, l) => sum + l.quantity, 0) })) };
}

export function returns(app, main, { number = "" } = {}) {
  if (!app.keeper || !app.session) return void app.go();
  const typed = field(t("return.number"), { value: number, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 120, placeholder: `${app.device.code}-000123`, data: { testid: "till-return-number" } });
  typed.control.classList.add("code");
  const box = h("div");
  const look = async (event) => {
    event?.preventDefault();
    const known = app.index.scanned(typed.control.value)?.number;
    if (!known) return typed.error(t("return.bad-number"));
    typed.control.value = known;
    try {
      box.replaceChildren(await form(app, await returnable(app, known)));
      box.querySelector("h2").focus();
    } catch (error) {
      box.replaceChildren();
      typed.error(error instanceof Offline ? t("return.offline") : error.code === "not-found" ? t("return.not-found") : error.message);
    }
  };
  main.append(
    h("h1", {}, t("return.title")),
    h("form.till-panel.find-sale", { novalidate: true, onsubmit: look }, typed, h("button.btn.btn-primary", { type: "submit" }, icon("search"), h("span", {}, t("return.find")))),
    box,
  );
  if (number) look();
  else typed.control.focus();
  return {
    scan: (text) => {
      typed.control.value = text;
      look();
    },
  };
}

async function form(app, found) {
  const rows = found.lines.map((line) => ({ line, left: line.quantity - line.returned, back: 0, restock: true }));
  if (!rows.some((row) => row.left > 0)) return h("section.till-panel", {}, h("h2", { tabindex: "-1" }, t("return.of", { number: found.number })), h("p", {}, t("return.all-back")));
  const sum = h("p.basket-total", {}, h("span", {}, t("return.to-pay")), h("strong.num", { data: { testid: "till-refund" } }, vnd(0)));
  const amountOf = (row) => share(row.line.net, row.line.quantity, row.line.returned, row.back);
  const total = () => rows.reduce((all, row) => all + amountOf(row), 0);
  const wrong = h("p.field-error", { role: "alert", hidden: true });
  const list = h(
    "ul.till-list",
    { role: "list" },
    rows.map((row) => {
      const input = h("input", { inputmode: "numeric", maxlength: 4, value: "0", "aria-label": t("return.how-many", { what: row.line.name }), data: { testid: "till-return-quantity" }, onfocus: (e) => e.target.select() });
      const set = (n) => {
        row.back = Math.max(0, Math.min(row.left, Number.isInteger(n) ? n : 0));
        input.value = String(row.back);
        sum.lastChild.textContent = vnd(total());
        wrong.hidden = true;
      };
      input.addEventListener("change", () => set(Number(input.value)));
      const shelf = h("input", { type: "checkbox", checked: true, onchange: (e) => (row.restock = e.target.checked) });
      return h(
        "li.return-line",
        {},
        h("div.line-name", {}, h("strong", {}, row.line.name), h("small", {}, t("return.left", { n: row.left, all: row.line.quantity }), row.line.lot_code ? ` · ${t("lot.is", { lot: row.line.lot_code })}` : "")),
        h("div.stepper", {}, h("button", { type: "button", "aria-label": t("basket.less", { what: row.line.name }), onclick: () => set(row.back - 1) }, "−"), input, h("button", { type: "button", "aria-label": t("basket.one-more", { what: row.line.name }), onclick: () => set(row.back + 1) }, "+")),
        h("label.check", {}, shelf, h("span", {}, t("return.restock"))),
      );
    }),
  );
  const reason = field(t("reason"), { maxlength: 200, autocomplete: "off", required: true, data: { testid: "till-reason" } });
  const kind = field(t("return.how"), { tag: "select", options: ["cash", "terminal", "transfer"].map((name) => h("option", { value: name }, tenderName(name))), value: "cash" });
  const go = h("button.btn.btn-primary.btn-large", { type: "submit" }, t("return.go"));
  return h(
    "form.till-panel.form",
    {
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        const back = rows.filter((row) => row.back > 0);
        if (!back.length) {
          wrong.textContent = t("return.nothing");
          wrong.hidden = false;
          return;
        }
        if (reason.control.value.trim().length < 2) return void reason.error(t("reason.needed"));
        go.disabled = true;
        const refund = { kind: kind.control.value, amount: total() };
        const lines = back.map((row) => ({ name: row.line.name, owner: row.line.owner ?? "", quantity: row.back, amount: amountOf(row) }));
        const made = await store.recordReturn(
          { session: app.session.uuid, keeper_id: app.keeper.id, sale_number: found.number, lines: back.map((row) => ({ variant_id: row.line.variant_id, lot_code: row.line.lot_code ?? null, quantity: row.back, restock: row.restock })), refund, reason: reason.control.value.trim() },
          { lines },
        );
        await app.countMoved();
        app.sync.now();
        toast(t("return.done"));
        const slip = { number: found.number, at: made.at, keeper: app.keeper.name, lines, refund, reason: reason.control.value.trim() };
        await tell(t("return.done"), [h("p.paid-change", {}, t("return.refund", { kind: tenderName(refund.kind) }), h("strong.num", {}, vnd(refund.amount))), button(t("return.print"), () => print(returnSlip(app, slip)), { picture: "print" })]);
        app.go("sell");
      },
    },
    h("h2", { tabindex: "-1" }, t("return.of", { number: found.number })),
    found.at ? h("p.muted", {}, instantText(found.at)) : null,
    list,
    sum,
    h("div.form-row", {}, kind, reason),
    wrong,
    h("div.sheet-do", {}, go),
  );
}
