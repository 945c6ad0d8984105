// "Choose all" at the head of an office table.

export default function rows(table) {
  const all = table.querySelector("[data-rows-all]");
  const each = () => [...table.querySelectorAll("tbody .pick input:not(:disabled)")];
  if (!all) return;
  const show = () => {
    const boxes = each();
    const chosen = boxes.filter((box) => box.checked).length;
    all.checked = chosen > 0 && chosen === boxes.length;
    all.indeterminate = chosen > 0 && chosen < boxes.length;
  };
  all.hidden = false;
  all.addEventListener("change", () => {
    for (const box of each()) box.checked = all.checked;
  });
  table.addEventListener("change", (event) => {
    if (event.target !== all) show();
  });
  show();
}
