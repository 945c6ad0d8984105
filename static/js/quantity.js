// Puts "one less" and "one more" beside a number field. The field keeps working by itself.

export default function quantity(box) {
  const field = box.querySelector("input");
  const less = button("−", box.dataset.less);
  const more = button("+", box.dataset.more);
  field.before(less);
  field.after(more);

  const low = () => Number(field.min || 1);
  const high = () => Number(field.max || Infinity);
  const step = (by) => {
    const value = Math.min(high(), Math.max(low(), (Number(field.value) || low()) + by));
    if (String(value) === field.value) return;
    field.value = value;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const show = () => {
    less.disabled = Number(field.value) <= low();
    more.disabled = Number(field.value) >= high();
  };
  less.addEventListener("click", () => step(-1));
  more.addEventListener("click", () => step(1));
  field.addEventListener("input", show);
  field.addEventListener("focus", () => field.select());
  show();
}

function button(sign, label) {
  const element = document.createElement("button");
  element.type = "button";
  element.textContent = sign;
  element.setAttribute("aria-label", label);
  return element;
}
