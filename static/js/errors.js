// The summary of what must be mended takes the focus, and its links lead into the fields.

export default function errors(summary) {
  summary.focus();
  summary.addEventListener("click", (event) => {
    const link = event.target.closest("a[href^='#']");
    const target = link && document.getElementById(link.hash.slice(1));
    if (!target) return;
    event.preventDefault();
    target.scrollIntoView({ block: "center" });
    const field = target.matches("input, select, textarea") ? target : target.querySelector("input, select, textarea");
    const typed = field && document.getElementById(`${field.id}-typed`);
    (typed ?? field ?? target).focus({ preventScroll: true });
  });
}
