// Turns a <select> into a field one can type in, without marks: "ha long" finds "Phường Hạ Long". The select stays in the
// form under the field, unseen, and keeps its name and value, so the server sees the same as without JavaScript; a value set
// from outside (autofill) shows in the field.
// Pattern: WAI-ARIA combobox with list autocomplete. data-type: placeholder, data-list: name of the list,
// data-none: words when nothing matches.

import { fold } from "./fold.js";

export default function combobox(select) {
  if (select.combobox) return select.combobox;
  const label = select.labels[0];
  const field = document.createElement("input");
  field.type = "text";
  field.className = "control";
  field.id = `${select.id}-typed`;
  field.autocomplete = "off";
  field.spellcheck = false;
  field.required = select.required;
  field.placeholder = select.dataset.type ?? "";
  for (const name of ["aria-describedby", "aria-invalid"]) {
    if (select.hasAttribute(name)) field.setAttribute(name, select.getAttribute(name));
  }
  const list = document.createElement("ul");
  list.id = `${select.id}-list`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", select.dataset.list ?? "");
  list.hidden = true;
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", list.id);
  const box = document.createElement("div");
  box.className = "combo";
  select.before(box);
  box.append(select, field, list);
  select.tabIndex = -1;
  select.setAttribute("aria-hidden", "true");
  select.required = false; // the typed field is the one that is asked for
  if (label) label.htmlFor = field.id;

  let shown = [];
  let at = -1;

  const chosen = () => (select.value ? select.selectedOptions[0].textContent : "");
  const close = () => {
    list.hidden = true;
    at = -1;
    field.setAttribute("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
  };
  const point = (index) => {
    at = index;
    for (const [i, option] of [...list.children].entries()) option.setAttribute("aria-selected", String(i === at));
    if (at < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  };
  const open = () => {
    const asked = fold(field.value === chosen() ? "" : field.value);
    const words = asked.split(" ").filter(Boolean);
    shown = [...select.options]
      .filter((option) => option.value)
      .map((option) => ({ option, folded: fold(option.textContent) }))
      .filter(({ folded }) => words.every((word) => folded.split(" ").some((part) => part.startsWith(word)) || folded.includes(asked)))
      .sort((a, b) => Number(!a.folded.includes(asked)) - Number(!b.folded.includes(asked)))
      .slice(0, 80)
      .map(({ option }) => option);
    list.replaceChildren(
      ...shown.map((option, i) => {
        const item = document.createElement("li");
        item.id = `${list.id}-${i}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.textContent = option.textContent;
        return item;
      }),
    );
    if (!shown.length) {
      const nothing = document.createElement("li");
      nothing.setAttribute("role", "option");
      nothing.setAttribute("aria-disabled", "true");
      nothing.textContent = select.dataset.none ?? "–";
      list.append(nothing);
    }
    list.hidden = false;
    field.setAttribute("aria-expanded", "true");
    point(words.length && shown.length ? 0 : -1);
  };
  const choose = (option) => {
    select.value = option?.value ?? "";
    field.value = chosen();
    field.setCustomValidity("");
    close();
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };

  field.addEventListener("input", open);
  field.addEventListener("click", () => list.hidden && open());
  field.addEventListener("focus", () => field.select());
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open();
      const by = event.key === "ArrowDown" ? 1 : -1;
      if (shown.length) point((at + by + shown.length) % shown.length);
    } else if (event.key === "Enter" && !list.hidden && at >= 0) {
      event.preventDefault();
      choose(shown[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      field.value = chosen();
      close();
    }
  });
  field.addEventListener("blur", () => {
    // What was typed and names exactly one place is that place; anything else falls back to what was chosen.
    const exact = [...select.options].filter((option) => option.value && fold(option.textContent) === fold(field.value));
    if (exact.length === 1) choose(exact[0]);
    else if (!field.value) choose(null);
    else if (!list.hidden && at >= 0 && fold(field.value) !== fold(chosen())) choose(shown[at]);
    else field.value = chosen();
    close();
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const index = [...list.children].indexOf(event.target.closest("[role=option]"));
    if (shown[index]) choose(shown[index]);
  });

  const refresh = () => {
    field.value = chosen();
    field.disabled = select.disabled;
    close();
  };
  select.addEventListener("change", refresh);
  refresh();
  select.combobox = { field, refresh };
  return select.combobox;
}
