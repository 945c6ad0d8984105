// A field to sign in with finger, pen or mouse. What is kept are the strokes: whole numbers in a field 1000 wide, 340 high.
// A box to tick stands beside it for those who cannot draw.

const WIDTH = 1000;
const HEIGHT = 340;
const MOST = 5900;

export default function sign(form) {
  const field = form.querySelector("[data-sign-field]");
  const pad = form.querySelector("[data-sign-pad]");
  const path = pad?.querySelector("path");
  const kept = form.querySelector("input[name=strokes]");
  const tick = form.querySelector("input[type=checkbox]");
  if (!path || !kept) return;
  let strokes = [];
  let stroke = null;
  const draw = () => {
    path.setAttribute("d", strokes.map((s) => "M" + (s.length > 1 ? s : [s[0], s[0]]).map((p) => p.join(" ")).join("L")).join(""));
    kept.value = strokes.length ? JSON.stringify(strokes) : "";
  };
  const at = (event) => {
    const box = pad.getBoundingClientRect();
    const x = Math.round(((event.clientX - box.left) / box.width) * WIDTH);
    const y = Math.round(((event.clientY - box.top) / box.height) * HEIGHT);
    return [Math.min(Math.max(x, 0), WIDTH), Math.min(Math.max(y, 0), HEIGHT)];
  };
  pad.addEventListener("pointerdown", (event) => {
    if (event.button > 0) return;
    event.preventDefault();
    pad.setPointerCapture(event.pointerId);
    stroke = [at(event)];
    strokes.push(stroke);
    draw();
  });
  pad.addEventListener("pointermove", (event) => {
    if (!stroke || strokes.reduce((n, s) => n + s.length, 0) > MOST) return;
    const [x, y] = at(event);
    const [lastX, lastY] = stroke[stroke.length - 1];
    if (Math.abs(x - lastX) + Math.abs(y - lastY) < 4) return;
    stroke.push([x, y]);
    draw();
  });
  for (const name of ["pointerup", "pointercancel"]) pad.addEventListener(name, () => (stroke = null));
  form.querySelector("[data-sign-clear]").addEventListener("click", () => {
    strokes = [];
    draw();
  });
  form.addEventListener("submit", (event) => {
    if (strokes.length || tick?.checked) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    tick?.setCustomValidity(form.dataset.empty);
    tick?.reportValidity();
  }, { capture: true });
  tick?.addEventListener("change", () => tick.setCustomValidity(""));
  pad.addEventListener("pointerdown", () => tick?.setCustomValidity(""));
  field.hidden = false;
}
