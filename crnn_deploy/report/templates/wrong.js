// Sorts and filters the table of wrong readings. Without it, the table is complete, the worst first.
(() => {
  "use strict";
  const body = document.querySelector("#readings tbody");
  const heads = [...document.querySelectorAll("#readings thead th")];
  const form = document.getElementById("filters");
  const CONFIDENCE = 2; // its column
  const order = new Intl.Collator();

  const valueOf = (cell) => {
    const text = cell.dataset.value ?? cell.textContent;
    return cell.className !== "number" ? text : text === "—" ? -1 : Number(text);
  };

  const records = [...body.querySelectorAll("tr")].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    values: [...row.querySelectorAll("th, td")].map(valueOf),
  }));

  const compare = (a, b) => (typeof a === "number" ? a - b : order.compare(a, b));

  const sort = (column, direction) => {
    records.sort((a, b) => direction * compare(a.values[column], b.values[column]));
    body.replaceChildren(); // or each row is looked for among thousands
    body.append(...records.map((record) => record.row));
  };

  const filter = () => {
    const { text, least, most } = form.elements;
    const [low, high] = [least.value === "" ? -1 : Number(least.value), most.value === "" ? 1 : Number(most.value)];
    let shown = 0;
    for (const record of records) {
      const confidence = record.values[CONFIDENCE];
      const fits = low <= confidence && confidence <= high && record.text.includes(text.value.toLowerCase());
      record.row.hidden = !fits;
      shown += Number(fits);
    }
    form.querySelector("output").textContent = `${shown.toLocaleString("en")} of ${records.length.toLocaleString("en")} shown`;
  };

  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const direction = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
      sort(column, direction);
    });
  });
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  filter();
})();
