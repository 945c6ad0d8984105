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

export class Basket {
  constructor(saved) {
    this.lines = saved?.lines ?? [];
    this.discount = saved?.discount ?? null; // {percent} or {amount}, and {reason}
    this.adult = saved?.adult ?? false;
  }

  save() {
    return { lines: this.lines, discount: this.discount, adult: this.adult };
  }

  get count() {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  get subtotal() {
    return this.lines.reduce((sum, line) => sum + line.quantity * line.unit_price_amount, 0);
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
      discount_amount: this.discountAmount,
      discount_reason: this.discountAmount ? this.discount.reason : "",
      total_amount: this.total,
      age_confirmed: this.adult,
      certificate_seen: Object.fromEntries(this.lines.filter((l) => l.certificate !== undefined).map((l) => [l.variant_id, l.certificate])),
    };
  }
}
