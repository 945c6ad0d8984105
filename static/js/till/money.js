// Whole đồng, shared and shown as the server does it (shop/kernel/money.py).

export const vnd = (amount) => `${amount < 0 ? "-" : ""}${String(Math.abs(amount)).replace(/\B(?=(\d{3})+$)/g, ".")}\u00a0₫`;

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
