// "Thêm vào giỏ" without leaving the page. The form is sent as it stands, asking for JSON:
// {cart_count, message, cart_url, cart_label} means done; a problem (RFC 9457) shows its title; a redirect is followed.

export default function add(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter ?? form.querySelector("[type=submit]");
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
        keepalive: true, // who clicks and leaves at once has still added it
      });
      const kind = answer.headers.get("Content-Type") ?? "";
      if (!kind.includes("json")) {
        location.assign(answer.redirected ? answer.url : document.querySelector(".cart-link").href);
        return;
      }
      const told = await answer.json();
      if (answer.ok) {
        const count = document.querySelector("[data-testid=cart-count]");
        if (count) count.textContent = told.cart_count || "";
        toast(told.message, told.cart_url, told.cart_label);
      } else {
        toast(told.detail ?? told.title, null, null, true);
      }
    } catch {
      form.submit();
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
}

let away;

function toast(text, url, label, refused = false) {
  if (!text) return;
  document.querySelector(".toast")?.remove();
  const box = document.createElement("div");
  box.className = "toast";
  box.setAttribute("role", refused ? "alert" : "status");
  if (refused) box.dataset.testid = "error";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (url && label) {
    const link = document.createElement("a");
    link.href = url;
    link.textContent = label;
    box.append(link);
  }
  document.body.append(box);
  clearTimeout(away);
  away = setTimeout(() => box.remove(), refused ? 9000 : 6000);
}
