// Draws the table of the days as a plot.
"use strict";
(() => {
  const DAY = 86_400_000;
  const place = document.querySelector("[data-plot]"), [said, into] = place.children;
  const unit = place.dataset.unit, title = said.textContent;
  const rows = new Map([...document.querySelectorAll("[data-day]")].map((row) => [row.dataset.day, row]));
  const days = [];
  for (let at = Date.parse(place.dataset.from); at <= Date.parse(place.dataset.to); at += DAY)
    days.push(new Date(at).toISOString().slice(0, 10));
  const values = days.map((day) => Number(rows.get(day)?.dataset.value ?? 0));

  const short = (day) => new Date(day).toLocaleDateString([], { day: "numeric", month: "short", timeZone: "UTC" });
  const figure = (value) => {
    if (!unit) return value.toLocaleString([], { notation: "compact" });
    return unit + (value && value < 0.1 ? value.toPrecision(2) : value.toLocaleString([], { minimumFractionDigits: 2, maximumFractionDigits: 2 }));
  };
  const year = place.dataset.to.slice(0, 4);
  for (const row of rows.values())
    row.querySelector("time").textContent = new Date(row.dataset.day).toLocaleDateString([], { weekday: "short", day: "numeric", month: "short", year: year === row.dataset.day.slice(0, 4) ? undefined : "numeric", timeZone: "UTC" });
  const words = (day) => {
    const row = rows.get(day);
    if (!row) return `${short(day)}: nothing`;
    const [name, , tokens, calls, cost] = [...row.children].map((one) => one.textContent.trim());
    return [`${name}: ${cost || "no cost"}`, tokens && `${tokens} tokens`, calls && `${calls} calls`].filter(Boolean).join(", ");
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  let plot = null;
  const options = () => {
    const axis = { stroke: colour("--mut"), font: "12px system-ui, sans-serif", ticks: { show: false } };
    const grid = { stroke: colour("--line"), width: 1 };
    return {
      width: into.clientWidth,
      height: into.clientHeight,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: false } },
      scales: { x: { time: false, range: [-0.5, days.length - 0.5] }, y: { range: (_, low, high) => [0, high || 1] } },
      series: [{}, { paths: uPlot.paths.bars({ size: [0.7, 48] }), fill: colour("--idle-bar"), points: { show: false } }],
      axes: [
        { ...axis, grid: { show: false }, size: 28, space: 64, incrs: [1, 2, 7, 14, 28, 56], values: (_, at) => at.map((n) => days[n] ? short(days[n]) : "") },
        { ...axis, grid, size: 56, space: 36, values: (_, at) => at.map(figure) },
      ],
      hooks: { setCursor: [({ cursor }) => { said.textContent = cursor.idx == null ? title : words(days[cursor.idx]); }] },
    };
  };
  const draw = () => {
    plot?.destroy();
    plot = new uPlot(options(), [days.map((_, n) => n), values], into);
  };
  draw();
  new ResizeObserver(() => {
    if (plot.width !== into.clientWidth) plot.setSize({ width: into.clientWidth, height: into.clientHeight });
  }).observe(into);
  // What is drawn does not follow the theme by itself.
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
