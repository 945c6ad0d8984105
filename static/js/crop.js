// A box drawn over a photograph: its edges in thousandths go to the server, which cuts. Without it there are square and 4:3.

export default function crop(form) {
  const area = form.querySelector(".crop-area");
  const image = area?.querySelector("img");
  const field = form.querySelector('[name="box"]');
  const button = form.querySelector("[data-crop-do]");
  if (!image || !field || !button) return;
  const box = document.createElement("span");
  box.className = "crop-box";
  box.hidden = true;
  area.append(box);
  const begin = document.createElement("button");
  begin.type = "button";
  begin.className = "btn btn-small";
  begin.textContent = form.dataset.draw;
  button.before(begin);
  let from = null;
  const at = (event) => {
    const r = image.getBoundingClientRect();
    const share = (v, low, size) => Math.min(1000, Math.max(0, Math.round(((v - low) / size) * 1000)));
    return [share(event.clientX, r.left, r.width), share(event.clientY, r.top, r.height)];
  };
  const draw = (to) => {
    const [left, right] = [from[0], to[0]].sort((a, b) => a - b);
    const [top, low] = [from[1], to[1]].sort((a, b) => a - b);
    const enough = right - left > 50 && low - top > 50;
    box.hidden = !enough;
    button.hidden = !enough;
    field.value = enough ? [left, top, right, low].join(",") : "";
    box.style.setProperty("inset", `${top / 10}% ${100 - right / 10}% ${100 - low / 10}% ${left / 10}%`);
  };
  // Only after asking: a thumb that scrolls the page would draw otherwise.
  begin.addEventListener("click", () => {
    area.classList.add("drawing");
    area.scrollIntoView({ block: "center" });
  });
  area.addEventListener("pointerdown", (event) => {
    if (!area.classList.contains("drawing")) return;
    from = at(event);
    area.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  area.addEventListener("pointermove", (event) => from && draw(at(event)));
  for (const end of ["pointerup", "pointercancel"]) area.addEventListener(end, () => (from = null));
}
