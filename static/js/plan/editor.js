// The plan of a fair on a grid: drawn with a pointer or from the keyboard, saved as data by one request.
// Without it the page has a form for each change and a still picture.

const NS = "http://www.w3.org/2000/svg";
const U = 20;
const root = document.getElementById("plan-editor");
if (root) start();

function start() {
  const words = JSON.parse(root.dataset.words);
  let base = JSON.parse(root.dataset.plan); // what the server has
  let now = copy(base); // what is drawn
  let chosen = null; // key of the chosen shape
  let tool = "select";
  let zoom = 0; // chosen by the first drawing: letters must be readable on a phone
  let number = 0;
  const past = [];
  const ahead = [];
  const canvas = root.querySelector("#plan-canvas");
  const said = root.querySelector(".plan-said");
  const by = (id) => root.querySelector(`#${id}`);
  const say = (text, wrong = false) => {
    said.textContent = text;
    said.classList.toggle("wrong", wrong);
  };
  const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (all, key) => values[key] ?? all);

  // --- the drawing as data

  function copy(plan) {
    const made = structuredClone(plan);
    for (const kind of ["booths", "features"]) for (const s of made[kind]) s.key ??= `${kind}:${s.id ?? `new${++number}`}`;
    return made;
  }
  const all = () => [...now.features, ...now.booths];
  const isBooth = (s) => "code" in s;
  const find = (key) => all().find((s) => s.key === key);
  const nameOf = (s) => (isBooth(s) ? s.code : s.label || now.kinds[s.kind]);
  const bare = (s) => JSON.stringify({ ...s, key: 0, makers: 0 });
  const dirty = () => JSON.stringify([now.booths.map(bare), now.features.map(bare)]) !== JSON.stringify([base.booths.map(bare), base.features.map(bare)]);

  function overlap(a, b) {
    if (a.kind === "aisle" && b.kind === "aisle") return false;
    return a.x < b.x + b.columns && b.x < a.x + a.columns && a.y < b.y + b.rows && b.y < a.y + a.rows;
  }
  const outside = (s) => s.x < 0 || s.y < 0 || s.x + s.columns > now.columns || s.y + s.rows > now.rows;

  function faults() {
    const shapes = all();
    const wrong = new Set();
    let told = "";
    const codes = new Map();
    shapes.forEach((a, i) => {
      if (outside(a)) { wrong.add(a.key); told ||= fill(words.outside, { a: nameOf(a) }); }
      for (const b of shapes.slice(i + 1)) {
        if (overlap(a, b)) { wrong.add(a.key).add(b.key); told ||= fill(words.overlap, { a: nameOf(a), b: nameOf(b) }); }
      }
      if (isBooth(a)) {
        if (codes.has(a.code)) { wrong.add(a.key).add(codes.get(a.code)); told ||= fill(words.twice, { a: a.code }); }
        codes.set(a.code, a.key);
      }
    });
    return { wrong, told };
  }

  // --- undo

  function change(act) {
    const before = JSON.stringify([now.booths, now.features]);
    act();
    if (JSON.stringify([now.booths, now.features]) === before) return;
    past.push(before);
    if (past.length > 200) past.shift();
    ahead.length = 0;
    draw();
    tell();
  }
  function travel(from, to) {
    if (!from.length) return;
    to.push(JSON.stringify([now.booths, now.features]));
    [now.booths, now.features] = JSON.parse(from.pop());
    if (!find(chosen)) chosen = null;
    draw();
    say(words.undone);
  }
  function tell() {
    const { told } = faults();
    say(told || (dirty() ? words.dirty : ""), Boolean(told));
  }

  // --- drawing

  function el(tag, attributes, ...children) {
    const made = document.createElementNS(NS, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...children);
    return made;
  }
  const svg = el("svg", { class: "plan plan-edit", role: "application", "aria-label": document.title });
  canvas.append(svg);

  function text(s, size, upright) {
    const [cx, cy] = [(s.x + s.columns / 2) * U, (s.y + s.rows / 2) * U];
    const made = el("text", { x: cx, y: cy, "font-size": size }, nameOf(s));
    if (upright) made.setAttribute("transform", `rotate(-90 ${cx} ${cy})`);
    return made;
  }

  function one(s, wrong) {
    const zone = isBooth(s) && now.zones.find((z) => z.id === s.zone_id);
    const box = { x: s.x * U + 0.5, y: s.y * U + 0.5, width: s.columns * U - 1, height: s.rows * U - 1 };
    const kind = isBooth(s) ? `plan-booth${zone ? ` zone-${zone.colour}` : ""}${s.out_of_use ? " plan-off" : ""}` : `plan-feature plan-${s.kind}`;
    const label = isBooth(s) ? fill(words.booth, { code: s.code }) : nameOf(s);
    const place = fill(words.at, { x: s.x + 1, y: s.y + 1, w: s.columns, h: s.rows });
    const g = el("g", {
      class: `plan-shape ${kind}${s.key === chosen ? " chosen" : ""}${wrong.has(s.key) ? " wrong" : ""}`,
      tabindex: s.key === (chosen ?? all()[0]?.key) ? 0 : -1,
      role: "button",
      "aria-pressed": s.key === chosen,
      "aria-label": [label, zone?.name, ...(s.makers ?? []), place].filter(Boolean).join(", "),
      "data-key": s.key,
    });
    g.append(el("rect", box));
    if (zone) g.append(el("rect", { ...box, class: "plan-hatch", fill: `url(#hatch-${zone.hatch})` }));
    if (s.out_of_use) g.append(el("path", { d: `M${box.x} ${box.y}l${box.width} ${box.height}M${box.x + box.width} ${box.y}l${-box.width} ${box.height}` }));
    const upright = !isBooth(s) && s.rows > s.columns * 1.5;
    const [long, short] = upright ? [s.rows, s.columns] : [s.columns, s.rows];
    const size = Math.min(short * U * 0.6, (long * U * 0.9) / (0.6 * (nameOf(s).length || 1)), 16);
    if (size >= 5) g.append(text(s, size, upright));
    if (s.key === chosen) g.append(el("rect", { class: "plan-handle", x: box.x + box.width - 6, y: box.y + box.height - 6, width: 12, height: 12 }));
    return g;
  }

  function draw(focus = false) {
    const { wrong } = faults();
    const [w, h] = [now.columns * U, now.rows * U];
    svg.setAttribute("viewBox", `-2 -2 ${w + 4} ${h + 4}`);
    const wide = Math.max(280, canvas.clientWidth - 4);
    zoom ||= Math.max(1, Math.min(4, (now.columns * 12) / wide));
    svg.setAttribute("width", Math.round(wide * zoom));
    svg.setAttribute("height", Math.round((wide * zoom * (h + 4)) / (w + 4)));
    svg.classList.toggle("drawing", tool !== "select");
    const had = focus || svg.contains(document.activeElement);
    let lines = "";
    for (let x = 1; x < now.columns; x += 1) lines += `M${x * U} 0V${h}`;
    for (let y = 1; y < now.rows; y += 1) lines += `M0 ${y * U}H${w}`;
    svg.replaceChildren(
      el("rect", { class: "plan-hall", x: 0, y: 0, width: w, height: h }),
      el("path", { class: "plan-grid", d: lines }),
      ...all().sort((a, b) => (a.key === chosen) - (b.key === chosen)).map((s) => one(s, wrong)),
    );
    if (had) svg.querySelector(`[data-key="${CSS.escape(chosen ?? "")}"]`)?.focus({ preventScroll: !focus });
    fields();
    for (const button of root.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", button.dataset.tool === tool);
    root.querySelector("[data-do=undo]").disabled = !past.length;
    root.querySelector("[data-do=redo]").disabled = !ahead.length;
  }

  // --- the panel of the chosen shape

  function fields() {
    const s = find(chosen);
    const pick = by("p-pick");
    pick.replaceChildren(new Option("–", ""), ...all().map((o) => new Option(isBooth(o) ? fill(words.booth, { code: o.code }) : nameOf(o), o.key, false, o.key === chosen)));
    by("plan-fields").hidden = !s;
    if (!s) return;
    for (const field of root.querySelectorAll("[data-for]")) field.hidden = (field.dataset.for === "booth") !== isBooth(s);
    const set = (id, value) => { if (document.activeElement !== by(id)) by(id).value = value ?? ""; };
    if (isBooth(s)) {
      set("p-code", s.code); set("p-btype", s.type_id); set("p-bzone", s.zone_id); set("p-note", s.note);
      by("p-out").checked = s.out_of_use;
    } else {
      set("p-fkind", s.kind); set("p-label", s.label); set("p-label_en", s.label_en);
    }
    set("p-x", s.x + 1); set("p-y", s.y + 1); set("p-columns", s.columns); set("p-rows", s.rows);
    by("p-makers").textContent = [fill(words.size, { w: (s.columns * now.cell_cm) / 100, h: (s.rows * now.cell_cm) / 100 }), ...(s.makers ?? [])].join(" · ");
    set("r-x", s.x + 1); set("r-y", s.y + 1);
  }
  const whole = (value) => (/^\d{1,3}$/.test(value.trim()) ? Number(value) : null);
  const orNull = (value) => value.trim() || null;
  const typed = {
    "p-code": (s, v) => { if (v.trim()) s.code = v.trim(); },
    "p-btype": (s, v) => { s.type_id = Number(v); },
    "p-bzone": (s, v) => { s.zone_id = v ? Number(v) : null; },
    "p-fkind": (s, v) => { s.kind = v; },
    "p-label": (s, v) => { s.label = orNull(v); },
    "p-label_en": (s, v) => { s.label_en = orNull(v); },
    "p-x": (s, v) => { if (whole(v)) s.x = whole(v) - 1; },
    "p-y": (s, v) => { if (whole(v)) s.y = whole(v) - 1; },
    "p-columns": (s, v) => { if (whole(v)) s.columns = whole(v); },
    "p-rows": (s, v) => { if (whole(v)) s.rows = whole(v); },
    "p-note": (s, v) => { s.note = orNull(v); },
  };
  for (const [id, put] of Object.entries(typed)) {
    by(id).addEventListener("change", (event) => change(() => { const s = find(chosen); if (s) put(s, event.target.value); }));
  }
  by("p-out").addEventListener("change", (event) => change(() => { const s = find(chosen); if (s) s.out_of_use = event.target.checked; }));
  by("p-pick").addEventListener("change", (event) => choose(event.target.value || null, true));
  by("plan-one").addEventListener("submit", (event) => event.preventDefault());
  by("plan-one").addEventListener("keydown", (event) => {
    if ((event.key !== "Enter" && event.key !== "Escape") || !event.target.matches("input:not([type=checkbox])")) return;
    event.preventDefault();
    event.target.blur(); // what was typed is taken first
    draw(true);
  });

  // What is still being typed belongs to the shape chosen so far.
  function settle() {
    if (by("plan-one").contains(document.activeElement)) document.activeElement.blur();
  }
  function choose(key, focus = false) {
    settle();
    chosen = key;
    draw(focus);
  }

  // --- new shapes

  const kindOf = (id) => now.types.find((t) => t.id === Number(id));
  function nextCode() {
    const last = now.booths.at(-1)?.code ?? "A0";
    const [, letters, digits] = /^(.*?)(\d*)$/.exec(last);
    const taken = new Set(now.booths.map((b) => b.code));
    for (let n = Number(digits || 0) + 1; ; n += 1) {
      const code = letters + String(n).padStart(digits.length, "0");
      if (!taken.has(code)) return code;
    }
  }
  function newBooth(x, y, columns, rows, code = nextCode()) {
    const type = kindOf(by("p-type").value);
    const zone = by("p-zone").value;
    return {
      id: null, key: `booths:new${++number}`, code, type_id: type.id, zone_id: zone ? Number(zone) : null, x, y,
      columns: columns ?? type.columns, rows: rows ?? type.rows, note: null, out_of_use: false, makers: [],
    };
  }
  const newFeature = (x, y, columns, rows) => ({ id: null, key: `features:new${++number}`, kind: by("p-kind").value, x, y, columns, rows, label: null, label_en: null });

  function add() {
    if (!kindOf(by("p-type").value)) return say(words.notype, true);
    const made = newBooth(0, 0);
    const others = all();
    for (let y = 0; y + made.rows <= now.rows; y += 1) {
      for (let x = 0; x + made.columns <= now.columns; x += 1) {
        Object.assign(made, { x, y });
        if (!others.some((o) => overlap(made, o))) {
          chosen = made.key;
          change(() => now.booths.push(made));
          return draw(true);
        }
      }
    }
    return say(words.noroom, true);
  }

  by("plan-row").addEventListener("submit", (event) => {
    event.preventDefault();
    const type = kindOf(by("p-type").value);
    if (!type) return say(words.notype, true);
    const count = Math.min(100, whole(by("r-count").value) ?? 0);
    const [gap, step] = [whole(by("r-gap").value) ?? 0, Number(by("r-step").value)];
    const [dx, dy] = { right: [type.columns + gap, 0], left: [-type.columns - gap, 0], down: [0, type.rows + gap], up: [0, -type.rows - gap] }[by("r-direction").value];
    const [, letters, digits] = /^(.*?)(\d{0,6})$/.exec(by("r-first").value.trim());
    const [x, y] = [(whole(by("r-x").value) ?? 1) - 1, (whole(by("r-y").value) ?? 1) - 1];
    change(() => {
      for (let n = 0; n < count; n += 1) {
        const code = letters + String(Number(digits || 1) + n * step).padStart(digits.length, "0");
        now.booths.push(newBooth(x + n * dx, y + n * dy, type.columns, type.rows, code));
      }
      chosen = now.booths.at(-1)?.key ?? null;
    });
    draw(true);
  });

  function remove() {
    const s = find(chosen);
    if (!s) return;
    if (s.makers?.length) { say(fill(words.stood, { a: s.code }), true); return; }
    change(() => {
      now.booths = now.booths.filter((o) => o !== s);
      now.features = now.features.filter((o) => o !== s);
      chosen = all()[0]?.key ?? null;
    });
    draw(true);
    say(fill(words.removed, { a: nameOf(s) }));
  }

  // --- the pointer

  function cell(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    return [at.x / U, at.y / U];
  }
  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button || drag) return;
    settle();
    const [x, y] = cell(event);
    const shape = tool === "select" ? event.target.closest(".plan-shape") : null;
    if (shape) {
      const s = find(shape.dataset.key);
      drag = { s, x, y, from: { ...s }, size: event.target.classList.contains("plan-handle"), before: JSON.stringify([now.booths, now.features]) };
      chosen = s.key;
      draw(true);
    } else if (tool !== "select" && (tool === "feature" || kindOf(by("p-type").value))) {
      const [cx, cy] = [Math.floor(x), Math.floor(y)];
      if (cx < 0 || cy < 0 || cx >= now.columns || cy >= now.rows) return;
      drag = { draw: true, cx, cy, ghost: el("rect", { class: "plan-ghost" }) };
      svg.append(drag.ghost);
    } else {
      if (tool === "booth") say(words.notype, true);
      else choose(null);
      return;
    }
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [x, y] = cell(event);
    if (drag.draw) {
      const [ex, ey] = [Math.min(now.columns - 1, Math.max(0, Math.floor(x))), Math.min(now.rows - 1, Math.max(0, Math.floor(y)))];
      drag.box = [Math.min(ex, drag.cx), Math.min(ey, drag.cy), Math.abs(ex - drag.cx) + 1, Math.abs(ey - drag.cy) + 1];
      const [bx, by_, w, h] = drag.box.map((n) => n * U);
      for (const [name, value] of Object.entries({ x: bx, y: by_, width: w, height: h })) drag.ghost.setAttribute(name, value);
      return;
    }
    const [dx, dy] = [Math.round(x - drag.x), Math.round(y - drag.y)];
    if (drag.size) resize(drag.s, drag.from.columns + dx, drag.from.rows + dy);
    else move(drag.s, drag.from.x + dx, drag.from.y + dy);
    draw();
  });
  function drop(event) {
    if (!drag) return;
    const done = drag;
    drag = null;
    if (svg.hasPointerCapture(event.pointerId)) svg.releasePointerCapture(event.pointerId);
    if (done.draw) {
      done.ghost.remove();
      if (event.type === "pointercancel") return;
      const [x, y, w, h] = done.box ?? [done.cx, done.cy, 1, 1];
      const click = w === 1 && h === 1; // a booth without dragging has the size of its type
      const made = tool === "booth" ? newBooth(x, y, click ? undefined : w, click ? undefined : h) : newFeature(x, y, w, h);
      chosen = made.key;
      change(() => now[tool === "booth" ? "booths" : "features"].push(made));
      draw(true);
      return;
    }
    if (JSON.stringify([now.booths, now.features]) !== done.before) {
      past.push(done.before);
      ahead.length = 0;
    }
    draw();
    tell();
  }
  svg.addEventListener("pointerup", drop);
  svg.addEventListener("pointercancel", drop);

  function move(s, x, y) {
    s.x = Math.max(0, Math.min(now.columns - s.columns, x));
    s.y = Math.max(0, Math.min(now.rows - s.rows, y));
  }
  function resize(s, columns, rows) {
    const most = isBooth(s) ? 40 : 200;
    s.columns = Math.max(1, Math.min(now.columns - s.x, most, columns));
    s.rows = Math.max(1, Math.min(now.rows - s.y, most, rows));
  }

  // --- the keyboard

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  svg.addEventListener("focusin", (event) => {
    const shape = event.target.closest(".plan-shape");
    if (shape && shape.dataset.key !== chosen && !drag) choose(shape.dataset.key, true);
  });
  svg.addEventListener("keydown", (event) => {
    const s = find(chosen);
    const list = all();
    const at = list.indexOf(s);
    if (event.key in ARROWS && s && !event.ctrlKey && !event.altKey && !event.metaKey) {
      const [dx, dy] = ARROWS[event.key];
      change(() => (event.shiftKey ? resize(s, s.columns + dx, s.rows + dy) : move(s, s.x + dx, s.y + dy)));
      if (!faults().told) say(fill(words.at, { x: s.x + 1, y: s.y + 1, w: s.columns, h: s.rows }));
    } else if (event.key === "Enter" && s) {
      by(isBooth(s) ? "p-code" : "p-label").select();
    } else if (event.key === "Delete" || event.key === "Backspace") {
      remove();
    } else if ((event.key === "PageDown" || event.key === "PageUp") && list.length) {
      choose(list[(at + (event.key === "PageDown" ? 1 : -1) + list.length) % list.length].key, true);
    } else if (event.key === "Home" && list.length) {
      choose(list[0].key, true);
    } else if (event.key === "End" && list.length) {
      choose(list.at(-1).key, true);
    } else {
      return;
    }
    event.preventDefault();
  });
  root.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.target.matches("input, select")) return;
    const key = event.key.toLowerCase();
    if (key === "z" && !event.shiftKey) travel(past, ahead);
    else if (key === "y" || (key === "z" && event.shiftKey)) travel(ahead, past);
    else return;
    event.preventDefault();
  });

  // --- saving

  // Somebody else has saved: put what was changed here into what is there now.
  function merge(theirs) {
    const made = copy(theirs);
    for (const kind of ["booths", "features"]) {
      const before = new Map(base[kind].map((s) => [s.id, bare(s)]));
      const mine = new Map(now[kind].filter((s) => s.id !== null).map((s) => [s.id, s]));
      made[kind] = made[kind].filter((s) => !before.has(s.id) || mine.has(s.id));
      made[kind] = made[kind].map((s) => {
        const own = mine.get(s.id);
        return own && bare(own) !== before.get(s.id) ? { ...own, makers: s.makers } : s;
      });
      made[kind].push(...now[kind].filter((s) => s.id === null));
    }
    base = copy(theirs);
    now = made;
    past.length = 0;
    ahead.length = 0;
  }

  async function save() {
    const button = root.querySelector("[data-do=save]");
    if (button.getAttribute("aria-busy") === "true") return;
    settle();
    if (!dirty()) { say(words.clean); return; }
    button.setAttribute("aria-busy", "true");
    const sent = { ...now, booths: now.booths.map(({ key, makers, ...b }) => b), features: now.features.map(({ key, ...f }) => f) };
    try {
      const answer = await fetch(root.dataset.save, {
        method: "POST",
        body: new URLSearchParams({ csrf_token: root.dataset.token, plan: JSON.stringify(sent) }),
        headers: { Accept: "application/json" },
        credentials: "same-origin",
      });
      const told = await answer.json();
      if (answer.ok) {
        const name = find(chosen) && nameOf(find(chosen));
        base = copy(told.plan);
        now = copy(told.plan);
        chosen = all().find((s) => nameOf(s) === name)?.key ?? null;
        past.length = 0;
        ahead.length = 0;
        draw();
        say(told.message);
      } else if (told.code === "fair-changed" && told.plan) {
        merge(told.plan);
        draw();
        say(words.merged, true);
      } else {
        say(told.title ?? words.failed, true);
        const at = all().find((s) => told.shapes?.includes(nameOf(s)));
        if (at) { choose(at.key); said.textContent = told.title; }
      }
    } catch {
      say(words.failed, true);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  const acts = {
    add, save, remove,
    undo: () => travel(past, ahead),
    redo: () => travel(ahead, past),
    in: () => { zoom = Math.min(4, zoom * 1.25); draw(); },
    out: () => { zoom = Math.max(1, zoom / 1.25); draw(); },
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.tool) { tool = button.dataset.tool; draw(); }
    else if (button?.dataset.do) acts[button.dataset.do]();
  });
  addEventListener("beforeunload", (event) => { if (dirty()) event.preventDefault(); });
  addEventListener("resize", () => draw());

  root.hidden = false;
  // The still picture keeps the hatchings; forms are for those without a script.
  const still = document.getElementById("plan-still");
  still.classList.add("visually-hidden");
  still.inert = true;
  document.getElementById("plan-forms")?.querySelectorAll("form[action]").forEach((form) => {
    form.addEventListener("submit", (event) => { if (dirty() && !event.defaultPrevented) { event.preventDefault(); say(words.dirty, true); root.scrollIntoView(); } });
  });
  draw();
}
