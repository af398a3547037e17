/* The figure that trains a network in the page: controls give settings to trainer.train, drawings show its result. */

plots.each("#figure-live", (figure) => {
  "use strict";

  /* Seconds that the movement from the first to the last step takes, and how long a reader must have rested before it
     begins, in milliseconds. */
  const DURATION = 4;
  const REST = 500;
  /* A training that diverges is shown up to weights of this size; with larger ones a single cell would fill the scale. */
  const LARGEST = 1000;

  const { task, data, start, stops } = JSON.parse(figure.querySelector(".live-data").textContent);

  const find = (selector) => figure.querySelector(selector);
  const controls = [...figure.querySelectorAll("[data-setting]")];
  const [slider, play, said] = [find(".position"), find(".toggle"), find(".said")];
  const canvases = { weights: find(".weights"), fit: find(".fit") };
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const pauseAll = document.getElementById("pause-all");

  let settings = { ...start };
  let training = null;
  let record = 0;
  let theme = null;
  let plot = null;
  let movement = null;
  let resting = 0;
  const due = { training: false, drawing: false };

  /* Training */

  const samples = ({ x, clean, lift }) => ({
    x,
    y: clean.map((y, i) => (lift ? y + lift[i] * settings.size : y)),
  });

  function train() {
    const test = samples(data.test);
    const whole = { ...task, ...settings, ...samples(data.train) };
    if (settings.penalty === "none") whole.strength = 0;
    const begun = performance.now();
    let { steps, records, diverged } = trainer.train(whole);
    const took = performance.now() - begun;
    if (diverged !== null) {
      // Divergence takes few steps, so record more of them.
      ({ steps, records } = trainer.train({ ...whole, every: Math.ceil(diverged / 200) }));
    }
    const sizes = records.map((w) => {
      return trainer.layers(whole, w).reduce((largest, { values }) => values.reduce((a, b) => Math.max(a, Math.abs(b)), largest), 0);
    });
    const shown = diverged === null ? records.length : Math.max(1, sizes.findLastIndex((size) => size < LARGEST) + 1);
    const drawn = { x: whole.x, y: whole.y, outlier: data.train.outlier, truth: data.truth };
    training = {
      task: whole,
      test,
      took,
      diverged,
      samples: drawn,
      range: plot?.held ?? plots.range(drawn),
      steps: steps.slice(0, shown),
      records: records.slice(0, shown),
      // One color scale for the whole animation.
      limit: sizes.slice(0, shown).reduce((a, b) => Math.max(a, b)) || 1,
    };
    record = shown - 1;
    slider.max = record;
    figure.dataset.trained = Number(figure.dataset.trained ?? 0) + 1;
  }

  /* Work before the next frame, done once however often it is requested. */
  function ask(what) {
    if (!due.training && !due.drawing) requestAnimationFrame(frame);
    due[what] = true;
  }

  function frame(now) {
    const again = due.training;
    Object.assign(due, { training: false, drawing: false });
    if (again) train();
    if (movement) move(now);
    show();
    if (movement) ask("drawing");
  }

  /* Animation: slow at first, when weights change most. */

  function move(now) {
    movement.begun ??= now - Math.sqrt(record / last()) * DURATION * 1000;
    const share = Math.min(1, (now - movement.begun) / 1000 / DURATION);
    record = Math.round(share * share * last());
    if (share === 1) movement = null;
  }

  const last = () => Math.max(1, training.records.length - 1);

  function start_moving() {
    clearTimeout(resting);
    if (record >= training.records.length - 1) record = 0;
    movement = {};
    ask("drawing");
  }

  function stop() {
    clearTimeout(resting);
    movement = null;
    ask("drawing");
  }

  /* A change of settings shows the final step at once, and plays the training when the reader pauses. */
  function changed() {
    stop();
    ask("training");
    resting = setTimeout(() => {
      tell();
      if (!reduced.matches && !pauseAll?.checked && training.records.length > 1) start_moving();
    }, REST);
  }

  /* Text and numbers */

  /* Large numbers of a training that diverges are shortened. */
  const number = (value) => (value < 1e6 ? plots.number(value) : "over a million");

  const share = (part) => `${(100 * part).toFixed(part > 0.995 && part < 1 ? 1 : 0)}%`;

  function reading(w) {
    const { task: whole, test } = training;
    const strength = settings.penalty === "none" ? 0 : settings.strength;
    const found = trainer.measures(whole, w, test, settings.rate * strength);
    const outputs = data.truth ? trainer.predict(whole, w, data.truth.x) : [];
    const furthest = Math.max(...outputs.map((output, i) => Math.abs(output - data.truth.y[i])));
    return {
      loss: number(found.loss),
      error: number(found.error),
      furthest: number(furthest),
      zero: share(found.zero),
      below: share(found.below),
      size: number(found.size),
    };
  }

  function tell() {
    const { steps, records, took, diverged } = training;
    const found = reading(records.at(-1));
    said.textContent =
      diverged === null
        ? `${plots.number(steps.at(-1), 9)} steps in ${plots.number(Math.max(1, Math.round(took)))} milliseconds. ` +
          `Total test error ${found.error}; ${found.zero} of the weights are exactly zero.`
        : `By step ${plots.number(diverged, 9)} the numbers had run away, as they do when steps are too long. ` +
          `Try a learning rate below ${plots.number(settings.rate)}` +
          (settings.loss === "squared" ? ", or another loss: errors make longer steps when they are squared." : ".");
    figure.classList.toggle("diverged", diverged !== null);
  }

  /* Drawing */

  function show() {
    const { steps, records } = training;
    const w = records[record];
    const words = `step ${plots.number(steps[record], 9)}`;
    slider.value = record;
    slider.setAttribute("aria-valuetext", words);
    find(".step").textContent = words;
    play.setAttribute("aria-label", movement ? "Pause" : "Play");
    play.disabled = records.length < 2;
    slider.disabled = records.length < 2;
    figure.classList.toggle("playing", movement !== null);
    for (const [name, text] of Object.entries(reading(w))) {
      const place = find(`[data-reading="${name}"]`);
      if (place) place.textContent = text;
    }
    draw(w);
  }

  function draw(w) {
    theme ??= plots.theme(figure);
    const layers = trainer.layers(training.task, w);
    const width = canvases.weights.clientWidth;
    if (!width) return;
    const height = Math.round(Math.min(0.98 * width, 380));

    const heat = plots.fitCanvas(canvases.weights, height);
    plots.weights(heat.context, { x: 2, y: 0, width: width - 4, height: height - 46 }, layers, training.limit, theme);
    const bar = Math.min(220, width - 130);
    plots.bar(heat.context, { x: width - bar - 30, y: height - 30, width: bar, height: 10 }, training.limit, theme);

    const fit = plots.fitCanvas(canvases.fit, height);
    const { range, samples: drawn, task: whole } = training;
    const points = whole.activation === "linear" ? 2 : 120;
    const grid = Array.from({ length: points }, (_, i) => range.x[0] + ((range.x[1] - range.x[0]) * i) / (points - 1));
    const line = plots.outputs(layers, grid, whole.activation);
    plots.legend(fit.context, { x: 8, y: 0, width: fit.width, height: 22 }, drawn, theme);
    const box = { x: 0, y: 24, width: fit.width, height: height - 24 };
    plot = { ...plot, ...plots.fit(fit.context, box, drawn, grid, line, range, theme) };
  }

  function redraw() {
    theme = null;
    ask("drawing");
  }

  /* Controls */

  const place = (name) => stops[name].indexOf(settings[name]);

  /* Sets the controls to the settings. */
  function fill() {
    for (const control of controls) {
      const name = control.dataset.setting;
      const idle = settings.penalty === "none" && (name === "strength" || name === "step");
      control.disabled = idle;
      if (control.type !== "range") {
        control.value = settings[name];
        continue;
      }
      control.max = stops[name].length - 1;
      control.value = place(name);
      const words = plots.number(settings[name], 9);
      control.setAttribute("aria-valuetext", words);
      control.parentElement.querySelector("output").textContent = words;
    }
  }

  function set(changes) {
    settings = { ...settings, ...changes };
    fill();
    changed();
  }

  for (const control of controls) {
    const name = control.dataset.setting;
    control.addEventListener("input", () => {
      set({ [name]: control.type === "range" ? stops[name][control.valueAsNumber] : control.value });
    });
  }

  find(".reset").addEventListener("click", () => set(start));
  play.addEventListener("click", () => (movement ? stop() : start_moving()));
  slider.addEventListener("input", () => {
    record = slider.valueAsNumber;
    stop();
  });

  plots.each("#live .chips", (chips) => {
    chips.hidden = false;
    for (const button of chips.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        set(JSON.parse(button.dataset.settings));
        find(".views").scrollIntoView({ block: "nearest" });
      });
    }
  });

  /* Outliers can be dragged with a mouse; touch scrolls the page there and can use the slider. */

  function outlierAt({ offsetX, offsetY }) {
    const { x, y } = training.samples;
    return data.train.outlier.findIndex((is, i) => {
      return is && data.train.lift[i] > 0 && Math.hypot(plot.x(x[i]) - offsetX, plot.y(y[i]) - offsetY) < 10;
    });
  }

  function pull({ offsetY }) {
    const [at, lift] = [data.train.clean[plot.held.sample], data.train.lift[plot.held.sample]];
    const wanted = (offsetY - plot.y(at)) / (plot.y(at + 1) - plot.y(at)) / lift;
    const size = stops.size.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));
    if (size !== settings.size) set({ size });
  }

  if (stops.size) {
    const canvas = canvases.fit;
    canvas.addEventListener("pointerdown", (event) => {
      const sample = event.pointerType === "touch" ? -1 : outlierAt(event);
      if (sample < 0) return;
      canvas.setPointerCapture(event.pointerId);
      // The axes do not move while dragging.
      plot.held = { ...training.range, sample };
      stop();
    });
    canvas.addEventListener("pointermove", (event) => {
      if (plot?.held) pull(event);
      else canvas.classList.toggle("hand", event.pointerType !== "touch" && outlierAt(event) >= 0);
    });
    const drop = () => {
      if (!plot?.held) return;
      plot.held = null;
      changed();
    };
    canvas.addEventListener("pointerup", drop);
    canvas.addEventListener("pointercancel", drop);
  }

  /* Start */

  find(".bench").hidden = false;
  fill();
  train();
  tell();
  new ResizeObserver(redraw).observe(canvases.weights);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
  reduced.addEventListener("change", () => reduced.matches && stop());
  pauseAll?.addEventListener("change", () => pauseAll.checked && stop());
});
