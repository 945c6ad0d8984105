// <button hidden data-controller="copy" data-copy="HX7K-3M2P" data-done="Đã chép">Chép</button>
// Shows itself where the browser can copy.

export default function copy(button) {
  if (!navigator.clipboard) return;
  button.hidden = false;
  const words = button.textContent;
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.done;
      setTimeout(() => (button.textContent = words), 2500);
    } catch {
      button.hidden = true;
    }
  });
}
