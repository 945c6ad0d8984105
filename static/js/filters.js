// A filter form sends itself when a choice changes; its button stays for those without JavaScript.
// On a phone the filters are a sheet: there one chooses several and then presses the button. Escape closes the sheet.

export default function filters(form) {
  const wide = matchMedia("(min-width: 60rem)");
  form.addEventListener("change", (event) => {
    if (event.target.type === "search" || event.target.type === "text") return;
    if (form.classList.contains("facets") && !wide.matches) return;
    form.requestSubmit();
  });
  form.addEventListener("submit", () => {
    // Empty fields do not belong in the address.
    for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  });
  addEventListener("pageshow", () => {
    for (const field of form.elements) field.disabled = false;
  });
  if (form.classList.contains("facets")) {
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && location.hash === `#${form.id}`) location.hash = "ket-qua";
    });
  }
}
