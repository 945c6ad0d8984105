// Marks the thumbnail of the picture in view and moves there without adding to the history. Swiping is the browser's own.

export default function gallery(box) {
  const track = box.querySelector(".gallery-track");
  const links = [...box.querySelectorAll(".gallery-thumbs a")];
  if (!track || links.length < 2) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;

  for (const link of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const picture = track.querySelector(`#${CSS.escape(link.hash.slice(1))}`);
      track.scrollTo({ left: picture.offsetLeft - track.offsetLeft, behavior: still ? "auto" : "smooth" });
    });
  }
  const watch = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        for (const link of links) {
          if (link.hash === `#${target.id}`) link.setAttribute("aria-current", "true");
          else link.removeAttribute("aria-current");
        }
      }
    },
    { root: track, threshold: 0.6 },
  );
  for (const picture of track.children) watch.observe(picture);
}
