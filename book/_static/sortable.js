// Tables of class "sortable": a button in every column head sorts by that column, a field keeps the rows that contain a
// word, and menus the rows of one kind.
(() => {
  const SIZES = { M: 1e6, B: 1e9 };

  // Number at the start of a cell ("95 M" is 95 million), or null where a cell holds words or nothing.
  function number(text) {
    const found = /^(-?[\d,]*\.?\d+)\s*([MB])?$/.exec(text);
    return found ? Number(found[1].replaceAll(",", "")) * (SIZES[found[2]] ?? 1) : null;
  }

  // Numbers before words, empty cells always last.
  function compare(a, b, sign) {
    if (!a || !b) return (a ? 0 : 1) - (b ? 0 : 1);
    const x = number(a), y = number(b);
    if (x !== null && y !== null) return sign * (x - y);
    if (x !== null || y !== null) return x !== null ? -sign : sign;
    return sign * a.localeCompare(b);
  }

  function sort(table, head, column) {
    const descending = head.getAttribute("aria-sort") === "ascending";
    const text = (row) => row.cells[column].textContent.trim();
    const rows = [...table.tBodies[0].rows].sort((a, b) => compare(text(a), text(b), descending ? -1 : 1));
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", descending ? "descending" : "ascending");
    table.tBodies[0].append(...rows);
  }

  function addButtons(table) {
    table.querySelectorAll("thead th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = head.textContent.trim();
      button.addEventListener("click", () => sort(table, head, column));
      head.replaceChildren(button);
    });
  }

  // A wide table scrolls in a frame of its own, which the keyboard can reach.
  function addFrame(table) {
    const frame = document.createElement("div");
    frame.className = "sortable-frame";
    frame.tabIndex = 0;
    frame.role = "region";
    frame.ariaLabel = "Table, scrolls sideways";
    table.replaceWith(frame);
    frame.append(table);
    return frame;
  }

  // A column marked data-choice: a menu of the values that it has.
  function menu(table, head, column) {
    const label = document.createElement("label"), choice = document.createElement("select");
    const values = [...table.tBodies[0].rows].map((row) => word(row, column));
    for (const value of ["", ...new Set(values.toSorted())]) choice.append(new Option(value || "all", value));
    label.append(head.textContent.trim(), choice);
    choice.dataset.column = column;
    return label;
  }

  // Value of a cell without what stands below it in small type.
  const word = (row, column) => row.cells[column].firstChild?.textContent.trim() ?? "";

  function addFilter(table, frame) {
    const bar = document.createElement("div"), label = document.createElement("label");
    const field = document.createElement("input"), count = document.createElement("output");
    const menus = [...table.querySelectorAll("th[data-choice]")].map((head) => menu(table, head, head.cellIndex));
    bar.className = "sortable-filter";
    field.type = "search";
    label.append("Show rows with", field);
    bar.append(label, ...menus, count);
    bar.addEventListener("input", () => {
      const wanted = field.value.trim().toLowerCase(), rows = [...table.tBodies[0].rows];
      const chosen = [...bar.querySelectorAll("select")].filter((one) => one.value);
      rows.forEach((row) => {
        const fits = chosen.every((one) => word(row, one.dataset.column) === one.value);
        row.hidden = !fits || !row.textContent.toLowerCase().includes(wanted);
      });
      count.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} rows`;
    });
    frame.before(bar);
  }

  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("table.sortable").forEach((table) => {
      const frame = addFrame(table);
      addFilter(table, frame);
      addButtons(table);
    });
  });
})();
