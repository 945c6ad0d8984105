// What waits, what was not accepted and why: on the screen, on paper, as a file.

import { button, h, toast } from "./dom.js";
import { vnd } from "./money.js";
import { print, row } from "./paper.js";
import * as store from "./store.js";
import { clockText, instantText } from "./time.js";
import { t } from "./words.js";

// What an event was, in words.
export function said(event) {
  const { kind, body } = event;
  if (kind === "sale") return t("event.sale", { number: body.number, amount: vnd(body.total_amount) });
  if (kind === "return") return t("event.return", { number: body.sale_number, amount: vnd(body.refund.amount) });
  if (kind === "cash") return t("event.cash", { amount: vnd(body.amount), reason: body.reason });
  if (kind === "session-open") return t("event.open", { amount: vnd(body.float_amount) });
  if (kind === "session-close") return t("event.close", { amount: vnd(body.counted_amount) });
  return t("event.ask", { what: body.text ?? `#${body.variant_id}`, n: body.quantity });
}

const reason = (event) => (event.state === "stranded" ? t("queue.stranded", { code: event.device }) : event.message || event.code || "");

async function unsent() {
  return { waiting: await store.waiting(), kept: [...(await store.inState("refused")), ...(await store.inState("stranded"))] };
}

export async function printQueue(app) {
  const { waiting, kept } = await unsent();
  const part = (title, events) =>
    events.length ? [h("h3.slip-part", {}, title), events.map((e) => h("div.slip-line", {}, h("span", {}, said(e)), h("small", {}, `${instantText(e.at)} · ${e.device}-${e.seq}`), reason(e) ? h("small", {}, reason(e)) : null, e.kind === "sale" ? saleLines(app, e) : null))] : null;
  await print(h("article.slip", {}, h("p.slip-title", {}, t("queue.paper", { code: app.device?.code ?? "" })), row(t("receipt.at"), instantText(Date.now())), part(t("queue.waiting"), waiting), part(t("queue.refused"), kept)));
}

const saleLines = (app, event) => event.body.lines.map((line) => row(`${line.quantity} × ${app.variants.get(line.variant_id)?.name ?? `#${line.variant_id}`}`, vnd(line.quantity * line.unit_price_amount)));

export async function exportQueue(app) {
  const { waiting, kept } = await unsent();
  const { code, point } = app.device ?? {};
  const body = JSON.stringify({ device: code, point: point?.slug, made_at: new Date().toISOString(), waiting, not_accepted: kept }, null, 1);
  const link = h("a", { href: URL.createObjectURL(new Blob([body], { type: "application/json" })), download: `till-${code}-${new Date().toISOString().slice(0, 10)}.json` });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

export function queue(app, main) {
  const state = h("section.till-panel");
  const lists = h("div.till-columns");
  let drawn = 0;
  const draw = async () => {
    const mine = ++drawn;
    const { online, waiting: count, lastAt, skew, trouble, busy } = app.sync.status;
    const { waiting, kept } = await unsent();
    const short = (await store.inState("done")).filter((event) => event.shortage?.length).slice(-30).reverse();
    if (mine !== drawn) return;
    state.replaceChildren(
      h("p.lede", {}, online === false ? t("queue.is-offline") : online ? t("queue.is-online") : t("status.unknown"), " ", count ? t("queue.count", { n: count }) : t("queue.empty")),
      lastAt ? h("p", {}, t("queue.last", { at: instantText(lastAt) })) : "",
      trouble ? h("p.notice.notice-bad", {}, t("queue.trouble", { what: trouble })) : "",
      skew ? h("p.notice.notice-warn", {}, t("queue.clock", { n: Math.round(Math.abs(skew) / 60_000), server: clockText(Date.now() + skew), device: clockText(Date.now()) })) : "",
      h(
        "div.sheet-do",
        {},
        button(t("queue.send-now"), async () => {
          await app.sync.now({ catalogue: true });
          toast(app.sync.status.online ? t("queue.sent") : t("queue.is-offline"));
        }, { kind: "btn-primary", picture: "cloud", "aria-busy": String(busy) }),
        waiting.length + kept.length ? [button(t("queue.print"), () => printQueue(app), { picture: "print" }), button(t("queue.file"), () => exportQueue(app), { picture: "export" })] : null,
      ),
    );
    const list = (title, events, { bad = false, empty = "" } = {}) =>
      events.length || empty
        ? h("section.till-panel", {}, h("h2", {}, title), events.length
          ? h("ul.till-list", { role: "list" }, events.map((event) => h("li", {}, h("strong", {}, said(event)), h("small", {}, `${instantText(event.at)} · ${event.device}-${event.seq}`), bad && reason(event) ? h("p.till-bad", {}, reason(event)) : null)))
          : h("p.muted", {}, empty))
        : null;
    const refused = list(t("queue.refused"), kept, { bad: true });
    const again = kept.filter((event) => event.state === "refused").map((event) => event.id);
    if (refused && again.length)
      refused.append(
        h("div.sheet-do", {}, button(t("queue.try-again"), async () => {
          await store.tryAgain(again);
          await app.sync.now();
        }, { picture: "return" })),
      );
    const shortages = short.length
      ? h("section.till-panel", {}, h("h2", {}, t("queue.short")), h("p", {}, t("queue.short-text")), h("ul.till-list", { role: "list" }, short.map((event) => h("li", {}, h("strong", {}, event.body.number), event.shortage.map((s) => h("small", {}, t("queue.short-line", { n: s.quantity, what: app.variants.get(s.variant_id)?.name ?? s.name ?? `#${s.variant_id}` })))))))
      : null;
    lists.replaceChildren(...[refused, list(t("queue.waiting"), waiting, { empty: t("queue.none-waiting") }), shortages].filter(Boolean));
  };
  main.append(h("h1", {}, t("queue.title")), state, lists);
  draw();
  return { changed: draw, fresh: draw };
}
