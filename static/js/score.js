// Adds up the chosen answers of a scoring sheet while it is filled in; the server says the stars after saving. A sheet with
// data-autosave keeps a draft by itself a moment after each change. Sending one after the other keeps the version right; what
// could not be sent is told, and the buttons work as ever.

export default function score(form) {
  const out = form.querySelector("[data-score-total]");
  const questions = form.querySelectorAll(".score-question");
  const show = () => {
    const chosen = [...form.querySelectorAll(".score-question input:checked")];
    const points = chosen.reduce((sum, one) => sum + Number(one.dataset.points), 0);
    out.textContent = `${points}/100 ${form.dataset.points} · ${chosen.length}/${questions.length} ${form.dataset.answered}`;
  };
  form.addEventListener("change", show);
  show();
  if ("autosave" in form.dataset) autosave(form, form.querySelector("[data-score-saved]"));
}

function autosave(form, told) {
  let wait;
  let busy = false;
  let again = false;
  let leaving = false;
  const send = async () => {
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { Accept: "application/json" } });
      if (leaving) return;
      const said = await answer.json();
      if (answer.ok) form.elements.seen.value = said.seen;
      told.textContent = answer.ok ? said.message : said.title || form.dataset.failed;
    } catch {
      told.textContent = form.dataset.failed;
    } finally {
      busy = false;
      if (again && !leaving) {
        again = false;
        send();
      }
    }
  };
  const soon = () => {
    clearTimeout(wait);
    wait = setTimeout(send, 800);
  };
  form.addEventListener("change", soon);
  form.addEventListener("submit", (event) => {
    clearTimeout(wait);
    if (leaving) {
      event.preventDefault();
      return;
    }
    leaving = true;
    if (!busy) return;
    // The draft on its way would make the version that is being sent an old one: wait for it, then send.
    event.preventDefault();
    leaving = false;
    const button = event.submitter;
    const until = setInterval(() => {
      if (busy) return;
      clearInterval(until);
      form.requestSubmit(button);
    }, 60);
  });
  addEventListener("pageshow", () => {
    leaving = false;
  });
}
