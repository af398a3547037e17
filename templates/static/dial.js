/* The figure of λ: one slider for the networks, the fits and the curves of all penalties. */

plots.each("#figure-dial", async (figure) => {
  "use strict";

  /* Wider networks are drawn as matrices. */
  const WIDEST = 16;

  const { grid, sweeps } = JSON.parse(figure.querySelector(".dial-data").textContent);
  const kinds = Object.keys(sweeps);
  const panels = kinds.map((kind) => figure.querySelector(`[data-penalty="${kind}"]`));
  const curves = [...figure.querySelectorAll("[data-curve]")];
  const slider = figure.querySelector("input");
  const networks = await Promise.all(kinds.map((kind) => sweeps[kind].drawn && plots.unpack(sweeps[kind].drawn)));
  const limit = Math.max(...networks.map((network) => network?.limit ?? 0));
  const range = networks[0]?.samples && plots.range(networks[0].samples);

  let theme = null;
  let waiting = false;

  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      show();
    });
  }

  const words = (i) => plots.number(grid[i], 9);

  function colorOf(kind) {
    return plots.inColor({}, figure, sweeps[kind].color).network;
  }

  function show() {
    theme ??= { ...plots.theme(figure), arms: kinds.map(colorOf) };
    const at = slider.valueAsNumber;
    slider.setAttribute("aria-valuetext", words(at));
    figure.querySelector("output").textContent = words(at);
    kinds.forEach((kind, i) => {
      const { run_zeros: zeros, run_errors: errors, points } = sweeps[kind];
      const place = (name) => panels[i].querySelector(`[data-reading="${name}"]`);
      place("zeros").textContent = zeros.length ? plots.number(zeros[at], 9) : "–";
      place("error").textContent = plots.number(errors.length ? errors[at] : points[at].error ?? NaN);
      panels[i].querySelector(".swatch").style.background = theme.arms[i];
      if (networks[i]) drawPanel(panels[i], networks[i], at, theme.arms[i]);
    });
    for (const canvas of curves) drawCurve(canvas, canvas.dataset.curve, at);
    figure.dataset.shown = at;
  }

  function drawPanel(panel, network, at, color) {
    const layers = network.at(at);
    const canvas = panel.querySelector(".multiple-network");
    const wide = canvas.clientWidth;
    if (!wide) return;
    const { context, width, height } = plots.fitCanvas(canvas, Math.round(0.8 * wide));
    const box = { x: 2, y: 2, width: width - 4, height: height - 4 };
    if (layers.every(({ rows, columns }) => Math.max(rows, columns) <= WIDEST)) {
      plots.network(context, box, layers, limit, 0, theme);
    } else plots.weights(context, box, layers, limit, theme);
    if (!network.samples) return;
    const fit = plots.fitCanvas(panel.querySelector(".multiple-fit"), Math.round(0.68 * wide));
    const count = network.activation === "linear" ? 2 : 80;
    const inputs = Array.from({ length: count }, (_, i) => range.x[0] + ((range.x[1] - range.x[0]) * i) / (count - 1));
    const outputs = plots.outputs(layers, inputs, network.activation);
    const look = { ...theme, network: color };
    plots.fit(fit.context, { x: -10, y: 0, width: fit.width + 9, height: fit.height }, network.samples, inputs, outputs, range, look);
  }

  /* Values of all penalties against the places of λ in the grid, and a line at the one that is set. */
  function drawCurve(canvas, name, at) {
    const wide = canvas.clientWidth;
    if (!wide) return;
    const { context, width, height } = plots.fitCanvas(canvas, Math.round(Math.min(0.55 * wide, 190)));
    const values = kinds.map((kind) => sweeps[kind].points.map((point) => point[name] ?? NaN));
    const finite = values.flat().filter(Number.isFinite);
    const [low, high] = name === "zero" ? [0, 1] : [Math.min(...finite), Math.max(...finite)];
    const top = low === high ? low + 1 : high;
    const area = { x: 38, y: 26, width: width - 50, height: height - 50 };
    const x = (place) => area.x + (area.width * place) / (grid.length - 1);
    const y = (value) => area.y + area.height * (1 - (value - low) / (top - low));
    const write = (text, left, up, align, color = theme.muted, weight = 400) => {
      context.font = `${weight} 12px ${plots.FONT}`;
      [context.textAlign, context.textBaseline, context.fillStyle] = [align, "middle", color];
      context.fillText(text, left, up);
    };
    write(`${name === "zero" ? "weights exactly zero" : "total test error"} by λ`, 0, 10, "left", theme.ink, 600);
    context.lineWidth = 1;
    context.strokeStyle = theme.grid;
    for (const value of [low, (low + top) / 2, top]) {
      context.beginPath();
      context.moveTo(area.x, y(value));
      context.lineTo(area.x + area.width, y(value));
      context.stroke();
      write(name === "zero" ? `${100 * value}%` : plots.number(value, 2), area.x - 6, y(value), "right");
    }
    // As many values of λ as there is room for.
    const every = Math.ceil((34 * grid.length) / area.width);
    grid.forEach((_, i) => {
      if (i % every === 0) write(words(i), x(i), area.y + area.height + 14, "center");
    });
    context.fillStyle = theme.grid;
    context.fillRect(x(at) - 1.5, area.y - 4, 3, area.height + 8);
    values.forEach((line, i) => {
      context.beginPath();
      let broken = true;
      line.forEach((value, place) => {
        if (!Number.isFinite(value)) broken = true;
        else if (broken) context.moveTo(x(place), y(value));
        else context.lineTo(x(place), y(value));
        if (Number.isFinite(value)) broken = false;
      });
      context.strokeStyle = theme.arms[i];
      context.lineWidth = 2.2;
      context.stroke();
    });
    values.forEach((line, i) => {
      if (!Number.isFinite(line[at])) return;
      context.beginPath();
      context.arc(x(at), y(line[at]), 4.5, 0, 2 * Math.PI);
      context.fillStyle = theme.arms[i];
      context.fill();
      context.strokeStyle = theme.paper;
      context.lineWidth = 1.5;
      context.stroke();
    });
  }

  /* A tap or a drag on the curves sets λ there; the page still scrolls up and down. */
  for (const canvas of curves) {
    const turn = ({ offsetX }) => {
      const place = Math.round(((offsetX - 38) / (canvas.clientWidth - 50)) * (grid.length - 1));
      slider.value = Math.min(grid.length - 1, Math.max(0, place));
      redraw();
    };
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
      turn(event);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && turn(event));
  }

  slider.addEventListener("input", redraw);
  figure.querySelector(".bench").hidden = false;
  show();
  const anew = () => {
    theme = null;
    redraw();
  };
  new ResizeObserver(anew).observe(figure);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", anew);
});
