// The charts of a report that answer to their reader. What they show is in the page's data.
"use strict";
(function () {
  const data = JSON.parse(document.getElementById("data").textContent);
  const words = data.words;
  const family = '"Dossier", sans-serif';
  const settings = { displayModeBar: false, responsive: true };
  const ink = "#222222", grey = "#7d7d7d", red = "#b4431f";

  const number = (value, digits) =>
    value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
  const faded = (color, share) => {
    const part = (i) => parseInt(color.slice(i, i + 2), 16);
    return `rgba(${part(1)},${part(3)},${part(5)},${share})`;
  };
  const inside = (panel, name) => panel.querySelector(name);
  const chosen = (panel, name, otherwise) => {
    const found = inside(panel, name);
    return found ? found.value : otherwise;
  };
  const scenario = (name) => data.scenarios.find((one) => one.name === name);
  // Plotly reads some HTML in its texts; a title has none.
  const plain = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/%\{/g, "% {");

  function layout(more) {
    return Object.assign({
      font: { family: family, size: 13, color: ink },
      margin: { l: 52, r: 14, t: 36, b: 36 },
      hovermode: "x unified",
      hoverlabel: { font: { family: family, size: 12 } },
      showlegend: true,
      legend: { orientation: "h", x: 0, y: -0.12, yanchor: "top" },
      paper_bgcolor: "white", plot_bgcolor: "white", dragmode: false, separators: ".,"
    }, more);
  }
  const axis = (more) => Object.assign({
    gridcolor: "#e6e6e6", zeroline: false, fixedrange: true, linecolor: grey, ticks: "outside", tickcolor: grey
  }, more);
  const heading = (text) => [{
    text: text, xref: "paper", yref: "paper", x: 0, y: 1, xanchor: "left", yanchor: "bottom", yshift: 8,
    showarrow: false, font: { size: 12, color: grey }
  }];

  function shown(panel) {
    return Array.from(panel.querySelectorAll("fieldset input:checked")).map((box) => box.value);
  }

  // Medians of the scenarios ticked, before the bands of the first of them.
  function drawFan(panel) {
    const place = chosen(panel, ".place", panel.dataset.region), measure = chosen(panel, ".measure");
    const unit = data.measures[measure].unit, names = shown(panel);
    const span = data.measures[measure].range.replace("{low}", "%{customdata:,.1f}").replace("{high}", "%{y:,.1f}");
    const known = names.filter((name) => (data.courses[name] || {})[place]);
    const traces = [];
    const hover = (text) => `${text} %{y:,.1f}${unit}<extra></extra>`;
    known.forEach((name, order) => {
      const course = data.courses[name][place][measure], one = scenario(name), title = plain(one.title);
      if (order === 0) {
        [["p05", "p95", 0.16, words.band], ["p25", "p75", 0.26, words.half]].forEach(([low, high, share, label]) => {
          traces.push({ x: data.years[name], y: course[low], mode: "lines", line: { width: 0 }, showlegend: false,
            hoverinfo: "skip" });
          traces.push({ x: data.years[name], y: course[high], mode: "lines", line: { width: 0 }, fill: "tonexty",
            fillcolor: faded(one.color, share), name: `${title} ${label}`, showlegend: true,
            customdata: course[low],
            hovertemplate: `${label} ${span}<extra></extra>` });
        });
      }
    });
    known.slice().reverse().forEach((name) => {
      const course = data.courses[name][place][measure], one = scenario(name), title = plain(one.title);
      traces.push({ x: data.years[name], y: course.p50, mode: "lines", name: title, meta: name,
        showlegend: false,  // the boxes to tick have its colour
        line: { color: one.color, width: name === known[0] ? 3 : 2 }, hovertemplate: hover(title) });
    });
    const marks = data.places[place].marks.filter((mark) => mark.measure === measure);
    [[false, words.observed, ink], [true, words.other, "#ffffff"]].forEach(([other, label, fill]) => {
      const here = marks.filter((mark) => mark.other === other);
      if (here.length) {
        traces.push({ x: here.map((m) => m.year), y: here.map((m) => m.value), mode: "markers", name: label,
          marker: { color: fill, size: 8, line: { color: other ? grey : ink, width: 1.2 } }, hovertemplate: hover(label) });
      }
    });
    const targets = data.places[place].targets.filter((aim) => aim.measure === measure && aim.value !== null);
    if (targets.length) {
      traces.push({ x: targets.map((t) => t.year), y: targets.map((t) => t.value), mode: "markers", name: words.target,
        text: targets.map((t) => plain(t.text)), cliponaxis: false,
        marker: { color: red, symbol: "diamond", size: 11, line: { color: "white", width: 1 } },
        hovertemplate: `${words.target} %{text}<extra></extra>` });
    }
    const last = Math.max(...data.scenarios.map((one) => data.years[one.name].slice(-1)[0]));
    const first = Math.min(2020, ...marks.map((mark) => mark.year));
    Plotly.react(inside(panel, ".chart"), traces, layout({
      xaxis: axis({ range: [first - 0.6, last + 0.4], dtick: 5, tickformat: "d", hoverformat: "d" }),
      yaxis: axis({ rangemode: "normal", tickformat: ",~g" }),
      annotations: heading(data.measures[measure].axis)
    }), settings);
    listNumbers(panel, place, measure, known);
  }

  // The numbers behind a fan, of each scenario ticked.
  function listNumbers(panel, place, measure, names) {
    const box = inside(panel, ".numbers");
    box.textContent = "";
    if (!names.length) {
      box.textContent = words.none;
      return;
    }
    const targets = data.places[place].targets.filter((aim) => aim.measure === measure);
    const table = document.createElement("table");
    const row = (group, cells, tag) => {
      const line = group.insertRow();
      cells.forEach((text, i) => {
        const cell = document.createElement(i === 0 ? "th" : tag);
        cell.textContent = text;
        line.appendChild(cell);
      });
      return line;
    };
    const last = data.years[names[0]].slice(-1)[0];
    const dated = (year, text) => words.year ? `${year}${words.year}${text}` : `${year} ${text}`;
    row(table.createTHead(), [words.scenario, dated(last, words.median), words.band,
      ...targets.map((aim) => dated(aim.year, aim.text))], "th");
    const body = table.createTBody(), { unit, range } = data.measures[measure];
    names.forEach((name) => {
      const course = data.courses[name][place][measure], at = course.p50.length - 1;
      const end = last === data.years[name][at] ? "" : `${words.open}${data.years[name][at]}${words.year}${words.close}`;
      const line = row(body, [scenario(name).title, `${number(course.p50[at], 1)}${unit}${end}`,
        range.replace("{low}", number(course.p05[at], 1)).replace("{high}", number(course.p95[at], 1)),
        ...targets.map((aim) => (aim.chances[name] || { text: "–" }).text)], "td");
      line.dataset.scenario = name;
      targets.forEach((aim, i) => {
        const shade = (aim.chances[name] || {}).shade;
        if (shade) line.cells[3 + i].className = `chance ${shade}`;
      });
    });
    box.appendChild(table);
  }

  // What urban growth, or the rate's change, consists of year by year.
  function drawParts(panel) {
    const place = chosen(panel, ".place", panel.dataset.region), unit = chosen(panel, ".unit");
    let name = chosen(panel, ".scenario");
    if (!(data.growth[name] || {})[place]) name = data.scenarios.find((one) => (data.growth[one.name] || {})[place]).name;
    const parts = data.growth[name][place][unit], years = data.years[name].slice(1);
    const said = unit === "growth" ? words.wan : words.points;
    const net = years.map((_, i) => data.parts.reduce((sum, part) => sum + parts[part.name][i], 0));
    const traces = data.parts.filter((part) => parts[part.name].some((value) => Math.abs(value) >= 5e-5)).map((part) => ({
      type: "bar", x: years, y: parts[part.name], name: part.title, meta: part.name, marker: { color: part.color },
      hovertemplate: `${part.title} %{y:+,.2f} ${said}<extra></extra>`
    }));
    traces.push({ x: years, y: net, mode: "lines+markers", name: words.net, line: { color: ink, width: 2 },
      hovertemplate: `${words.net} %{y:+,.2f} ${said}<extra></extra>` });
    Plotly.react(inside(panel, ".chart"), traces, layout({
      barmode: "relative", bargap: 0.25,
      xaxis: axis({ dtick: years.length > 8 ? 5 : 1, tickformat: "d", hoverformat: "d" }),
      yaxis: axis({ zeroline: true, zerolinecolor: grey }),
      annotations: heading(inside(panel, ".unit").selectedOptions[0].textContent)
    }), settings);
  }

  // Two pyramids beside each other, below each other where there is no room.
  function drawAges(panel) {
    const people = data.ages[chosen(panel, ".scenario")][panel.dataset.region];
    const narrow = panel.clientWidth < 620, traces = [], half = narrow ? 0.46 : 0.48;
    const widest = 1.05 * Math.max(...people.years.flatMap((year) => people.groups.map((_, i) =>
      Math.max(...["male", "female"].map((sex) => people.persons[year].urban[sex][i] + people.persons[year].rural[sex][i])))));
    const more = {}, notes = [];
    people.years.forEach((year, panelNumber) => {
      const mark = panelNumber ? "2" : "";
      ["urban", "rural"].forEach((residence) => ["male", "female"].forEach((sex) => {
        const values = people.persons[year][residence][sex], who = sex === "male" ? words.men : words.women;
        traces.push({
          type: "bar", orientation: "h", y: people.groups, x: values.map((v) => (sex === "male" ? -v : v)),
          customdata: values, xaxis: "x" + mark, yaxis: "y" + mark, name: data.residences[residence].title,
          meta: `${year} ${residence} ${sex}`, legendgroup: residence, showlegend: panelNumber === 0 && sex === "male",
          marker: { color: data.residences[residence].color },
          hovertemplate: `${year}${words.year} %{y} ${words.age} ${data.residences[residence].title} ${who} %{customdata:,.2f} ${words.wan}<extra></extra>`
        });
      }));
      const span = panelNumber ? [1 - half, 1] : [0, half];
      more["xaxis" + mark] = axis({ range: [-widest, widest], domain: narrow ? [0, 1] : span, anchor: "y" + mark,
        tickvals: ticks(widest), ticktext: ticks(widest).map((v) => number(Math.abs(v), widest < 2 ? 1 : 0)),
        zeroline: true, zerolinecolor: "white" });
      more["yaxis" + mark] = axis({ domain: narrow ? (panelNumber ? [0, half] : [1 - half, 1]) : [0, 1],
        anchor: "x" + mark, showticklabels: narrow || panelNumber === 0, ticks: "", showgrid: false });
      const top = narrow ? (panelNumber ? half : 1) : 1, left = narrow ? 0 : span[0], right = narrow ? 1 : span[1];
      const note = (text, x, anchor) => notes.push({ text: text, xref: "paper", yref: "paper", x: x, y: top,
        xanchor: anchor, yanchor: "bottom", showarrow: false, yshift: 4 });
      note(`${words.men}`, left, "left");
      note(`${year}${words.year}${words.open}${words.wan}${words.close}`, (left + right) / 2, "center");
      note(`${words.women}`, right, "right");
    });
    Plotly.react(inside(panel, ".chart"), traces, layout(Object.assign(more, {
      barmode: "relative", bargap: 0.12, hovermode: "closest", annotations: notes,
      legend: { orientation: "h", x: 0, y: narrow ? -0.05 : -0.08, yanchor: "top" }
    })), settings);
  }
  function ticks(widest) {
    const rough = widest / 2.5, power = Math.pow(10, Math.floor(Math.log10(rough)));
    const step = [1, 2, 5, 10].map((m) => m * power).find((s) => s >= rough) || 10 * power;
    const found = [];
    for (let v = -Math.floor(widest / step) * step; v <= widest; v += step) found.push(+v.toFixed(6));
    return found;
  }

  function start(selector, draw) {
    document.querySelectorAll(selector).forEach((panel) => {
      panel.addEventListener("change", () => draw(panel));
      draw(panel);
    });
  }
  // Text is measured when a chart is drawn, so the font has to be there.
  document.fonts.load('13px "Dossier"', "城镇 urban").then(() => {
    start(".explorer", drawFan);
    start(".growth", drawParts);
    start(".ages", drawAges);
    const narrow = () => window.innerWidth < 700;
    let before = narrow();
    window.addEventListener("resize", () => {
      if (narrow() !== before) {
        before = narrow();
        document.querySelectorAll(".ages").forEach(drawAges);
      }
    });
    document.documentElement.classList.add("drawn");
  });
})();
