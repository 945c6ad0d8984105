// Coming in: enrolling the device, waiting for goods, choosing a keeper, and being shut out.

import { call, Offline } from "./api.js";
import { button, field, h, icon } from "./dom.js";
import { matches, waitAfter } from "./pin.js";
import { exportQueue, printQueue } from "./queue.js";
import * as store from "./store.js";
import { t } from "./words.js";

export function enrol(app, main, { code = "", again = false } = {}) {
  const typed = field(t("enrol.code"), {
    hint: t("enrol.code-hint"), value: code, autocomplete: "off", autocapitalize: "characters", spellcheck: "false", maxlength: 40, required: true,
  });
  typed.control.classList.add("code");
  const name = field(t("enrol.name"), { hint: t("enrol.name-hint"), autocomplete: "off", maxlength: 80 });
  const go = h("button.btn.btn-primary.btn-large", { type: "submit" }, t("enrol.go"));
  const form = h(
    "form.form",
    {
      novalidate: true,
      onsubmit: async (event) => {
        event.preventDefault();
        if (!typed.control.value.trim()) return typed.error(t("enrol.code-needed"));
        go.setAttribute("aria-busy", "true");
        try {
          const { said } = await call("enrol", { body: { code: typed.control.value.trim(), device_name: name.control.value.trim() || navigator.platform || "till" } });
          await store.enrolled({ ...said.device, token: said.token, point: said.point, shop: said.shop }, said.last_seq, said.last_number);
          sessionStorage.removeItem("till-keeper");
          navigator.storage?.persist?.();
          await app.load();
          app.sync.tell({ shutOut: null });
          app.go();
          app.sync.start(app.device);
        } catch (error) {
          typed.error(error instanceof Offline ? t("enrol.offline") : error.message);
        } finally {
          go.removeAttribute("aria-busy");
        }
      },
    },
    typed,
    name,
    h("div.sheet-do", {}, go, again ? button(t("cancel"), () => app.go()) : null),
  );
  main.append(h("section.till-card", {}, h("h1", {}, t("enrol.title")), h("p.lede", {}, t("enrol.text")), form));
  (code ? go : typed.control).focus();
}

// Enrolled, but the goods have not come yet.
export function waiting(app, main) {
  const words = h("p.lede", { role: "status" });
  const draw = () => {
    const { online, trouble } = app.sync.status;
    words.textContent = online === false ? t("waiting.offline") : trouble || t("waiting.text");
  };
  draw();
  main.append(h("section.till-card", {}, h("h1", {}, t("waiting.title")), words, h("div.sheet-do", {}, button(t("again"), () => app.sync.now(), { kind: "btn-primary" }))));
  return { changed: draw, fresh: () => app.go() };
}

export function keeper(app, main) {
  if (app.updateReady && !app.basket.lines.length) app.update();
  const keepers = app.catalogue?.keepers ?? [];
  const card = h("section.till-card", {}, h("h1", { tabindex: "-1" }, app.session ? t("keeper.unlock") : t("keeper.title")));
  if (app.session) card.append(h("p.lede", {}, t("keeper.session", { name: app.session.keeper_name })));
  if (!keepers.length) card.append(h("p.notice.notice-warn", {}, t("keeper.none")));
  const pad = h("div");
  const list = h(
    "div.keeper-list",
    { role: "group", "aria-label": t("keeper.who") },
    keepers.map((person) =>
      h("button.keeper", { type: "button", disabled: !person.pin, onclick: () => choose(person) },
        icon("person"), h("span", {}, person.name, person.pin ? null : h("small", {}, t("keeper.no-pin")))),
    ),
  );
  const choose = (person) => {
    list.hidden = true;
    const others = keepers.length > 1 && button(t("keeper.other"), () => {
      pad.replaceChildren();
      list.hidden = false;
      list.querySelector("button:enabled")?.focus();
    });
    pad.replaceChildren(h("p.keeper-chosen", {}, h("span", {}, person.name), others), pinPad(app, person));
    pad.querySelector("input").focus();
  };
  card.append(list, pad);
  main.append(card);
  const ready = keepers.filter((person) => person.pin);
  const mine = ready.find((person) => person.id === app.session?.keeper_id) ?? (ready.length === 1 ? ready[0] : null);
  if (mine) choose(mine);
  return { fresh: () => keepers.length || app.go() };
}

function pinPad(app, person) {
  const box = field(t("keeper.pin"), { type: "password", inputmode: "none", autocomplete: "off", maxlength: 12, name: "pin" });
  const input = box.control;
  input.classList.add("pin");
  let busy = false;
  const enter = async () => {
    if (busy || !input.value) return;
    const tries = (await store.get("tries")) ?? {};
    const mine = tries[person.id] ?? { wrong: 0, until: 0 };
    const rest = Math.ceil((mine.until - Date.now()) / 1000);
    if (rest > 0) return void box.error(t("keeper.wait", { n: rest }));
    busy = true;
    const right = await matches(input.value, person.pin);
    busy = false;
    input.value = "";
    if (!right) {
      const wrong = mine.wrong + 1;
      await store.set("tries", { ...tries, [person.id]: { wrong, until: Date.now() + waitAfter(wrong) * 1000 } });
      return void box.error(t("keeper.wrong"));
    }
    await store.set("tries", { ...tries, [person.id]: undefined });
    app.keeper = person;
    sessionStorage.setItem("till-keeper", String(person.id));
    app.go();
  };
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") enter();
  });
  const type = (digit) => {
    input.value += digit;
    box.error("");
  };
  const key = (digit) => h("button.pin-key", { type: "button", onclick: () => type(digit) }, digit);
  return h(
    "div.pin-pad",
    {},
    box,
    h(
      "div.pin-keys",
      {},
      [..."123456789"].map(key),
      h("button.pin-key", { type: "button", "aria-label": t("delete"), onclick: () => (input.value = input.value.slice(0, -1)) }, icon("back")),
      key("0"),
      h("button.pin-key.pin-go", { type: "button", "aria-label": t("keeper.enter"), onclick: enter }, icon("check")),
    ),
  );
}

// The office has revoked the device, or does not know it any more. What was not sent stays, and can be taken away on paper or as a file.
export function shut(app, main) {
  const count = h("p.lede", { role: "status" });
  const draw = () => {
    const { waiting: wait, refused } = app.sync.status;
    count.textContent = wait + refused ? t("shut.kept", { n: wait + refused }) : t("shut.nothing");
  };
  app.sync.count().then(draw);
  draw();
  main.append(
    h(
      "section.till-card",
      {},
      h("h1", {}, app.sync.status.shutOut === "device-revoked" ? t("shut.revoked") : t("shut.unknown")),
      h("p", {}, t("shut.text", { code: app.device?.code ?? "" })),
      count,
      h("div.sheet-do", {}, button(t("queue.print"), () => printQueue(app), { picture: "print" }), button(t("queue.file"), () => exportQueue(app), { picture: "export" })),
      h("div.sheet-do", {}, button(t("enrol.again"), () => app.go("enrol", { again: true }), { kind: "btn-primary" })),
    ),
  );
  return { changed: draw };
}
