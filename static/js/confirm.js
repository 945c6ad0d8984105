// A question in a <details>: Escape and a click elsewhere close it, opening moves the focus into it.

export default function confirm(details) {
  const close = () => {
    details.open = false;
    details.querySelector("summary").focus();
  };
  details.addEventListener("toggle", () => {
    if (details.open) details.querySelector(".confirm-box :is(input:not([type=hidden]), select, textarea, button)")?.focus();
  });
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && details.open) close();
  });
  document.addEventListener("click", (event) => {
    if (details.open && !details.contains(event.target)) details.open = false;
  });
}
