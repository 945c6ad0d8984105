// A session of the counter: open with a float, cash in and out, count and close, report; and what visitors asked for in vain.

import { ask as question, button, field, h, icon, moneyField, sheet, toast } from "./dom.js";
import { grouped, NOTES, read, vnd } from "./money.js";
import { figures, print, report as reportStrip } from "./paper.js";
import { LONGEST_ASK, MOST } from "./sale.js";
import * as store from "./store.js";
import { clockText } from "./time.js";
import { t } from "./words.js";

export function open(app, main) {
  if (!app.keeper) return void app.go();
  const amount = moneyField(t("open.float"), { hint: t("open.float-hint"), value: app.catalogue?.settings?.float_default ?? "", data: { testid: "till-float" } });
  const go = h("button.btn.btn-primary.btn-large", { type: "submit" }, t("open.go"));
  main.append(
    h(
      "section.till-card",
      {},
      h("h1", {}, t("open.title", { name: app.keeper.name })),
      h(
        "form.form",
        {
          novalidate: true,
          onsubmit: async (event) => {
            event.preventDefault();
            const float = amount.amount();
            if (Number.isNaN(float)) return void amount.error(t("open.float-needed"));
            if (float > 500_000_000) return void amount.error(t("pay.absurd"));
            go.disabled = true;
            app.session = await store.openSession({ uuid: crypto.randomUUID(), keeper_id: app.keeper.id, keeper_name: app.keeper.name, float_amount: float });
            app.sync.now();
            app.go("sell");
          },
        },
        amount,
        h("div.sheet-do", {}, go),
      ),
    ),
  );
  amount.control.focus();
}

export function cash(app, main) {
  if (!app.keeper || !app.session) return void app.go();
  const amount = moneyField(t("cash.amount"), { data: { testid: "till-cash-amount" } });
  const reason = field(t("reason"), { maxlength: 200, autocomplete: "off", required: true });
  const list = h("div");
  const way = (value, label, checked) => h("label.choice", {}, h("input", { type: "radio", name: "way", value, checked }), h("span.choice-label", {}, label));
  const form = h(
    "form.till-panel.form",
    {
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        const value = amount.amount();
        if (!(value > 0)) return void amount.error(t("cash.amount-needed"));
        if (value > 500_000_000) return void amount.error(t("pay.absurd"));
        if (reason.control.value.trim().length < 2) return void reason.error(t("reason.needed"));
        const out = new FormData(form).get("way") === "out";
        await store.addEvent("cash", { session: app.session.uuid, keeper_id: app.keeper.id, amount: out ? -value : value, reason: reason.control.value.trim() });
        app.sync.now();
        toast(t("cash.done"));
        app.go("cash");
      },
    },
    h("fieldset.field", {}, h("legend", {}, t("cash.which")), h("div.choices.choices-row", {}, way("out", t("cash.out"), true), way("in", t("cash.in"), false))),
    h("div.form-row", {}, amount, reason),
    h("div.sheet-do", {}, h("button.btn.btn-primary", { type: "submit" }, t("cash.go"))),
  );
  main.append(h("h1", {}, t("cash.title")), h("div.till-columns", {}, form, list));
  store.eventsOf(app.session.uuid).then((events) => {
    const moves = events.filter((event) => event.kind === "cash").reverse();
    list.replaceChildren(
      h("section.till-panel", {}, h("h2", {}, t("cash.session")),
        moves.length ? h("ul.till-list", { role: "list" }, moves.map((e) => h("li.between", {}, h("span", {}, clockText(e.at), " · ", e.body.reason), h("strong.num", {}, vnd(e.body.amount))))) : h("p.muted", {}, t("cash.none"))),
    );
  });
}

const sumOf = async (session) => figures(session, await store.salesOf(session.uuid), await store.eventsOf(session.uuid));

export function close(app, main) {
  if (!app.keeper || !app.session) return void app.go();
  const counts = NOTES.map((note) => {
    const input = h("input.control.num", { inputmode: "numeric", autocomplete: "off", "aria-label": t("close.how-many", { note: vnd(note) }), data: { testid: `till-count-${note}` } });
    const sum = h("span.num", {}, "");
    return { note, input, sum, row: h("div.count-row", {}, h("span.num", {}, vnd(note)), h("span", { "aria-hidden": "true" }, "×"), input, sum) };
  });
  const total = h("strong.num", { data: { testid: "till-counted" } }, vnd(0));
  const difference = h("div", { role: "status" });
  const note = field(t("close.note"), { hint: t("close.note-hint"), maxlength: 500, tag: "textarea" });
  const wrong = h("p.field-error", { role: "alert", hidden: true });
  let expected = null;
  const counted = () => counts.reduce((sum, c) => sum + c.note * Number(c.input.value || 0), 0);
  const typed = () => counts.some((c) => c.input.value.trim() !== "");
  const valid = () => counts.every((c) => /^\d{0,5}$/.test(c.input.value.trim()));
  const draw = () => {
    for (const c of counts) {
      const right = /^\d{0,5}$/.test(c.input.value.trim());
      c.sum.textContent = right && Number(c.input.value) ? vnd(c.note * Number(c.input.value)) : "";
      c.input.setAttribute("aria-invalid", String(!right));
    }
    wrong.hidden = true;
    total.textContent = valid() ? vnd(counted()) : "–";
    if (!typed() || expected === null || !valid()) return difference.replaceChildren();
    const off = counted() - expected;
    difference.replaceChildren(
      h(`p.notice${off ? ".notice-warn" : ".notice-ok"}`, {}, t("close.expected", { amount: vnd(expected) }), h("br"), off ? h("strong", { data: { testid: "till-variance" } }, t(off > 0 ? "close.over" : "close.short", { amount: vnd(Math.abs(off)) })) : h("strong", { data: { testid: "till-variance" } }, t("close.even"))),
    );
  };
  for (const c of counts) c.input.addEventListener("input", draw);
  const form = h(
    "form.till-panel.form",
    {
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        const fail = (text) => {
          wrong.textContent = text;
          wrong.hidden = false;
        };
        if (!valid()) return fail(t("close.bad-count"));
        if (!typed()) return fail(t("close.count-first"));
        const off = counted() - expected;
        if (off && note.control.value.trim().length < 2) return void note.error(t("close.note-needed"));
        const sure = await question(t("close.go"), t("close.sure"), [[true, t("close.go"), "btn-primary"], [false, t("cancel")]]);
        if (!sure) return;
        const counts_ = Object.fromEntries(counts.filter((c) => Number(c.input.value)).map((c) => [String(c.note), Number(c.input.value)]));
        const body = { keeper_id: app.keeper.id, counted: counts_, counted_amount: counted(), note: note.control.value.trim() };
        const ended = await store.closeSession(app.session, body, await sumOf(app.session));
        app.session = null;
        app.basket.lines = [];
        app.basket.discount = null;
        app.basket.adult = false;
        app.sync.now();
        app.go("report", { uuid: ended.uuid });
      },
    },
    h("h2", {}, t("close.count")),
    h("div.counts", {}, counts.map((c) => c.row)),
    h("p.basket-total", {}, h("span", {}, t("z.counted")), total),
    difference,
    note,
    wrong,
    h("div.sheet-do", {}, h("button.btn.btn-primary.btn-large", { type: "submit", data: { testid: "till-close" } }, t("close.go"))),
  );
  const soFar = h("div.slip-screen");
  main.append(h("h1", {}, t("close.title")), app.basket.lines.length ? h("p.notice.notice-warn", {}, t("close.basket")) : "", h("div.till-columns", {}, form, soFar));
  sumOf(app.session).then((sum) => {
    expected = sum.expected;
    soFar.replaceChildren(reportStrip(app, app.session, sum));
    draw();
  });
}

// The report of a session that has ended; the server's figures take the place of the device's once they are there.
export function report(app, main, { uuid }) {
  const box = h("div.slip-screen");
  let strip;
  const draw = async () => {
    const session = await store.session(uuid);
    strip = reportStrip(app, session, await sumOf(session));
    box.replaceChildren(strip);
  };
  main.append(
    h("div.sale-page", {}, box, h("div.sale-side", {}, h("h1", { tabindex: "-1" }, t("report.title")), h("p", {}, t("report.text")), button(t("report.print"), () => print(strip.cloneNode(true)), { kind: "btn-primary", picture: "print" }), button(t("lock"), () => app.lock(), { picture: "person" }), button(t("report.new"), () => app.go("open"), {}))),
  );
  draw();
  return { changed: draw };
}

// A visitor wanted something: from the menu with words and a number; from a card or an empty search it is one tap.
export const ask = (app, text = "") =>
  sheet(t("ask.title"), (close_) => {
    const what = field(t("ask.what"), { value: text, autocomplete: "off", required: true, data: { testid: "till-ask" } });
    const many = field(t("ask.how-many"), { value: "1", inputmode: "numeric", autocomplete: "off", data: { testid: "till-ask-many" } });
    return h(
      "form.form",
      {
        novalidate: true,
        onsubmit: async (event) => {
          event.preventDefault();
          const words = what.control.value.trim();
          if (words.length < 2) return void what.error(t("ask.what-needed"));
          if (words.length > LONGEST_ASK) return void what.error(t("ask.too-long", { n: LONGEST_ASK, long: words.length }));
          const n = read(many.control.value);
          if (!(n >= 1 && n <= MOST)) return void many.error(t("ask.bad-quantity", { n: grouped(String(MOST)) }));
          const [only, other] = app.index?.find(words) ?? [];
          close_();
          await app.wanted(only && !other ? only : null, words, n);
        },
      },
      h("p", {}, t("ask.text")),
      what,
      many,
      h("div.sheet-do", {}, h("button.btn.btn-primary", { type: "submit" }, icon("bell"), h("span", {}, t("ask.go")))),
    );
  });
