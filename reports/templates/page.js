(() => {
  "use strict";

  const wide = window.matchMedia("(min-width: 72rem)");

  function number(text) {
    const found = text.replace(/,/g, "").replace(/\u2212/g, "-").match(/[-+<]?\d+(\.\d+)?/);
    return found ? parseFloat(found[0].replace(/[<+]/, "")) : NaN;
  }

  function isBlank(text) {
    return text === "s" || text === "\u2013" || text === "";
  }

  function inOrder(place, sign) {
    return (one, other) => {
      const [a, b] = [one, other].map((row) => row.cells[place].textContent.trim());
      if (isBlank(a) || isBlank(b)) return isBlank(a) - isBlank(b);
      const [x, y] = [number(a), number(b)];
      const both = !Number.isNaN(x) && !Number.isNaN(y);
      return sign * (both ? x - y : a.localeCompare(b, "en"));
    };
  }

  function sortable(table) {
    const body = table.tBodies[0];
    if (!table.tHead || !body || body.rows.length < 3) return;
    const heads = [...table.tHead.rows[0].cells];
    const given = [...body.rows];
    heads.forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const before = head.getAttribute("aria-sort");
        const after = { ascending: "descending", descending: null }[before] ?? (before ? null : "ascending");
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        const rows = [...given];
        if (after) {
          head.setAttribute("aria-sort", after);
          rows.sort(inOrder(place, after === "ascending" ? 1 : -1));
        }
        body.append(...rows);
      });
    });
  }

  function switchable(figure) {
    const folded = figure.nextElementSibling;
    if (!folded || folded.tagName !== "DETAILS") return;
    const image = figure.querySelector(".scroll");
    const bar = document.createElement("div");
    bar.className = "switch";
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", "Show as");
    const buttons = ["Chart", "Table"].map((words) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = words;
      bar.append(button);
      return button;
    });
    function show(place) {
      image.hidden = place === 1;
      folded.open = place === 1;
      buttons.forEach((button, own) => button.setAttribute("aria-pressed", String(own === place)));
    }
    buttons.forEach((button, place) => button.addEventListener("click", () => show(place)));
    folded.querySelector("summary").hidden = true;
    figure.before(bar);
    show(0);
  }

  function jumping(nav) {
    const folded = nav.querySelector("details");
    const fit = () => { folded.open = wide.matches; };
    wide.addEventListener("change", fit);
    fit();
    const links = new Map([...nav.querySelectorAll("a")].map((a) => [a.hash.slice(1), a]));
    const seen = new IntersectionObserver((entries) => {
      for (const entry of entries.filter((found) => found.isIntersecting)) {
        links.forEach((a) => a.removeAttribute("aria-current"));
        links.get(entry.target.id)?.setAttribute("aria-current", "location");
      }
    }, { rootMargin: "0px 0px -70% 0px" });
    links.forEach((_, id) => {
      const target = document.getElementById(id);
      if (target) seen.observe(target);
    });
  }

  document.documentElement.classList.add("scripted");
  document.querySelectorAll("main table").forEach(sortable);
  document.querySelectorAll("main figure").forEach(switchable);
  document.querySelectorAll("nav[aria-label=Contents]").forEach(jumping);
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll("main img[hidden]").forEach((image) => { image.hidden = false; });
  });
})();
