// The price per kilogram or litre of a pack while it is typed; without JavaScript the server says it after sending.

const PER = { GRM: [1000, "kg"], KGM: [1, "kg"], MLT: [1000, "l"], LTR: [1, "l"] };

export default function unitPrice(part) {
  const field = (name) => part.querySelector(`[name$="-${name}"]`);
  const [price, content, unit, out] = [field("price"), field("net_content"), field("net_unit"), part.querySelector("[data-unit-price]")];
  if (!price || !content || !unit || !out) return;
  const show = () => {
    // What the server would not take as an amount ("150k") is worth nothing here either.
    const amount = /^[\d.,\s]*[₫đ]?\s*$/.test(price.value) ? Number(price.value.replace(/[^\d]/g, "")) : 0;
    const much = Number(content.value.trim().replace(",", "."));
    const per = PER[unit.value];
    const known = per && amount > 0 && much > 0 && much !== per[0];
    const each = known ? Math.round((amount * per[0]) / much) : 0;
    out.textContent = known ? `${part.dataset.per} ${each.toLocaleString("vi-VN")} ₫/${per[1]}` : "";
  };
  for (const one of [price, content]) one.addEventListener("input", show);
  unit.addEventListener("change", show);
}
