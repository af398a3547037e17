/* The figure of the first screen: one start, trained under L1 and under L2 in the page, over and over. */

plots.each(".hero", (figure) => {
  "use strict";

  /* Seconds that the start is held, that the training takes, and that its end is held; and how long a reader must have
     rested before it plays again, in milliseconds. */
  const [START, TRAINING, REST] = [0.6, 4.5, 3.5];
  const END = START + TRAINING;
  const PAUSE = 600;

  const { task, samples, stops, strength, sides, labels } = JSON.parse(figure.querySelector(".hero-data").textContent);
  const find = (selector) => figure.querySelector(selector);
  const [canvases, counts] = [".drawn", ".count"].map((selector) => [...figure.querySelectorAll(selector)]);
  const [slider, toggle, chosen] = [find("input"), find(".toggle"), find("output")];
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const isPaused = () => document.getElementById("pause-all")?.checked;
  const range = plots.range(samples);
  const grid = Array.from({ length: task.activation === "linear" ? 2 : 80 }, (_, i, all) => {
    return range.x[0] + ((range.x[1] - range.x[0]) * i) / (task.activation === "linear" ? 1 : 79);
  });

  let λ = strength;
  let trained = [];
  let limit = 1;
  let theme = null;
  let playing = false;
  let visible = true;
  let before = null;
  /* Seconds since the start was shown; from END on the end of the training is. */
  let time = END;
  let waiting = false;
  let stale = true;
  let resting = 0;

  function train() {
    stale = false;
    trained = sides.map((side) => {
      const whole = { ...task, ...side, strength: λ };
      const { steps, records, diverged } = trainer.train(whole);
      return { whole, steps, records, diverged };
    });
    const sizes = trained.flatMap(({ whole, records }) => {
      return [records[0], records.at(-1)].flatMap((w) => trainer.layers(whole, w).map(({ values }) => values));
    });
    limit = sizes.reduce((largest, values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), largest), 0) || 1;
    figure.dataset.trained = Number(figure.dataset.trained ?? 0) + 1;
  }

  function ask() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame((now) => {
      waiting = false;
      if (stale) train();
      if (playing && visible) {
        // A page that was hidden goes on where it was.
        time += Math.min(0.1, (now - (before ?? now)) / 1000);
        if (time > END + REST) time = 0;
      }
      before = now;
      show();
      if (playing && visible) ask();
    });
  }

  function show() {
    theme ??= plots.theme(figure);
    // Slow at first, when weights change most.
    const share = Math.max(0, Math.min(1, (time - START) / TRAINING)) ** 2;
    trained.forEach((side, i) => draw(canvases[i], counts[i], side, share, labels[i]));
    figure.classList.toggle("playing", playing);
    toggle.setAttribute("aria-label", playing ? "Pause" : "Play");
  }

  function draw(canvas, count, { whole, steps, records, diverged }, share, label) {
    const wide = canvas.clientWidth;
    if (!wide) return;
    const net = Math.round(Math.min(0.66 * wide, 210));
    const below = Math.round(Math.min(0.5 * wide, 140));
    const { context } = plots.fitCanvas(canvas, net + below);
    const record = Math.round(share * (records.length - 1));
    const layers = trainer.layers(whole, records[record]);
    const band = whole.rate * whole.strength;
    plots.network(context, { x: 2, y: 4, width: wide - 4, height: net - 14 }, layers, limit, band, theme);
    const line = plots.outputs(layers, grid, whole.activation);
    const look = plots.inColor(theme, figure, whole.color);
    plots.fit(context, { x: 0, y: net, width: wide, height: below }, samples, grid, line, range, look);
    const values = layers.flatMap((layer) => Array.from(layer.values));
    const zeros = values.filter((w) => w === 0).length;
    const gone = diverged !== null && record === records.length - 1;
    const at = `step ${plots.number(steps[record], 9)} of ${plots.number(whole.steps, 9)}`;
    count.innerHTML = gone
      ? `diverged at step ${plots.number(diverged, 9)}`
      : `<b>${plots.number(zeros, 9)}</b> of ${plots.number(values.length, 9)} weights are zero <span>${at}</span>`;
    canvas.setAttribute("aria-label", `The network under ${label} and what it fits, at step ${plots.number(steps[record], 9)}.`);
  }

  function play(on) {
    clearTimeout(resting);
    if (on && time >= END) time = 0;
    playing = on;
    before = null;
    ask();
  }

  function redraw() {
    theme = null;
    ask();
  }

  slider.max = stops.length - 1;
  slider.value = stops.indexOf(λ);
  const tell = () => {
    chosen.textContent = plots.number(λ, 9);
    slider.setAttribute("aria-valuetext", plots.number(λ, 9));
  };
  slider.addEventListener("input", () => {
    const wasPlaying = playing || resting !== 0;
    λ = stops[slider.valueAsNumber];
    tell();
    stale = true;
    // The end at once, and the way to it when the reader rests.
    play(false);
    time = END;
    if (wasPlaying) {
      resting = setTimeout(() => {
        resting = 0;
        play(true);
      }, PAUSE);
    }
  });
  toggle.addEventListener("click", () => {
    resting = 0;
    play(!playing);
  });

  figure.classList.add("alive");
  for (const part of figure.querySelectorAll("[hidden]")) part.hidden = false;
  tell();
  new ResizeObserver(redraw).observe(canvases[0]);
  new IntersectionObserver((entries) => {
    visible = entries.at(-1).isIntersecting;
    before = null;
    ask();
  }).observe(figure);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
  reduced.addEventListener("change", () => reduced.matches && play(false));
  document.addEventListener("change", (event) => event.target.id === "pause-all" && event.target.checked && play(false));
  if (reduced.matches || isPaused()) ask();
  else play(true);
});
