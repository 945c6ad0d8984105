// Fills the header of a public page, which is the same bytes for everybody: basket count, name, doors for staff.
// The answer of /me: {cart_count, name, office, producer, till}. A failure leaves the page as it is.

export default async function me(header) {
  try {
    const answer = await fetch(header.dataset.me, { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (answer.ok) show(header, await answer.json());
  } catch {
    // offline: the header without a name is still right
  }
}

export function show(header, who) {
  const count = header.querySelector("[data-testid=cart-count]");
  if (count && "cart_count" in who) count.textContent = who.cart_count || "";
  if (who.name) {
    const account = header.querySelector("[data-me-account]");
    account.href = account.dataset.href;
    account.querySelector("[data-me-name]").textContent = who.name;
  }
  for (const door of ["office", "producer", "till"]) {
    const link = header.querySelector(`[data-me-${door}]`);
    if (link && door in who) link.hidden = !who[door];
  }
}
