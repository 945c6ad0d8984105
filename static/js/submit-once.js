// A second click does not send a form twice. The button is not disabled (its name and value must be sent, and the page may
// come back from the history), it only stops listening until the page is shown again or ten seconds have passed.

export default function submitOnce(form) {
  let sent = 0;
  form.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if (Date.now() - sent < 10_000) {
      event.preventDefault();
      return;
    }
    sent = Date.now();
    event.submitter?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    sent = 0;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  });
}
