// A board that asks for its middle again all the time, so that what it shows is never older than a second. It rests while
// nobody looks, and says so when nobody answers. Without JavaScript a link loads it anew.

const PAUSE = 600;

export default function live(element) {
  const body = element.querySelector("[data-live-body]");
  const word = element.querySelector("[data-live-word]");
  let missed = 0;
  async function look() {
    if (document.hidden) return again();
    try {
      const answer = await fetch(element.dataset.url, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(8000) });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      // Whoever has the keyboard in a table or on a link is not thrown out of it.
      if (!body.contains(document.activeElement)) body.innerHTML = text;
      missed = 0;
      word.hidden = true;
    } catch {
      missed += 1;
      if (missed > 2) {
        word.textContent = element.dataset.lost;
        word.hidden = false;
      }
    }
    again();
  }
  function again() {
    if (element.isConnected) setTimeout(look, PAUSE * (1 + Math.min(missed, 8)));
  }
  document.addEventListener("visibilitychange", () => document.hidden || (missed = 0));
  again();
}
