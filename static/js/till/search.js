// Finding goods on the device: every word typed must begin a word of the name, the pack or the SKU, marks or not.
// The folded text is made once per catalogue; a search reads it end to end, which takes a few milliseconds for 2,000 variants.

import { fold } from "../fold.js";

const wordsOf = (text) => fold(text).split(/[^a-z0-9]+/).filter(Boolean);

export class Index {
  constructor(variants, sold = {}) {
    this.codes = new Map();
    this.lots = new Map();
    this.rows = variants.map((variant) => {
      const words = [...wordsOf(variant.fold || variant.name), ...wordsOf(variant.pack ?? ""), ...wordsOf(variant.sku)];
      for (const code of [variant.sku, variant.gtin]) if (code) this.codes.set(plain(code), variant);
      for (const lot of variant.lots ?? []) if (!this.lots.has(plain(lot.code))) this.lots.set(plain(lot.code), { variant, lot });
      return { variant, text: ` ${words.join(" ")} ${plain(variant.sku)} `, first: words[0] ?? "", sold: sold[variant.id] ?? 0 };
    });
    // What lies here stands before what does not; then what sells most on this counter, then by name.
    const here = (row) => Number(row.variant.stock > 0);
    this.rows.sort((a, b) => here(b) - here(a) || b.sold - a.sold || a.variant.name.localeCompare(b.variant.name, "vi"));
  }

  // Variants in the order to show; all of them for an empty question.
  find(question) {
    const words = wordsOf(question);
    if (!words.length) return question.trim() ? [] : this.rows.map((row) => row.variant);
    const exact = this.code(question);
    const starts = [];
    const rest = [];
    for (const row of this.rows) {
      if (!words.every((word) => row.text.includes(` ${word}`))) continue;
      (row.first.startsWith(words[0]) ? starts : rest).push(row.variant);
    }
    const found = starts.concat(rest);
    return exact ? [exact, ...found.filter((variant) => variant !== exact)] : found;
  }

  // The variant of a barcode or SKU; UPC-A and GTIN-14 spellings of a GTIN-13 count as the same.
  code(text) {
    const code = plain(text);
    return this.codes.get(code) ?? this.codes.get(code.replace(/^0+/, "")) ?? (/^\d{8,14}$/.test(code) ? this.codes.get(code.padStart(13, "0")) : undefined);
  }

  // What somebody scanned: {variant, lot}, {number} of a receipt, or null. A label may carry a whole address.
  scanned(text) {
    const trimmed = text.trim();
    const receipt = trimmed.match(/(?:^|\/)([A-Z][1-9]\d{0,2}-\d{6})(?:[?#]|$)/i);
    if (receipt) return { number: receipt[1].toUpperCase() };
    const label = trimmed.match(/\/truy-xuat\/([^/?#]+)/);
    const lot = this.lots.get(plain(label ? safeDecode(label[1]) : trimmed));
    if (lot) return lot;
    const variant = this.code(trimmed);
    return variant ? { variant, lot: null } : null;
  }
}

const plain = (code) => String(code).toLowerCase().replace(/\s+/g, "");

function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
