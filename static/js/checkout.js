// The checkout page: shows what the chosen way of delivery needs, and asks for a fresh summary (fee, day, total) when the
// province, the point, the way of paying or the code changes. Without it the page has a button that does the same.

const PARTS = ["delivery", "province", "commune", "point", "payment", "code"];

export default function checkout(form) {
  const box = form.querySelector("[data-summary-box]");
  const show = () => {
    const pickup = form.elements.delivery?.value === "pickup";
    for (const part of form.querySelectorAll(".when-ship")) toggle(part, !pickup);
    for (const part of form.querySelectorAll(".when-pickup")) toggle(part, pickup);
  };
  const toggle = (part, on) => {
    part.hidden = !on;
    for (const field of part.querySelectorAll("input, select")) field.disabled = !on;
  };
  let asked = 0;
  const refresh = async () => {
    const turn = ++asked;
    const query = new URLSearchParams();
    for (const name of PARTS) {
      const value = form.elements[name]?.value;
      if (value) query.set(name, value);
    }
    box.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${form.dataset.summary}?${query}`, { credentials: "same-origin" });
      const html = await answer.text();
      if (turn === asked && answer.ok) box.innerHTML = html;
    } finally {
      if (turn === asked) box.removeAttribute("aria-busy");
    }
  };
  form.addEventListener("change", (event) => {
    if (!PARTS.includes(event.target.name)) return;
    show();
    refresh();
  });
  show();
}
