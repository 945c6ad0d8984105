// Making pages out of elements. Text is always text: nothing a person or a server wrote is ever read as HTML.

import { read, regroup } from "./money.js";
import { t } from "./words.js";

const STATIC = document.documentElement.dataset.static;
const SVG = "http://www.w3.org/2000/svg";

export const asset = (name) => STATIC + name;

// h("button.btn.btn-primary", {onclick, "aria-label": …, data: {…}}, child, …); a child may be text, an element, a list or nothing.
export function h(what, properties = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(properties ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (name === "class") element.className += ` ${value}`;
    else if (name === "value") element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  return element;
}

export function icon(name) {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${asset("img/icons.svg")}#${name}`);
  picture.append(use);
  return picture;
}

export function stars(count) {
  if (!count) return null;
  const picture = icon(`stars-${count}`);
  picture.removeAttribute("class");
  return h("span.stars", {}, picture, h("span.visually-hidden", {}, t("goods.stars", { n: count })));
}

export const button = (label, onclick, { kind = "", picture = "", ...rest } = {}) =>
  h(`button.btn${kind ? `.${kind}` : ""}`, { type: "button", onclick, ...rest }, picture ? icon(picture) : null, h("span", {}, label));

let fields = 0;
// A labelled field. `error(text)` marks it wrong and takes the focus; `error("")` makes it right again.
export function field(label, { hint = "", tag = "input", options = [], ...rest } = {}) {
  const id = `f${++fields}`;
  const control = h(`${tag}.control`, { id, ...(hint ? { "aria-describedby": `${id}-h` } : {}), ...rest }, options);
  if (tag === "select" && rest.value !== undefined) control.value = rest.value;
  const wrong = h("p.field-error", { id: `${id}-e`, hidden: true });
  const box = h("div.field", {}, h("label", { for: id }, label), hint ? h("p.field-hint", { id: `${id}-h` }, hint) : null, control, wrong);
  box.control = control;
  box.error = (text) => {
    wrong.textContent = text;
    wrong.hidden = !text;
    if (text) {
      control.setAttribute("aria-invalid", "true");
      control.setAttribute("aria-describedby", `${id}-e${hint ? ` ${id}-h` : ""}`);
      control.focus();
    } else control.removeAttribute("aria-invalid");
    return false;
  };
  control.addEventListener("input", () => box.error(""));
  return box;
}

// A field for money: what is typed is grouped while it is typed; `amount()` gives whole đồng, NaN if the field is empty or
// holds what is no amount. What is no amount stays as it was typed, and every refusal of it says so.
export function moneyField(label, { value = "", ...rest } = {}) {
  const box = field(label, { inputmode: "numeric", autocomplete: "off", value: regroup("", String(value)), ...rest });
  box.control.classList.add("money");
  let before = box.control.value;
  box.control.addEventListener("input", (event) => {
    const shown = regroup(before, box.control.value, event.inputType?.startsWith("insert") ? event.data : null);
    if (shown !== box.control.value) box.control.value = shown;
    before = shown;
  });
  box.amount = () => read(box.control.value);
  const refuse = box.error;
  box.error = (text) => refuse(text && box.control.value.trim() && Number.isNaN(box.amount()) ? t("money.bad") : text);
  return box;
}

// A sheet over the page. `build(close)` gives its content; the promise ends with what close() was given (undefined for Escape).
export function sheet(title, build, { full = false, kind = "", closable = true } = {}) {
  const before = document.activeElement;
  return new Promise((done) => {
    let answer;
    const heading = h("h2", { id: `s${++fields}`, tabindex: "-1" }, title);
    const dialog = h(`dialog.sheet${full ? ".sheet-full" : ""}${kind ? `.${kind}` : ""}`, { "aria-labelledby": heading.id });
    const close = (value) => {
      answer = value;
      dialog.close();
    };
    dialog.append(
      h("div.sheet-head", {}, heading, closable ? h("button.sheet-x", { type: "button", "aria-label": t("close"), onclick: () => close() }, icon("close")) : null),
      h("div.sheet-body", {}, build(close, dialog)),
    );
    dialog.addEventListener("cancel", (event) => {
      if (!closable) event.preventDefault();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before?.isConnected) before.focus();
      done(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    (dialog.querySelector("[autofocus]") ?? heading).focus();
  });
}

// A question with answers: [[value, label, kind], …]; the first is what Enter means.
export const ask = (title, text, answers, options = {}) =>
  sheet(
    title,
    (close) => [
      ...[text].flat().map((part) => (typeof part === "string" ? h("p", {}, part) : part)),
      h("div.sheet-do", {}, answers.map(([value, label, kind = ""], i) => button(label, () => close(value), { kind, autofocus: i === 0 }))),
    ],
    options,
  );

export const tell = (title, text, options = {}) => ask(title, text, [[true, t("understood"), "btn-primary"]], options);

// A word at the foot of the page that goes by itself.
export function toast(text, { kind = "", ms = 3500 } = {}) {
  const box = document.getElementById("toasts");
  const note = h(`p.till-toast${kind ? `.${kind}` : ""}`, {}, text);
  note.born = performance.now();
  box.append(note);
  while (box.children.length > 2) box.firstElementChild.remove();
  setTimeout(() => note.remove(), ms);
}

// Another page is shown: what was said of the last one does not lie over it. Bad news stays its time.
export function hush() {
  for (const note of document.querySelectorAll(".till-toast:not(.bad)")) if (performance.now() - note.born > 400) note.remove();
}
