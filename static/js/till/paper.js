// What leaves the counter on paper: strips of 80 mm, printed by the browser. The same elements stand on the screen.

import { h } from "./dom.js";
import { split, vnd } from "./money.js";
import { picture } from "./qr.js";
import { lineAmount } from "./sale.js";
import { dayText, instantText } from "./time.js";
import { t } from "./words.js";

let page; // the @page rule of the strip: as long as what is printed

// Prints elements, each on a strip of its own length.
export async function print(...parts) {
  const paper = document.getElementById("paper");
  paper.replaceChildren(...parts);
  const sheet = [...document.styleSheets].find((s) => s.href?.endsWith("/till.css"));
  if (sheet) {
    if (page !== undefined) sheet.deleteRule(page);
    paper.classList.add("measured");
    const long = Math.ceil((paper.getBoundingClientRect().height * 25.4) / 96) + 6;
    paper.classList.remove("measured");
    page = sheet.insertRule(`@page { size: 80mm ${Math.max(long, 60)}mm; margin: 0; }`, sheet.cssRules.length);
  }
  await Promise.resolve();
  window.print();
}

const rule = () => h("hr.slip-rule");
export const row = (label, value, kind = "") => h(`div.slip-row${kind ? `.${kind}` : ""}`, {}, h("span", {}, label), h("span.num", {}, value));

function head(app) {
  const { point, receipts, shop } = { shop: app.device?.shop, point: app.device?.point, ...app.catalogue };
  const [first, ...rest] = receipts?.header?.length ? receipts.header : [shop?.name || "Chợ Bến", point?.name, point?.address].filter(Boolean);
  const phone = point?.phone || shop?.phone;
  return h("header.slip-top", {}, h("strong.slip-shop", {}, first), [...rest, phone].filter(Boolean).map((line) => h("span", {}, line)));
}

export const tenderName = (kind) => t(`tender.${kind}`);

export const link = (app, sale) => app.catalogue?.receipts?.link?.replace("{number}", sale.number).replace("{secret}", sale.secret) ?? "";

export function receipt(app, sale, { copy = false } = {}) {
  const url = link(app, sale);
  return h(
    "article.slip",
    { lang: document.documentElement.lang },
    head(app),
    rule(),
    h("p.slip-title", {}, copy ? t("receipt.copy") : t("receipt.title")),
    row(t("receipt.number"), sale.number, "strong"),
    row(t("receipt.at"), instantText(sale.at)),
    row(t("receipt.keeper"), sale.keeper),
    rule(),
    sale.lines.map((line) =>
      h("div.slip-line", {},
        h("span", {}, line.name, line.pack ? ` · ${line.pack}` : ""),
        line.lot_code ? h("small", {}, t("receipt.lot", { lot: line.lot_code })) : null,
        row(`${line.quantity} × ${vnd(line.unit_price_amount)}`, vnd(line.quantity * line.unit_price_amount)),
        line.off ? row(t("offer.line", { name: line.off.name, n: line.off.units, amount: vnd(line.off.price) }), vnd(-line.off.amount), "slip-off") : null,
        line.code ? row(`${sale.coupon.name} (${sale.coupon.code})`, vnd(-line.code), "slip-off") : null),
    ),
    rule(),
    sale.discount_amount ? [row(t("receipt.subtotal"), vnd(sale.total_amount + sale.discount_amount)), row(t("receipt.discount"), vnd(-sale.discount_amount))] : null,
    row(t("receipt.total"), vnd(sale.total_amount), "slip-total"),
    sale.tenders.map((tender) => [
      row(tenderName(tender.kind) + (tender.note ? ` (${tender.note})` : ""), vnd(tender.given ?? tender.amount)),
      tender.given > tender.amount ? row(t("receipt.change"), vnd(tender.given - tender.amount)) : null,
    ]),
    url ? h("div.slip-qr", {}, picture(url, t("receipt.qr")), h("small", {}, t("receipt.qr"))) : null,
    h("footer.slip-end", {}, app.catalogue?.receipts?.footer || t("receipt.thanks")),
  );
}

export function returnSlip(app, slip) {
  return h(
    "article.slip",
    {},
    head(app),
    rule(),
    h("p.slip-title", {}, t("return.slip")),
    row(t("receipt.number"), slip.number, "strong"),
    row(t("receipt.at"), instantText(slip.at)),
    row(t("receipt.keeper"), slip.keeper),
    rule(),
    slip.lines.map((line) => row(`${line.quantity} × ${line.name}`, vnd(line.amount))),
    rule(),
    row(t("return.refund", { kind: tenderName(slip.refund.kind) }), vnd(slip.refund.amount), "slip-total"),
    row(t("reason"), slip.reason),
    h("p.slip-sign", {}, t("return.sign")),
  );
}

// --- the session's report --------------------------------------------------------------------------------------------

// Figures of one session from what this device keeps: by tender and by owner, and what should lie in the drawer.
export function figures(session, sales, events) {
  const sum = { sales: sales.length, units: 0, gross: 0, discount: 0, net: 0, tenders: {}, owners: {}, refunds: {}, refunded: 0, returns: 0, in: 0, out: 0, moves: [], unaccepted: 0 };
  const add = (into, key, n) => (into[key] = (into[key] ?? 0) + n);
  const refused = new Set(events.filter((e) => e.state === "refused").map((e) => e.id));
  for (const sale of sales) {
    sum.gross += sale.total_amount + sale.discount_amount;
    sum.discount += sale.discount_amount;
    sum.net += sale.total_amount;
    if (refused.has(sale.event)) sum.unaccepted += 1;
    for (const tender of sale.tenders) add(sum.tenders, tender.kind, tender.amount);
    const shares = split(sale.total_amount, sale.lines.map(lineAmount));
    sale.lines.forEach((line, i) => {
      sum.units += line.quantity;
      add(sum.owners, line.owner || "", shares[i]);
    });
  }
  for (const event of events) {
    if (event.kind === "cash") {
      if (event.body.amount > 0) sum.in += event.body.amount;
      else sum.out -= event.body.amount;
      sum.moves.push({ at: event.at, amount: event.body.amount, reason: event.body.reason });
    }
    if (event.kind === "return" && event.state !== "refused") {
      sum.returns += 1;
      sum.refunded += event.body.refund.amount;
      add(sum.refunds, event.body.refund.kind, event.body.refund.amount);
      for (const line of event.local?.lines ?? []) add(sum.owners, line.owner || "", -line.amount);
    }
  }
  sum.expected = session.float_amount + (sum.tenders.cash ?? 0) - (sum.refunds.cash ?? 0) + sum.in - sum.out;
  return sum;
}

export function report(app, session, sum) {
  const said = session.said;
  const counted = session.counted_amount;
  const expected = said?.expected ?? sum.expected;
  const variance = counted === undefined ? null : said?.variance ?? counted - expected;
  return h(
    "article.slip",
    {},
    head(app),
    rule(),
    h("p.slip-title", {}, session.closed_at ? t("z.title") : t("z.so-far")),
    row(t("z.device"), app.device?.code ?? ""),
    row(t("z.keeper"), session.keeper_name ?? ""),
    row(t("z.opened"), session.opened_at ? instantText(session.opened_at) : "–"),
    session.closed_at ? row(t("z.closed"), instantText(session.closed_at)) : null,
    session.adopted ? h("p.slip-note", {}, t("z.adopted")) : null,
    rule(),
    row(t("z.sales"), String(sum.sales)),
    row(t("z.units"), String(sum.units)),
    row(t("z.gross"), vnd(sum.gross)),
    row(t("z.discount"), vnd(-sum.discount)),
    row(t("z.net"), vnd(sum.net), "slip-total"),
    sum.returns ? row(t("z.returns", { n: sum.returns }), vnd(-sum.refunded)) : null,
    h("h3.slip-part", {}, t("z.by-tender")),
    Object.entries(sum.tenders).map(([kind, amount]) => row(tenderName(kind), vnd(amount))),
    Object.entries(sum.refunds).map(([kind, amount]) => row(t("return.refund", { kind: tenderName(kind) }), vnd(-amount))),
    h("h3.slip-part", {}, t("z.by-owner")),
    Object.entries(sum.owners).map(([owner, amount]) => row(owner || t("z.own"), vnd(amount))),
    h("h3.slip-part", {}, t("z.drawer")),
    row(t("z.float"), vnd(session.float_amount)),
    row(t("z.cash-sales"), vnd((sum.tenders.cash ?? 0) - (sum.refunds.cash ?? 0))),
    row(t("z.in"), vnd(sum.in)),
    row(t("z.out"), vnd(-sum.out)),
    session.closed_at
      ? [
          row(t("z.expected"), vnd(expected), "strong"),
          counted === undefined ? null : row(t("z.counted"), vnd(counted), "strong"),
          variance === null ? null : row(t("z.variance"), vnd(variance), "slip-total"),
          session.note ? row(t("note"), session.note) : null,
        ]
      : null,
    sum.unaccepted ? h("p.slip-note", {}, t("z.unaccepted", { n: sum.unaccepted })) : null,
    session.closed_at && !said ? h("p.slip-note", {}, t("z.unsent")) : null,
  );
}

export const expires = (lot) => (lot.expires_on ? t("lot.expires", { day: dayText(lot.expires_on) }) : t("lot.no-date"));
