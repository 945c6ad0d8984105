// Province → commune without a round trip: the communes of the chosen province come from /dia-danh/xa?tinh=22
// ([{code, name, type}]), and both selects can be typed in without marks. The "Chọn tỉnh" button goes away.

import combobox from "./combobox.js";

export default function address(box) {
  const province = box.querySelector("select[name=province]");
  const commune = box.querySelector("select[name=commune]");
  if (!province || !commune) return;
  const words = box.dataset;
  for (const select of [province, commune]) {
    select.dataset.type = words.type;
    select.dataset.none = words.none;
    select.dataset.list = words.list;
    combobox(select);
  }
  const go = box.querySelector("[data-address-go]");
  if (go) go.hidden = true;
  if (!province.value) commune.disabled = true;
  commune.combobox.refresh();

  let asked = 0;
  province.addEventListener("change", async () => {
    const turn = ++asked;
    commune.replaceChildren(new Option(words.wait, ""));
    commune.disabled = true;
    commune.combobox.refresh();
    commune.combobox.field.placeholder = province.value ? words.wait : words.type;
    if (!province.value) return;
    try {
      const answer = await fetch(`${words.communes}?tinh=${encodeURIComponent(province.value)}`, {
        headers: { Accept: "application/json" },
      });
      if (!answer.ok) throw new Error(answer.status);
      const places = await answer.json();
      if (turn !== asked) return;
      commune.replaceChildren(new Option(words.choose, ""), ...places.map(({ code, name }) => new Option(name, code)));
      commune.disabled = false;
      commune.combobox.refresh();
      commune.combobox.field.placeholder = words.type;
      if (document.activeElement === document.body || document.activeElement === province.combobox.field) commune.combobox.field.focus();
    } catch {
      if (turn === asked && go) go.hidden = false; // no network: the posted form still knows the communes
    }
  });
}
