// Hand scanners type like a very fast keyboard and end with Enter; cameras are read by the browser where it can.

import { button, h, sheet } from "./dom.js";
import { t } from "./words.js";

const FAST = 50; // ms between two keys of a scanner; a person is slower
const SHORTEST = 5;

// Calls found(text) for every scan, wherever the focus is. What the scanner typed into a field is taken out again.
export function listen(found) {
  let typed = "";
  let last = 0;
  let before = null; // the field and what stood in it when the burst began
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
      const pause = event.timeStamp - last;
      if (event.key === "Enter") {
        const text = pause <= 3 * FAST ? typed : "";
        typed = "";
        if (text.length < SHORTEST) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        if (before?.field === event.target && before.field.value !== before.value) {
          before.field.value = before.value;
          before.field.dispatchEvent(new Event("input", { bubbles: true }));
        }
        found(text);
      } else if (event.key.length === 1) {
        if (pause > FAST || !typed) {
          typed = "";
          before = event.target.tagName === "INPUT" ? { field: event.target, value: event.target.value } : null;
        }
        typed += event.key;
        last = event.timeStamp;
      }
    },
    true,
  );
}

export const hasCamera = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

// Opens the camera until something is read; the promise gives the text, or undefined if the person closed it.
export async function camera() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    await sheet(t("scan.camera"), (close) => [h("p", {}, t("scan.refused")), h("div.sheet-do", {}, button(t("understood"), () => close(), { kind: "btn-primary", autofocus: true }))]);
    return undefined;
  }
  const wanted = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "itf", "qr_code"];
  const known = await window.BarcodeDetector.getSupportedFormats();
  const detector = new window.BarcodeDetector({ formats: wanted.filter((name) => known.includes(name)) });
  let open = true;
  const text = await sheet(
    t("scan.camera"),
    (close) => {
      const video = h("video.scan-video", { playsinline: true, muted: true, "aria-label": t("scan.camera") });
      video.muted = true;
      video.srcObject = stream;
      const look = async () => {
        if (!open) return;
        try {
          const [first] = video.readyState >= 2 ? await detector.detect(video) : [];
          if (first?.rawValue && open) return close(first.rawValue);
        } catch {
          // A frame that cannot be read is followed by the next.
        }
        setTimeout(look, 120);
      };
      video.play().then(look, look);
      return [video, h("p", {}, t("scan.hold")), h("div.sheet-do", {}, button(t("cancel"), () => close()))];
    },
    { full: true },
  );
  open = false;
  for (const track of stream.getTracks()) track.stop();
  return text;
}
