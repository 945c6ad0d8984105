// The rules of a sale as the device knows them: what may be sold, what it costs, how far a discount may go. No page, no storage.

import { dayOf } from "./time.js";

export const LONGEST_ASK = 200; // characters of what a visitor asked for (shop/till/forms.py)
export const MOST = 9999; // of one thing; more is a slip of the finger

// The day that counts: the device's, unless the server was heard on a later one.
export const businessDay = (last, now = Date.now()) => {
  const [own, heard] = [dayOf(now), last?.server ? dayOf(last.server) : ""];
  return heard > own ? heard : own;
};

// Why a variant may not be sold as OCOP goods on `day`: "lapsed", "missing", or "" if it may.
export function certificateProblem(variant, day) {
  const certificate = variant.certificate;
  if (!certificate?.required) return "";
  if (!certificate.number) return "missing";
  return certificate.expires_on && certificate.expires_on < day ? "lapsed" : "";
}

// Stars are shown only while the certificate stands.
export const starsOn = (variant, day) =>
  variant.certificate?.stars && !(variant.certificate.expires_on && variant.certificate.expires_on < day) ? variant.certificate.stars : 0;

export const lotsOn = (variant, day) => (variant.lots ?? []).filter((lot) => !lot.expires_on || lot.expires_on >= day);

// What promotions take off a line, and what is left of it.
export const promotedOf = (line) => (line.off?.amount ?? 0) + (line.code ?? 0);
export const lineAmount = (line) => line.quantity * line.unit_price_amount - promotedOf(line);

// The offer of a variant that is on at `now` (ms) and below its price, if this device still holds units of it; `left` tells how many.
export function offerOn(variant, now, left) {
  for (const offer of variant?.offers ?? [])
    if (Date.parse(offer.from) <= now && now < Date.parse(offer.until) && offer.price < variant.price.amount && left(offer.id) > 0) return { ...offer, left: left(offer.id) };
  return null;
}

export class Basket {
  constructor(saved) {
    this.lines = (saved?.lines ?? []).map((line) => ({ ...line, code: 0 }));
    this.coupon = null; // {uuid, code, name}: a code that the server has granted; what it takes off stands on the lines
    this.discount = saved?.discount ?? null; // {percent} or {amount}, and {reason}
    this.adult = saved?.adult ?? false;
  }

  save() {
    return { lines: this.lines, discount: this.discount, adult: this.adult };
  }

  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  // What it costs after promotions, before what the keeper takes off.
  get subtotal() {
    return this.lines.reduce((sum, line) => sum + lineAmount(line), 0);
  }

  // What promotions take off: timed sales and a code.
  get promoted() {
    return this.lines.reduce((sum, line) => sum + promotedOf(line), 0);
  }

  get discountAmount() {
    if (!this.discount) return 0;
    return this.discount.percent ? Math.floor((this.subtotal * this.discount.percent) / 100) : this.discount.amount;
  }

  get total() {
    return this.subtotal - this.discountAmount;
  }

  // What a keeper who may give `percent` may take off this basket.
  limit(percent) {
    return Math.floor((this.subtotal * (percent ?? 0)) / 100);
  }

  of(variantId) {
    return this.lines.filter((line) => line.variant_id === variantId).reduce((sum, line) => sum + line.quantity, 0);
  }

  // Adds to the line of this variant and lot; null if that would be absurdly many.
  add(variant, quantity = 1, lotCode = null) {
    let line = this.lines.find((l) => l.variant_id === variant.id && l.lot_code === lotCode);
    if ((line?.quantity ?? 0) + quantity > MOST) return null;
    if (line) line.quantity += quantity;
    else {
      line = {
        variant_id: variant.id,
        sku: variant.sku,
        name: variant.name,
        pack: variant.pack ?? "",
        owner: variant.owner_label ?? "",
        alcohol: Boolean(variant.alcohol),
        certificate: variant.certificate?.required ? variant.certificate.expires_on ?? null : undefined,
        unit_price_amount: variant.price.amount,
        price_id: variant.price.id,
        lot_code: lotCode,
        quantity,
      };
      this.lines.push(line);
    }
    return line;
  }

  // Takes over the prices of a new catalogue; true if one differs. What was sold before keeps its own.
  reprice(variants) {
    let changed = false;
    for (const line of this.lines) {
      const price = variants.get(line.variant_id)?.price;
      if (!price || price.id === line.price_id) continue;
      changed ||= price.amount !== line.unit_price_amount;
      Object.assign(line, { price_id: price.id, unit_price_amount: price.amount });
    }
    return changed;
  }

  // Gives units the price of the sale that is on, as many as the device holds and one sale may have.
  price(offerOf) {
    const left = new Map();
    for (const line of this.lines) {
      line.off = null;
      const offer = offerOf(line.variant_id);
      if (!offer || offer.price >= line.unit_price_amount) continue;
      if (!left.has(offer.id)) left.set(offer.id, Math.min(offer.left, offer.limit || offer.left));
      const units = Math.min(line.quantity, left.get(offer.id));
      if (units <= 0) continue;
      left.set(offer.id, left.get(offer.id) - units);
      line.off = { offer_id: offer.id, name: offer.name, price: offer.price, units, amount: units * (line.unit_price_amount - offer.price) };
    }
  }

  // Takes over what the server granted ({uuid, code, name, shares}), or lets it go (null).
  setCoupon(granted) {
    for (const line of this.lines) line.code = 0;
    for (const share of granted?.shares ?? []) this.lines[share.line].code = share.amount;
    this.coupon = granted && { uuid: granted.uuid, code: granted.code, name: granted.name };
  }

  setQuantity(line, quantity) {
    if (!Number.isInteger(quantity) || quantity < 0 || quantity > MOST) return false;
    if (quantity === 0) this.lines.splice(this.lines.indexOf(line), 1);
    else line.quantity = quantity;
    return true;
  }

  // Gives a line another lot; it joins the line that has that lot already.
  setLot(line, lotCode) {
    const other = this.lines.find((l) => l !== line && l.variant_id === line.variant_id && l.lot_code === lotCode);
    if (other) {
      other.quantity = Math.min(MOST, other.quantity + line.quantity);
      this.lines.splice(this.lines.indexOf(line), 1);
    } else line.lot_code = lotCode;
  }

  // Lets a discount go that has become too large for the basket; true if it did.
  checkDiscount(percent) {
    if (!this.discount || (this.discountAmount <= this.limit(percent) && this.lines.length)) return false;
    this.discount = null;
    return true;
  }

  // What the server is told, without number, session and tenders.
  body() {
    return {
      lines: this.lines.map(({ variant_id, quantity, unit_price_amount, price_id, lot_code }) => ({ variant_id, quantity, unit_price_amount, price_id, lot_code })),
      discount_amount: this.promoted + this.discountAmount,
      discounts: this.lines.flatMap((line, n) => [
        ...(line.off ? [{ line: n, offer_id: line.off.offer_id, units: line.off.units, amount: line.off.amount }] : []),
        ...(line.code ? [{ line: n, coupon: this.coupon.uuid, amount: line.code }] : []),
      ]),
      discount_reason: this.discountAmount ? this.discount.reason : "",
      total_amount: this.total,
      age_confirmed: this.adult,
      certificate_seen: Object.fromEntries(this.lines.filter((l) => l.certificate !== undefined).map((l) => [l.variant_id, l.certificate])),
    };
  }
}
