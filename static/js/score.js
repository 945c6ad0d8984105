// Adds up the chosen answers of a scoring sheet while it is filled in; the server says the stars after saving.

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
}
