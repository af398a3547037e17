/* A figure that the text beside it moves: one run under L1 and L2, trained in the page.

   A scene is what the figure shows for one step of the text. A move from scene to scene takes MOVE seconds. */

plots.each("#figure-watch", (figure) => {
  "use strict";

  const MOVE = 1.6;
  const source = figure.querySelector(".watch-data");
  if (!source) return;
  const { task, samples, choices, arms, early, band } = JSON.parse(source.textContent);
  const find = (selector) => figure.querySelector(selector);
  const [stage, canvas, state, place] = [find(".stage"), find(".canvas"), find(".state"), find(".place")];
  const [back, forward, menu, whose] = [find(".back"), find(".forward"), find(".run"), find(".whose")];
  const texts = [...figure.querySelectorAll(".scenes > li")];
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const isStill = () => reduced.matches || document.getElementById("pause-all")?.checked;

  /* share: of the steps done; unfold and cut: see plots.network; fit: how visible the fitted function is; pair: the
     arms, of which the third is L1 by plain gradient. */
  const SCENES = {
    start: { share: 0 },
    early: { share: early / task.steps },
    path: { share: 1 },
    stripes: { share: 1, unfold: 1 },
    fit: { share: 1, fit: 1 },
    zoom: { share: 0.5, unfold: 1, pair: [2, 0], limit: band, from: 0.35 },
    cut: { share: 1, cut: 1 },
  };
  const scene = (i) => ({ unfold: 0, cut: 0, fit: 0, pair: [0, 1], limit: null, ...SCENES[texts[i].dataset.scene] });
  const range = plots.range(samples);
  const points = task.activation === "linear" ? 2 : 80;
  const grid = Array.from({ length: points }, (_, i) => range.x[0] + ((range.x[1] - range.x[0]) * i) / (points - 1));

  let run = 0;
  let current = 0;
  let now = scene(0);
  let movement = null;
  let theme = null;
  let waiting = false;
  const trained = new Map();

  function training(arm) {
    const key = `${run} ${arm}`;
    if (!trained.has(key)) {
      const whole = { ...task, ...choices[run], ...arms[arm].task };
      const { steps, records, diverged } = trainer.train(whole);
      const sizes = [records[0], records.at(-1)].flatMap((w) => trainer.layers(whole, w).map(({ values }) => values));
      const limit = sizes.reduce((most, values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0) || 1;
      trained.set(key, { whole, steps, records, diverged, limit });
    }
    return trained.get(key);
  }

  function ask() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame((time) => {
      waiting = false;
      if (movement) move(time);
      draw();
      if (movement) ask();
    });
  }

  function move(time) {
    movement.begun ??= time;
    const done = Math.min(1, (time - movement.begun) / 1000 / MOVE);
    const smooth = done * done * (3 - 2 * done);
    const { from, to } = movement;
    const between = (name) => from[name] + (to[name] - from[name]) * smooth;
    now = { ...to, share: between("share"), unfold: between("unfold"), cut: between("cut"), fit: between("fit") };
    if (done === 1) movement = null;
  }

  function show(i) {
    if (i === current && !movement && figure.dataset.shown) return;
    current = i;
    const to = scene(i);
    figure.dataset.shown = texts[i].dataset.scene;
    texts.forEach((text, other) => text.classList.toggle("current", other === i));
    if (isStill()) {
      now = to;
      movement = null;
    } else {
      movement = { from: { ...now, share: to.from ?? now.share, unfold: to.from ? 1 : now.unfold }, to };
    }
    place.textContent = `${i + 1} of ${texts.length}`;
    back.disabled = i === 0;
    forward.disabled = i === texts.length - 1;
    tell();
    ask();
  }

  /* What the end of a move shows, in words. */
  function tell() {
    const to = scene(current);
    const words = to.pair.map((arm) => {
      const { whole, steps, records } = training(arm);
      const w = records[Math.round(to.share * (records.length - 1))];
      const values = trainer.layers(whole, w).flatMap((layer) => Array.from(layer.values));
      const zeros = values.filter((value) => value === 0).length;
      const at = plots.number(steps[Math.round(to.share * (records.length - 1))], 9);
      return [at, `${arms[arm].label}: ${zeros} of ${values.length} weights are zero`];
    });
    state.textContent = `Step ${words[0][0]}. ${words.map(([, each]) => each).join("; ")}.`;
    canvas.setAttribute("aria-label", `${state.textContent} Arrow keys go from step to step of the text.`);
  }

  /* Drawing */

  function draw() {
    const wide = canvas.clientWidth;
    if (!wide) return;
    theme ??= plots.theme(figure);
    const narrow = wide < 460;
    const high = Math.round(Math.min(narrow ? 0.62 * wide : 0.66 * wide, 0.5 * innerHeight));
    const { context } = plots.fitCanvas(canvas, high);
    const gap = narrow ? 14 : 28;
    const side = (wide - gap) / 2;
    // One scale for both, so that widths and shades can be compared.
    const largest = Math.max(...now.pair.map((arm) => training(arm).limit));
    now.pair.forEach((arm, i) => {
      const { whole, records, diverged } = training(arm);
      const layers = trainer.layers(whole, records[Math.round(now.share * (records.length - 1))]);
      const x = i * (side + gap);
      context.font = `600 ${narrow ? 12 : 14}px ${plots.FONT}`;
      context.fillStyle = theme.ink;
      context.textAlign = "left";
      context.textBaseline = "top";
      context.fillText(diverged === null ? arms[arm].label : `${arms[arm].label} (diverged)`, x, 0, side);
      const box = { x, y: 22, width: side, height: high - 24 };
      const threshold = whole.step === "proximal" ? 0 : whole.rate * whole.strength;
      if (now.fit < 1) {
        plots.network(context, box, layers, now.limit ?? largest, threshold, theme, now);
      }
      if (now.fit > 0) {
        context.save();
        // One picture is gone before the other comes, so that neither shows through.
        context.globalAlpha = Math.min(1, 2 * now.fit);
        context.fillStyle = theme.paper;
        context.fillRect(x - 2, 20, side + 4, high);
        context.globalAlpha = Math.max(0, 2 * now.fit - 1);
        const line = plots.outputs(layers, grid, whole.activation);
        plots.fit(context, box, samples, grid, line, range, plots.inColor(theme, figure, whole.color));
        context.restore();
      }
    });
  }

  function redraw() {
    theme = null;
    ask();
  }

  /* Moving */

  /* The line across the window at which a text is the current one: below the figure where that is on top. */
  const isOnTop = () => getComputedStyle(figure).display === "block";
  const line = () => (isOnTop() ? (stage.getBoundingClientRect().height + innerHeight) / 2 : 0.5 * innerHeight);

  function follow() {
    const boxes = texts.map((text) => text.getBoundingClientRect());
    if (boxes.at(-1).bottom < 0 || boxes[0].top > innerHeight) return;
    const at = boxes.findLastIndex((box) => box.top <= line());
    const i = Math.max(0, at);
    if (i !== current || !figure.dataset.shown) show(i);
  }

  function go(i) {
    if (i < 0 || i >= texts.length) return;
    const box = texts[i].getBoundingClientRect();
    scrollBy({ top: box.top + Math.min(box.height, 200) / 2 - line(), behavior: "instant" });
    show(i);
  }

  back.addEventListener("click", () => go(current - 1));
  forward.addEventListener("click", () => go(current + 1));
  canvas.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const to = { ArrowRight: current + 1, ArrowDown: current + 1, ArrowLeft: current - 1, ArrowUp: current - 1, Home: 0, End: texts.length - 1 };
    if (!(event.key in to)) return;
    event.preventDefault();
    go(to[event.key]);
  });
  menu?.addEventListener("change", () => {
    run = Number(menu.value);
    whose.hidden = run === 0;
    tell();
    ask();
  });

  stage.hidden = false;
  figure.classList.add("alive");
  show(0);
  addEventListener("scroll", follow, { passive: true });
  new ResizeObserver(redraw).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
});
