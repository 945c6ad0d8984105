// Words for the search box while one types: products, producers, places. Enter without a choice searches as always.
// Pattern: WAI-ARIA combobox with a list of links to go to. data-suggest: where to ask.

export default function suggest(form) {
  const field = form.querySelector("input[type=search]");
  const list = document.createElement("ul");
  list.id = `${field.id}-list`;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", form.dataset.label);
  list.hidden = true;
  form.append(list);
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-expanded", "false");
  field.setAttribute("aria-controls", list.id);

  const known = new Map();
  let at = -1;
  let timer;
  let asking;

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
  const show = (told) => {
    const all = [...told.products, ...told.producers, ...told.places];
    list.replaceChildren(
      ...all.map((one, i) => {
        const option = document.createElement("li");
        option.id = `${list.id}-${i}`;
        option.setAttribute("role", "option");
        option.setAttribute("aria-selected", "false");
        option.dataset.url = one.url;
        const name = document.createElement("span");
        name.textContent = one.name;
        const note = document.createElement("small");
        note.textContent = one.price ?? form.dataset[told.places.includes(one) ? "place" : "producer"];
        option.append(name, note);
        return option;
      }),
    );
    at = -1;
    list.hidden = !all.length || document.activeElement !== field;
    field.setAttribute("aria-expanded", String(!list.hidden));
  };
  const ask = async () => {
    const typed = field.value.trim().replace(/\s+/g, " ");
    asking?.abort();
    if (typed.length < 2) return close();
    if (known.has(typed)) return show(known.get(typed));
    asking = new AbortController();
    try {
      const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(typed)}`, { signal: asking.signal });
      if (!answer.ok) return close();
      const told = await answer.json();
      known.set(typed, told);
      show(told);
    } catch {
      // Replaced by the next question, or no network: the box goes on working without words.
    }
  };
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, 140);
  });
  field.addEventListener("keydown", (event) => {
    const size = list.hidden ? 0 : list.children.length;
    if ((event.key === "ArrowDown" || event.key === "ArrowUp") && size) {
      event.preventDefault();
      const by = event.key === "ArrowDown" ? 1 : -1;
      point(at < 0 && by < 0 ? size - 1 : at + by >= size ? -1 : at + by);
    } else if (event.key === "Enter" && at >= 0 && size) {
      event.preventDefault();
      location.assign(list.children[at].dataset.url);
    } else if (event.key === "Escape" && size) {
      event.preventDefault();
      close();
    }
  });
  field.addEventListener("blur", close);
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.url);
  });
}
