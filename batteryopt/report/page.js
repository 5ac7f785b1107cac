"use strict";
(function () {
  const report = (window.batteryoptReport = { errors: [], drawn: 0, expected: 0 });
  window.addEventListener("error", (event) => report.errors.push(String(event.message)));
  window.addEventListener("unhandledrejection", (event) => report.errors.push(String(event.reason)));

  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  /* A colour written "var(--ink)" is the page's own, in light, dark and print. */
  function coloured(value) {
    if (typeof value === "string") {
      const found = /^var\(--(\w+)\)$/.exec(value);
      return found ? token(found[1]) : value;
    }
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
    return value;
  }

  const isObject = (value) => value && typeof value === "object" && !Array.isArray(value);
  function merged(base, over) {
    const result = { ...base };
    for (const [key, value] of Object.entries(over || {}))
      result[key] = isObject(value) && isObject(base[key]) ? merged(base[key], value) : value;
    return result;
  }

  function layout(height, own) {
    const axis = {
      gridcolor: token("grid"), linecolor: token("rule"), zerolinecolor: token("rule"), tickcolor: token("rule"),
      automargin: true, title: { standoff: 10, font: { size: 13 } }, separatethousands: true, exponentformat: "none",
    };
    const base = {
      height, autosize: true, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: token("ink") },
      margin: { l: 8, r: 12, t: 8, b: 8 }, xaxis: axis, yaxis: axis,
      legend: { orientation: "h", x: 0, xanchor: "left", y: 1.03, yanchor: "bottom", traceorder: "normal", font: { size: 12 } },
      hoverlabel: { bgcolor: token("card"), bordercolor: token("rule"), font: { color: token("ink") }, align: "left", namelength: -1 },
      colorway: [], dragmode: false,
    };
    return merged(base, coloured(own));
  }

  const config = { responsive: true, displaylogo: false, displayModeBar: false, showTips: false };

  function plain(place, spec) {
    return Plotly.react(place, coloured(spec.data), layout(spec.height, spec.layout), config);
  }

  const tonnes = (value) => (value >= 1e5 ? (value / 1e3).toFixed(0) + " kt" : value >= 1e4 ? (value / 1e3).toFixed(1) + " kt" : value.toFixed(value < 10 ? 1 : 0) + " t");
  const CLASSES = 6;
  const NAMED = 12;
  const FEW = 30;

  /* Lines by mode, or by product where that is what colours shall show. */
  function flows(map, period, product, most, byProduct) {
    const kinds = byProduct ? map.products.map((name, i) => ({ name, color: map.product_colors[i] })) : map.modes;
    const sums = new Map();
    for (const [from, to, mode, what, when, amount, km] of map.flows) {
      if (when !== period || (product >= 0 && what !== product)) continue;
      const kind = byProduct ? what : mode;
      const key = from + ">" + to + ">" + kind;
      const sum = sums.get(key) || { from, to, kind, km, amount: 0, parts: [] };
      sum.amount += amount;
      sum.parts.push(byProduct ? map.modes[mode].name + " " + tonnes(amount) : map.products[what] + " " + tonnes(amount));
      sums.set(key, sum);
    }
    const traces = [];
    kinds.forEach((kind, index) => {
      const mine = [...sums.values()].filter((sum) => sum.kind === index);
      const classes = Array.from({ length: CLASSES }, () => ({ x: [], y: [] }));
      const middle = { x: [], y: [], text: [] };
      for (const sum of mine) {
        const rank = Math.min(CLASSES - 1, Math.floor(CLASSES * Math.sqrt(sum.amount / most)));
        const [x0, y0, x1, y1] = [map.x[sum.from], map.y[sum.from], map.x[sum.to], map.y[sum.to]];
        classes[rank].x.push(x0, x1, null);
        classes[rank].y.push(y0, y1, null);
        middle.x.push((x0 + x1) / 2);
        middle.y.push((y0 + y1) / 2);
        middle.text.push("<b>" + map.sites[sum.from] + " → " + map.sites[sum.to] + "</b><br>" + kind.name + ", " + sum.km.toFixed(0) + " km<br>" + sum.parts.join("<br>"));
      }
      classes.forEach((lines, rank) => {
        if (lines.x.length)
          traces.push({ type: "scatter", mode: "lines", ...lines, hoverinfo: "skip", showlegend: false, opacity: 0.75, line: { color: kind.color, width: 0.7 + (7 * rank) / (CLASSES - 1) } });
      });
      if (middle.x.length)
        traces.push({ type: "scatter", mode: "markers", ...middle, hoverinfo: "text", showlegend: false, marker: { color: kind.color, size: 9, opacity: 0 } });
    });
    return traces;
  }

  function standing(map, period) {
    return map.types.map((type, index) => {
      const mine = map.facilities.filter((row) => row[1] === index && row[3] === period);
      const lines = (row) => map.types[row[1]].name + ", " + row[2] + "<br>capacity " + tonnes(row[4]) + "<br>used " + tonnes(row[5]) + (row[4] > 0 ? " (" + Math.round((100 * row[5]) / row[4]) + " %)" : "");
      const all = (row) => map.facilities.filter((other) => other[0] === row[0] && other[3] === period).map(lines).join("<br>");
      const size = (row) => type.least + type.growth * Math.sqrt(row[4] / (type.most || 1));
      return {
        type: "scatter", mode: "markers", showlegend: false, hoverinfo: "text", name: type.name,
        x: mine.map((row) => map.x[row[0]]), y: mine.map((row) => map.y[row[0]]),
        text: mine.map((row) => "<b>" + map.sites[row[0]] + "</b><br>" + all(row)),
        marker: { symbol: type.symbol, color: type.color, size: mine.map(size), opacity: 0.92, line: { color: token("paper"), width: 1 } },
      };
    });
  }

  /* Names of all places where something stands or that only send, if they are few and there is room; else of the largest of the type of
     which there are fewest. */
  function named(map, period, width) {
    const here = map.facilities.filter((row) => row[3] === period);
    const largest = [...here].sort((a, b) => b[4] - a[4]).filter((row, i, all) => all.findIndex((other) => other[0] === row[0]) === i);
    const senders = [...new Set(map.flows.filter((row) => row[4] === period).map((row) => row[0]))];
    const only = senders.filter((site) => !largest.some((row) => row[0] === site)).map((site) => [site]);
    if (width > 520 && largest.length + only.length <= FEW) return [...largest, ...only];
    const type = map.types.length - 1;
    return here.filter((row) => row[1] === type).sort((a, b) => b[4] - a[4]).slice(0, NAMED);
  }

  function names(map, period, width) {
    const mine = named(map, period, width);
    return {
      type: "scatter", mode: "text", hoverinfo: "skip", showlegend: false, textposition: "middle right", cliponaxis: false,
      x: mine.map((row) => map.x[row[0]]), y: mine.map((row) => map.y[row[0]]), text: mine.map((row) => "  " + map.sites[row[0]]),
      textfont: { color: token("ink"), size: 11, shadow: "0 0 3px " + token("paper") },
    };
  }

  /* Places where nothing stands: a dot in the middle of a marker would take its words away. */
  function bare(map, period) {
    const taken = new Set(map.facilities.filter((row) => row[3] === period).map((row) => row[0]));
    const free = map.sites.map((_, site) => site).filter((site) => !taken.has(site));
    return { x: free.map((site) => map.x[site]), y: free.map((site) => map.y[site]), text: free.map((site) => map.sites[site]) };
  }

  /* A bar of round length in the lower left corner. */
  function scale(map, width, height) {
    const [x0, x1, y0, y1] = map.range;
    const perPixel = Math.max((x1 - x0) / width, (y1 - y0) / height);
    const most = 110 * perPixel * map.km;
    const power = 10 ** Math.floor(Math.log10(most));
    const km = power * [5, 2, 1].find((step) => step * power <= most);
    const [left, low, long] = [(x0 + x1 - width * perPixel) / 2 + 14 * perPixel, (y0 + y1 - height * perPixel) / 2 + 14 * perPixel, km / map.km];
    const tick = 4 * perPixel;
    return {
      type: "scatter", mode: "lines+text", hoverinfo: "skip", showlegend: false, cliponaxis: false,
      x: [left, left, left + long, left + long], y: [low + tick, low, low, low + tick],
      text: ["", "", "  " + km + " km", ""], textposition: "middle right", textfont: { color: token("soft"), size: 11 },
      line: { color: token("soft"), width: 1.5 },
    };
  }

  function geography(place, map) {
    const chosen = (name) => { const control = place.closest("figure").querySelector("[data-control=" + name + "]"); return control ? Number(control.value) : -1; };
    const [period, product, byProduct] = [Math.max(0, chosen("period")), chosen("product"), chosen("color") === 1];
    for (const key of place.closest("figure").querySelectorAll("[data-key]")) key.hidden = (key.dataset.key === "product") !== byProduct;
    const shown = place.closest("figure").querySelector("output");
    if (shown) shown.textContent = map.periods[period];
    const width = place.clientWidth || 600;
    const [x0, x1, y0, y1] = map.range;
    const height = Math.max(260, Math.min(720, (width * (y1 - y0)) / (x1 - x0)));
    const base = [
      { type: "scatter", mode: "lines", x: map.borders.x, y: map.borders.y, hoverinfo: "skip", showlegend: false, line: { color: token("border"), width: 0.9 } },
      { type: "scatter", mode: "markers", ...bare(map, period), hoverinfo: "text", showlegend: false, marker: { color: token("soft"), size: 3.5, opacity: 0.7 } },
    ];
    const hidden = { visible: false, fixedrange: false };
    const own = {
      margin: { l: 0, r: 0, t: 0, b: 0 }, hovermode: "closest", dragmode: width > 520 ? "pan" : false,
      xaxis: { ...hidden, range: [x0, x1] }, yaxis: { ...hidden, range: [y0, y1], scaleanchor: "x" }, uirevision: "map",
    };
    return Plotly.react(place, [...base, ...flows(map, period, product, map.most, byProduct), ...standing(map, period), names(map, period, width), scale(map, width, height)], layout(height, own), config);
  }

  const plots = [...document.querySelectorAll(".plot")].map((place) => {
    const spec = JSON.parse(place.closest("figure").querySelector("script[type='application/json']").textContent);
    return { place, draw: () => (spec.map ? geography(place, spec.map) : plain(place, spec)) };
  });
  report.expected = plots.length;

  /* What is folded away has no width to be drawn in: it is drawn when it is unfolded. */
  const isFolded = (place) => Boolean(place.closest("details:not([open])"));
  function render(chosen) {
    const shown = chosen.filter(({ place }) => !isFolded(place));
    return Promise.all(shown.map(({ place, draw }) => draw().then(() => {
      if (place.dataset.drawn !== "yes") report.drawn += 1;
      place.dataset.drawn = "yes";
    })));
  }
  const all = () => render(plots);

  const folds = [...document.querySelectorAll("main details")];
  for (const fold of folds)
    fold.addEventListener("toggle", () => { if (fold.open) render(plots.filter(({ place }) => fold.contains(place))); });
  for (const { place, draw } of plots)
    for (const control of place.closest("figure").querySelectorAll("[data-control]")) control.addEventListener("input", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);

  /* Paper shows everything; the screen afterwards what it showed before. */
  let unfolded = [];
  window.addEventListener("beforeprint", () => {
    unfolded = folds.filter((fold) => !fold.open);
    for (const fold of unfolded) fold.open = true;
    all();
  });
  window.addEventListener("afterprint", () => {
    for (const fold of unfolded) fold.open = false;
    all();
  });

  /* The table of contents: beside the page where there is room, else one line on top that unfolds. */
  const contents = document.querySelector(".contents details");
  const beside = matchMedia("(min-width: 1100px)");
  const fit = () => { contents.open = beside.matches; };
  fit();
  beside.addEventListener("change", fit);
  contents.addEventListener("click", (event) => { if (event.target.closest("a")) fit(); });
  contents.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || beside.matches) return;
    contents.open = false;
    contents.querySelector("summary").focus();
  });
  const links = [...contents.querySelectorAll("a")];
  const sections = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  let here = -1;
  function locate() {
    const line = innerHeight / 4;
    const atEnd = innerHeight + scrollY >= document.documentElement.scrollHeight - 2;
    const passed = sections.filter((section) => section.getBoundingClientRect().top <= line).length;
    const now = Math.max(0, atEnd && scrollY > 0 ? links.length - 1 : passed - 1);
    if (now === here) return;
    here = now;
    links.forEach((link, index) => (index === now ? link.setAttribute("aria-current", "true") : link.removeAttribute("aria-current")));
    contents.querySelector("summary span").textContent = links[now].textContent;
  }
  addEventListener("scroll", locate, { passive: true });
  addEventListener("resize", locate);
  const ready = () => { locate(); document.body.dataset.ready = "yes"; };
  all().then(ready, (error) => { report.errors.push(String(error)); ready(); });
})();
