// A table whose rows and buttons report a key. The markup comes escaped from parts.py.
export default function ({ parentElement, data, setTriggerValue }) {
  const box = parentElement.querySelector(".mp");
  const rows = () => [...box.querySelectorAll("tbody tr")];
  if (box.dataset.html !== data.html) {
    // keep the keyboard where it was: the table is drawn anew with every price
    const held = box.contains(document.activeElement) ? document.activeElement : null;
    const row = held ? rows().indexOf(held.closest("tr")) : -1;
    const button = held?.dataset.key;
    box.innerHTML = data.html;
    box.dataset.html = data.html;
    const again = button ? box.querySelector(`[data-key="${CSS.escape(button)}"]`) : rows()[row];
    queueMicrotask(() => again?.focus({ preventScroll: true }));
  }
  rows().forEach((row, i) => {
    if (!data.keys[i]) return;
    row.tabIndex = 0;
    row.setAttribute("aria-label", `${data.label} ${data.keys[i]}`.trim());
    if (row.classList.contains("on")) row.setAttribute("aria-current", "true");
  });
  const report = (event) => {
    const button = event.target.closest("button");
    const row = event.target.closest("tbody tr");
    const key = button ? !button.disabled && button.dataset.key : row && data.keys[rows().indexOf(row)];
    if (!key) return;
    if (button) {
      button.disabled = true; // a double press is one press; a refused one may be tried again
      setTimeout(() => (button.disabled = false), 3000);
    }
    event.preventDefault();
    setTriggerValue("picked", key);
  };
  box.onclick = report;
  box.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === " ") report(event);
  };
}
