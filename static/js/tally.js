// Counting at a gate: each tap is sent at once under a key of its own and kept until it is answered, so that a phone that
// loses its network counts nobody twice and forgets nobody. Without JavaScript each button sends the form.

export default function tally(element) {
  const form = element.querySelector("form");
  const here = element.querySelector("[data-tally-here]");
  const total = element.querySelector("[data-tally-total]");
  const word = element.querySelector("[data-tally-word]");
  const shelf = `tally:${location.pathname}`;
  const queue = JSON.parse(localStorage.getItem(shelf) ?? "[]");
  let busy = false;
  const key = () => Array.from(crypto.getRandomValues(new Uint8Array(12)), (n) => n.toString(16).padStart(2, "0")).join("");
  function keep() {
    localStorage.setItem(shelf, JSON.stringify(queue));
  }
  async function send() {
    if (busy || !queue.length) return;
    busy = true;
    const [first] = queue;
    try {
      const body = new FormData(form);
      body.set("gate", first.gate);
      body.set("tap", first.tap);
      word.textContent = word.dataset.waits;
      const answer = await fetch(element.dataset.url, { method: "POST", body, headers: { Accept: "application/json" } });
      // What the shop refuses it will always refuse; a network or a server that fails is asked again.
      if (answer.status >= 500) throw new Error(String(answer.status));
      queue.shift();
      keep();
      if (answer.ok) {
        const now = await answer.json();
        if (!queue.length && first.gate === form.elements.gate.value) {
          here.textContent = now.here;
          total.textContent = now.total;
        }
        word.textContent = "";
      } else {
        location.reload();
      }
      busy = false;
      send();
    } catch {
      word.textContent = word.dataset.fails;
      setTimeout(() => {
        busy = false;
        send();
      }, 3000);
    }
  }
  form.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button?.dataset.tally) return;
    event.preventDefault();
    const n = Number(button.dataset.tally);
    queue.push({ gate: form.elements.gate.value, tap: `${n}:${key()}` });
    keep();
    here.textContent = String(Number(here.textContent) + n);
    send();
  });
  send();
}
