// Shows how far work in the background is, and the page anew when it is done. Without JavaScript the page asks for itself again.

export default function progress(element) {
  const bar = element.querySelector("progress");
  const done = element.querySelector("[data-progress-done]");
  let missed = 0;
  async function look() {
    try {
      const answer = await fetch(element.dataset.url, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      const now = await answer.json();
      missed = 0;
      if (!now.working) {
        location.reload();
        return;
      }
      done.textContent = String(now.done);
      if (now.total) {
        bar.max = now.total;
        bar.value = now.done;
      }
    } catch {
      missed += 1;
    }
    if (missed < 20 && element.isConnected) setTimeout(look, Math.min(1500 * (1 + missed), 10_000));
  }
  setTimeout(look, 1000);
}
