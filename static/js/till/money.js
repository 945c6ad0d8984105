// Whole đồng, shared and shown as the server does it (shop/kernel/money.py).

export const vnd = (amount) => `${amount < 0 ? "-" : ""}${String(Math.abs(amount)).replace(/\B(?=(\d{3})+$)/g, ".")}\u00a0₫`;

// The amount that is written (`1.250.000`, `1 250 000`, `1250000`), NaN for anything else: no sign, no fraction, no letter is
// left out in silence, `12.5` is not 125.
export const read = (text) => (/^\s*(\d+|\d{1,3}([. \u00a0]\d{3})+)\s*$/.test(text) ? Number(text.replace(/\D/g, "")) : NaN);

export const grouped = (digits) => digits.replace(/^0+(?=\d)/, "").replace(/\B(?=(\d{3})+$)/g, ".");

// What a field shows once `before` has become `now`: grouped in threes; left as it is if it cannot be an amount. The dots are
// ours, and move with the digits, as long as only digits come in or things go out.
export function regroup(before, now, typed = null) {
  if (!Number.isNaN(read(now))) return grouped(now.replace(/\D/g, ""));
  if (before !== "" && Number.isNaN(read(before))) return now;
  let [start, end] = [0, 0];
  while (start < Math.min(before.length, now.length) && before[start] === now[start]) start += 1;
  while (end < Math.min(before.length, now.length) - start && before.at(-1 - end) === now.at(-1 - end)) end += 1;
  const came = typed ?? now.slice(start, now.length - end);
  return /^\d*$/.test(came) && /^[\d.]*$/.test(now) ? grouped(now.replace(/\D/g, "")) : now;
}

// Shares `total` by whole `weights`, the parts adding up to it; the largest remainders get the odd đồng.
export function split(total, weights) {
  const whole = weights.reduce((a, b) => a + BigInt(b), 0n);
  if (whole <= 0n) return weights.map((_, i) => (i ? 0 : total));
  const exact = weights.map((w) => BigInt(total) * BigInt(w));
  const parts = exact.map((e) => Number(e / whole));
  const order = weights.map((_, i) => i).sort((a, b) => (exact[a] % whole === exact[b] % whole ? a - b : exact[b] % whole > exact[a] % whole ? 1 : -1));
  let odd = total - parts.reduce((a, b) => a + b, 0);
  for (const i of order) if (odd-- > 0) parts[i] += 1;
  return parts;
}

// What `more` of `all` units of a line cost after `before` came back, when the whole line cost `net`.
export const share = (net, all, before, more) => Math.floor((net * (before + more)) / all) - Math.floor((net * before) / all);

export const NOTES = [500_000, 200_000, 100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500];

// What a customer is likely to hand over for `due`: the next round sums above it.
export function likelyNotes(due) {
  const sums = new Set();
  for (const step of [10_000, 50_000, 100_000, 200_000, 500_000]) {
    const sum = Math.ceil(due / step) * step;
    if (sum > due) sums.add(sum);
  }
  return [...sums].sort((a, b) => a - b).slice(0, 4);
}
