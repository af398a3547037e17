/* The figure that trains a network in the page: controls give settings to trainer.train, drawings show its result.

   The settings are in the fragment of the address, "#live?penalty=l1&strength=0.3…", which leads back to the figure. */

plots.each("#figure-live", (figure) => {
  "use strict";

  /* Seconds that the movement from the first to the last step takes, and how long a reader must have rested before it
     begins, in milliseconds. */
  const DURATION = 4;
  const REST = 500;
  /* A training that diverges is shown up to weights of this size; with larger ones a single cell would fill the scale. */
  const LARGEST = 1000;
  /* Below this width of the figure the matrices stand in one row above the fit. */
  const NARROW = 560;
  /* Frames of a saved GIF, their size, and how long each and the last one stay, in hundredths of a second. */
  const GIF = { frames: 41, width: 720, height: 400, each: 10, last: 150 };

  const { task, data, start, stops } = JSON.parse(figure.querySelector(".live-data").textContent);

  const find = (selector) => figure.querySelector(selector);
  const controls = [...figure.querySelectorAll("[data-setting]")];
  const [slider, play, said, wasSet] = [find(".position"), find(".toggle"), find(".said"), find(".was-set")];
  const canvases = { weights: find(".weights"), fit: find(".fit canvas") };
  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const pauseAll = document.getElementById("pause-all");

  let settings = { ...start };
  let training = null;
  let record = 0;
  let theme = null;
  let plot = null;
  /* While an outlier is dragged: its sample, and the axes from when the drag began. */
  let held = null;
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
    const drawn = { x: whole.x, y: whole.y, outlier: data.train.outlier, truth: data.truth, classes: data.classes };
    training = {
      task: whole,
      test,
      took,
      diverged,
      samples: drawn,
      range: range(drawn),
      steps: steps.slice(0, shown),
      records: records.slice(0, shown),
      // One color scale for the whole animation.
      limit: sizes.slice(0, shown).reduce((a, b) => Math.max(a, b)) || 1,
    };
    record = shown - 1;
    slider.max = record;
    figure.dataset.trained = Number(figure.dataset.trained ?? 0) + 1;
  }

  /* The axes hold every sample. While an outlier is dragged they only grow, so that the picture does not jump. */
  function range(drawn) {
    const needed = plots.range(data.classes ? plane(drawn) : drawn);
    if (!held) return needed;
    const both = (a, b) => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
    return { x: both(needed.x, held.range.x), y: both(needed.y, held.range.y) };
  }

  /* Samples of two inputs as points of a plane. */
  function plane({ x }) {
    return { x: x.map(([across]) => across), y: x.map(([, up]) => up) };
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
    if (again) tell();
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

  function startMoving() {
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
      remember();
      if (!held && !reduced.matches && !pauseAll?.checked && training.records.length > 1) startMoving();
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
      wrong: share(found.wrong),
      furthest: number(furthest),
      zero: share(found.zero),
      below: share(found.below),
      size: number(found.size),
    };
  }

  /* The end of the training in words. The readings may be of an earlier step, so they name theirs. */
  function tell() {
    const { steps, records, took, diverged } = training;
    const found = reading(records.at(-1));
    const truth = data.truth ? `${found.furthest} from the truth, ` : "";
    said.textContent =
      diverged === null
        ? `At the end: ${truth}${data.classes ? `${found.wrong} of the test samples wrong` : `test error ${found.error}`}, ${found.zero} of the weights exactly zero ` +
          `(${plots.number(steps.at(-1), 9)} steps in ${plots.number(Math.max(1, Math.round(took)))} ms).`
        : `By step ${plots.number(diverged, 9)} the numbers had run away, as they do when steps are too long. ` +
          `Try a learning rate below ${plots.number(settings.rate)}` +
          (settings.loss === "squared" ? ", or another loss: errors make longer steps when they are squared." : ".");
    figure.classList.toggle("diverged", diverged !== null);
  }

  /* Drawing */

  const stepWords = ({ steps }, at) => `step ${plots.number(steps[at], 9)}`;

  function show() {
    const { records } = training;
    slider.value = record;
    slider.setAttribute("aria-valuetext", stepWords(training, record));
    find(".step").textContent = stepWords(training, record);
    play.setAttribute("aria-label", movement ? "Pause" : "Play");
    play.disabled = records.length < 2;
    slider.disabled = records.length < 2;
    figure.classList.toggle("playing", movement !== null);
    for (const [name, text] of Object.entries(reading(records[record]))) {
      const place = find(`[data-reading="${name}"]`);
      if (place) place.textContent = text;
    }
    draw();
  }

  function draw() {
    theme ??= plots.theme(figure);
    const wide = [canvases.weights.clientWidth, canvases.fit.clientWidth];
    if (!wide[0] || !wide[1]) return;
    const narrow = figure.clientWidth < NARROW;
    const across = narrow ? Math.min(task.widths.length - 1, 4) : undefined;
    const rows = Math.ceil((task.widths.length - 1) / (across ?? 1));
    const height = Math.round(Math.min(1.25 * wide[1], 345));
    const high = narrow ? Math.round(rows * (wide[0] / across + 14) + 24) : height;
    const heat = plots.fitCanvas(canvases.weights, high);
    drawWeights(heat.context, { x: 2, y: 0, width: wide[0] - 4, height: high }, training, record, across);
    const fit = plots.fitCanvas(canvases.fit, narrow ? Math.round(Math.min(0.6 * wide[1], 260)) : height);
    plot = drawFit(fit.context, { x: 0, y: 0, width: fit.width, height: fit.height }, training, record);
    placeHandles();
  }

  function drawWeights(context, box, { task: whole, records, limit }, at, across) {
    const layers = trainer.layers(whole, records[at]);
    const matrices = { ...box, height: box.height - 38 };
    plots.weights(context, matrices, layers, limit, theme, across);
    const bar = Math.min(220, box.width - 130);
    const place = { x: box.x + box.width - bar - 24, y: box.y + box.height - 27, width: bar, height: 9 };
    plots.bar(context, place, limit, theme);
  }

  function drawFit(context, box, { task: whole, records, samples: drawn, range: axes }, at) {
    if (drawn.classes) return drawAreas(context, box, whole, records[at], drawn, axes);
    const { x } = axes;
    const points = whole.activation === "linear" ? 2 : 120;
    const grid = Array.from({ length: points }, (_, i) => x[0] + ((x[1] - x[0]) * i) / (points - 1));
    const line = plots.outputs(trainer.layers(whole, records[at]), grid, whole.activation);
    plots.legend(context, { x: box.x + 6, y: box.y, width: box.width - 6, height: 20 }, drawn, theme);
    const area = { ...box, y: box.y + 20, height: box.height - 20 };
    return plots.fit(context, area, drawn, grid, line, axes, theme);
  }

  function drawAreas(context, box, whole, w, drawn, axes) {
    const chances = (points) => trainer.predict(whole, w, points).map((z) => 1 / (1 + Math.exp(-z)));
    return plots.areas(context, box, { ...plane(drawn), of: drawn.y, classes: drawn.classes }, axes, chances, theme);
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
      control.setAttribute("aria-valuetext", valueWords(control));
      control.parentElement.querySelector("output").textContent = valueWords(control);
    }
  }

  function valueWords(control) {
    return control.type === "range" ? plots.number(settings[control.dataset.setting], 9) : control.selectedOptions[0].label;
  }

  function set(changes) {
    settings = { ...settings, ...changes };
    find(".link").hidden = true;
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
  play.addEventListener("click", () => (movement ? stop() : startMoving()));
  slider.addEventListener("input", () => {
    record = slider.valueAsNumber;
    stop();
  });

  /* Buttons in the text set the figure, which says what they set and leads back to them. */

  let origin = null;

  function setFromText(button) {
    const before = { ...settings };
    const words = () => Object.fromEntries(controls.map((control) => [control.dataset.setting, valueWords(control)]));
    const were = words();
    set(JSON.parse(button.dataset.settings));
    const are = words();
    const moved = controls.filter((control) => before[control.dataset.setting] !== settings[control.dataset.setting]);
    const named = moved.map((control) => {
      const name = control.dataset.setting;
      return `${control.labels[0].textContent} ${are[name]} (was ${were[name]})`;
    });
    for (const control of controls) control.parentElement.classList.remove("flash");
    // Begins the animation of a control again that is set twice.
    void figure.offsetWidth;
    for (const control of moved) control.parentElement.classList.add("flash");
    wasSet.querySelector("span").textContent = named.length ? `Set: ${named.join(", ")}.` : "Set already.";
    wasSet.hidden = false;
    origin = button;
    scrollToFigure();
    wasSet.querySelector("button").focus({ preventScroll: true });
  }

  function scrollToFigure() {
    figure.scrollIntoView({ block: figure.offsetHeight > innerHeight ? "start" : "nearest" });
  }

  wasSet.querySelector("button").addEventListener("click", () => {
    wasSet.hidden = true;
    origin.focus({ preventScroll: true });
    origin.scrollIntoView({ block: "center" });
  });

  plots.each("#live .chips", (chips) => {
    chips.hidden = false;
    for (const button of chips.querySelectorAll("button")) button.addEventListener("click", () => setFromText(button));
  });

  /* Outliers can be dragged by handles, which keep touch from scrolling; everywhere else it scrolls. */

  const movable = data.train.x.flatMap((_, i) => (stops.size && data.train.outlier[i] && data.train.lift[i] > 0 ? [i] : []));

  const handles = movable.map((sample) => {
    const handle = document.createElement("span");
    handle.addEventListener("pointerdown", (event) => {
      if (event.button || held) return;
      handle.setPointerCapture(event.pointerId);
      event.preventDefault();
      held = { range: training.range, sample, y: plot.y, from: event.clientY, at: plot.y(training.samples.y[sample]) };
      stop();
    });
    handle.addEventListener("pointermove", (event) => held?.sample === sample && pull(event));
    for (const end of ["pointerup", "pointercancel"]) handle.addEventListener(end, drop);
    find(".handles").append(handle);
    return handle;
  });

  function placeHandles() {
    handles.forEach((handle, i) => {
      const [x, y] = [plot.x(training.samples.x[movable[i]]), plot.y(training.samples.y[movable[i]])];
      handle.style.translate = `${x}px ${y}px`;
    });
  }

  /* The size whose outlier would be under the pointer on the axes from when the drag began. */
  function pull({ clientY }) {
    const [clean, lift] = [data.train.clean[held.sample], data.train.lift[held.sample]];
    const zero = held.y(clean);
    const wanted = (held.at + clientY - held.from - zero) / (held.y(clean + 1) - zero) / lift;
    const size = stops.size.reduce((a, b) => (Math.abs(b - wanted) < Math.abs(a - wanted) ? b : a));
    if (size !== settings.size) set({ size });
  }

  function drop() {
    if (!held) return;
    held = null;
    changed();
  }

  /* The address */

  const names = Object.keys(start).filter((name) => start[name] !== null);

  function link() {
    const state = new URLSearchParams(names.map((name) => [name, settings[name]]));
    return `${location.href.replace(/#.*$/s, "")}#live?${state}`;
  }

  /* Keeps the settings in the address, so that a reload or a bookmark has them. */
  function remember() {
    const same = names.every((name) => settings[name] === start[name]);
    const address = same ? link().replace(/#.*$/s, "#figure-live") : link();
    if (same && !location.hash.startsWith("#live?")) return;
    try {
      history.replaceState(history.state, "", address);
    } catch {
      // Some browsers allow it for pages of a server only; the link can be copied all the same.
    }
  }

  /* The settings in the address, if it has some; unknown ones are left out, numbers become the nearest stop. */
  function fromAddress() {
    const state = /^#live\?(.*)$/s.exec(location.hash);
    if (!state) return null;
    const found = { ...start };
    const given = new URLSearchParams(state[1]);
    for (const control of controls) {
      const name = control.dataset.setting;
      const value = given.get(name);
      if (value === null) continue;
      if (control.type !== "range") {
        if ([...control.options].some((option) => option.value === value)) found[name] = value;
      } else if (value.trim() && Number.isFinite(Number(value))) {
        found[name] = stops[name].reduce((a, b) => (Math.abs(b - value) < Math.abs(a - value) ? b : a));
      }
    }
    return found;
  }

  addEventListener("hashchange", () => {
    const found = fromAddress();
    if (!found) return;
    set(found);
    scrollToFigure();
  });

  const copy = find(".copy");
  copy.addEventListener("click", async () => {
    const field = find(".link");
    field.value = link();
    try {
      await navigator.clipboard.writeText(field.value);
      confirm(copy, "Copied");
    } catch {
      // Without permission for the clipboard, select the text.
      field.hidden = false;
      field.focus();
      field.select();
    }
  });

  /* The name of a button says for a time what it did. */
  function confirm(button, words) {
    const name = (button.dataset.name ??= button.textContent);
    button.textContent = words;
    clearTimeout(button.timer);
    button.timer = setTimeout(() => (button.textContent = name), 2000);
  }

  /* The training as a file */

  const save = find(".save");
  save.addEventListener("click", async () => {
    save.disabled = true;
    const anchor = document.createElement("a");
    anchor.href = URL.createObjectURL(await movie(training));
    anchor.download = `${training.task.penalty}-${training.task.strength}.gif`;
    anchor.click();
    setTimeout(() => URL.revokeObjectURL(anchor.href), 60_000);
    save.disabled = false;
    confirm(save, "Saved");
  });

  async function movie(t) {
    const { width, height } = GIF;
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    const final = t.records.length - 1;
    const paced = Array.from({ length: GIF.frames }, (_, i) => Math.round((i / (GIF.frames - 1)) ** 2 * final));
    const places = [...new Set(paced)];
    const count = places.length;
    const some = [0, count >> 2, count >> 1, count - 1].map((i) => poster(context, t, places[i]));
    const writer = gif.writer({ width, height, palette: gif.palette(some) });
    for (const [i, place] of places.entries()) {
      writer.add(poster(context, t, place).data, i === count - 1 ? GIF.last : GIF.each);
      save.textContent = `Saving ${Math.round((100 * (i + 1)) / count)}%`;
      // The page stays alive meanwhile.
      await new Promise((resume) => setTimeout(resume));
    }
    return writer.finish();
  }

  /* One frame of the file: the settings, the weights and the fit. */
  function poster(context, t, place) {
    theme ??= plots.theme(figure);
    const { width, height } = GIF;
    context.fillStyle = theme.paper;
    context.fillRect(0, 0, width, height);
    const name = (control) => [...find(`[data-setting="${control}"]`).options].find((o) => o.value === t.task[control]).label;
    const penalized = t.task.penalty === "none" ? "" : ` by ${t.task.step === "proximal" ? "proximal steps" : "the gradient"}, λ = ${plots.number(t.task.strength, 9)}`;
    context.fillStyle = theme.ink;
    context.font = `600 15px ${plots.FONT}`;
    [context.textAlign, context.textBaseline] = ["left", "top"];
    context.fillText(`${name("penalty")}${penalized}, η = ${plots.number(t.task.rate, 9)}`, 16, 14);
    context.textAlign = "right";
    context.fillText(stepWords(t, place), width - 16, 14);
    drawWeights(context, { x: 16, y: 48, width: width / 2 - 36, height: height - 54 }, t, place);
    drawFit(context, { x: width / 2, y: 44, width: width / 2 - 12, height: height - 54 }, t, place);
    return context.getImageData(0, 0, width, height);
  }

  /* Start */

  find(".bench").hidden = false;
  const given = fromAddress();
  if (given) settings = given;
  fill();
  train();
  tell();
  show();
  new ResizeObserver(redraw).observe(find(".views"));
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
  reduced.addEventListener("change", () => reduced.matches && stop());
  pauseAll?.addEventListener("change", () => pauseAll.checked && stop());
  // Pictures below do not move it any more once the page is there.
  if (given && document.readyState === "complete") scrollToFigure();
  else if (given) addEventListener("load", scrollToFigure, { once: true });
});
