/* The path of a table's columns: one slider for λ, the lines of all columns, and the list of those that are kept. */

plots.each("#figure-column-path", (figure) => {
  "use strict";

  /* Names beside the lines; the list below has all. */
  const NAMED = 10;

  const { strengths, names, values, original, errors, marks, features, columns } = JSON.parse(figure.querySelector(".path-data").textContent);
  const canvas = figure.querySelector("canvas");
  const slider = figure.querySelector("input");
  const list = figure.querySelector("[data-list]");
  const title = figure.querySelector("[data-count]");
  const all = values.flat();
  const [low, high] = [Math.min(0, ...all), Math.max(0, ...all)];
  const last = values.at(-1);
  const named = names.map((_, i) => i).sort((a, b) => Math.abs(last[b]) - Math.abs(last[a])).slice(0, NAMED);
  let theme = null;

  function show() {
    theme ??= plots.theme(figure);
    const at = slider.valueAsNumber;
    const kept = names.map((_, i) => i).filter((i) => values[at][i]);
    kept.sort((a, b) => Math.abs(values[at][b]) - Math.abs(values[at][a]));
    const count = new Set(kept.map((i) => features[i])).size;
    slider.setAttribute("aria-valuetext", `λ ${plots.number(strengths[at])}, ${count} of ${columns} kept`);
    figure.querySelector("output").textContent = plots.number(strengths[at]);
    title.textContent = `${count} of ${columns} columns kept, error ${plots.number(errors[at])}`;
    list.replaceChildren(...kept.map((i) => {
      const item = document.createElement("li");
      item.textContent = `${names[i]} ${plots.number(original[at][i])}`;
      return item;
    }));
    draw(at);
    figure.dataset.shown = at;
  }

  function draw(at) {
    const wide = canvas.clientWidth;
    if (!wide) return;
    const { context, width, height } = plots.fitCanvas(canvas, Math.round(Math.min(Math.max(0.55 * wide, 240), 380)));
    const room = wide < 480 ? 92 : 150;
    const area = { x: 46, y: 10, width: width - 46 - room, height: height - 54 };
    const span = high - low || 1;
    const x = (place) => area.x + (area.width * place) / Math.max(strengths.length - 1, 1);
    const y = (value) => area.y + area.height * (1 - (value - low + 0.04 * span) / (1.08 * span));
    const write = (text, left, up, align, color) => {
      context.font = `12px ${plots.FONT}`;
      [context.textAlign, context.textBaseline, context.fillStyle] = [align, "middle", color];
      context.fillText(text, left, up);
    };
    const rule = (x0, y0, x1, y1, color, thickness, dash = []) => {
      context.beginPath();
      context.setLineDash(dash);
      context.moveTo(x0, y0);
      context.lineTo(x1, y1);
      [context.strokeStyle, context.lineWidth] = [color, thickness];
      context.stroke();
      context.setLineDash([]);
    };
    for (const value of [low, 0, high]) {
      rule(area.x, y(value), area.x + area.width, y(value), value ? theme.grid : theme.muted, 1);
      write(plots.number(value, 2), area.x - 6, y(value), "right", theme.muted);
    }
    const every = Math.ceil((48 * strengths.length) / area.width);
    strengths.forEach((λ, i) => {
      if (i % every === 0) write(plots.number(λ, 2), x(i), area.y + area.height + 14, "center", theme.muted);
    });
    write("λ, falling", area.x + area.width / 2, height - 8, "center", theme.ink);
    for (const place of marks) rule(x(place), area.y, x(place), area.y + area.height, theme.ink, 1.2, [2, 3]);
    context.fillStyle = theme.grid;
    context.fillRect(x(at) - 1.5, area.y, 3, area.height);
    const color = (i) => theme.levels.at(last[i] < 0 ? 10 : -11);
    names.forEach((_, i) => {
      context.beginPath();
      values.forEach((row, place) => (place ? context.lineTo(x(place), y(row[i])) : context.moveTo(x(place), y(row[i]))));
      [context.strokeStyle, context.lineWidth] = [color(i), values[at][i] ? 2.2 : 0.9];
      context.stroke();
    });
    const heights = spread(named.map((i) => y(last[i])), area.y, area.y + area.height, 15);
    named.forEach((i, rank) => {
      const name = names[i];
      let shown = name;
      while (context.measureText(shown).width > room - 12 && shown.length > 2) shown = `${shown.slice(0, -2)}…`;
      write(shown, area.x + area.width + 8, heights[rank], "left", values[at][i] ? color(i) : theme.muted);
    });
  }

  /* Heights at least `apart` from each other, in the order of `wanted`. */
  function spread(wanted, top, bottom, apart) {
    const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b]);
    const places = order.map((i) => wanted[i]);
    places.forEach((_, i) => { if (i) places[i] = Math.max(places[i], places[i - 1] + apart); });
    const over = Math.max(0, (places.at(-1) ?? bottom) - bottom);
    let limit = Infinity;
    for (let i = places.length - 1; i >= 0 && over; i--) {
      places[i] = Math.min(places[i], i === places.length - 1 ? bottom : limit - apart);
      limit = places[i];
    }
    const found = [];
    order.forEach((i, rank) => { found[i] = Math.max(places[rank], top); });
    return found;
  }

  slider.addEventListener("input", show);
  figure.querySelector(".bench").hidden = false;
  show();
  const anew = () => {
    theme = null;
    show();
  };
  new ResizeObserver(anew).observe(figure);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", anew);
});
