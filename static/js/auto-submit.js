// A small form that sends itself when its field has come to rest: the quantity of a basket line. Its button, marked
// data-auto-hide, is for those without JavaScript.

export default function autoSubmit(form) {
  for (const button of form.querySelectorAll("[data-auto-hide]")) button.hidden = true;
  let wait;
  form.addEventListener("change", () => {
    clearTimeout(wait);
    wait = setTimeout(() => form.reportValidity() && form.requestSubmit(), 450);
  });
}
