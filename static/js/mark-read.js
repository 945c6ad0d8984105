// Says that the messages above this form have been read, as soon as it is seen; without JavaScript its button says so.

export default function markRead(form) {
  const watch = new IntersectionObserver(async (entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    watch.disconnect();
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new URLSearchParams(new FormData(form)),
        credentials: "same-origin",
        keepalive: true,
        redirect: "manual", // the page that it would lead to is this one
      });
      if (answer.ok || answer.type === "opaqueredirect") form.hidden = true;
    } catch {
      // offline: the button is still there
    }
  });
  watch.observe(form);
}
