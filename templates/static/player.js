/* Players: animations that the page draws from recorded weights, with pause, search, comparison and reading of values.

   Without scripts, or where something fails, a figure keeps its still picture. The players of a section, or of an element
   of the class `players`, are a group: they have one clock and one set of controls, and show the same moment of the same
   run. The weights come from reportgen/sections/player.py, which says how they are packed. */

(() => {
  "use strict";

  /* Seconds that a training takes at speed 1. */
  const DURATION = 4;

  if (!("DecompressionStream" in window)) return;

  const NAMES = {
    weights: "Weight matrices",
    fit: "Fitted function",
    network: "Units and weights",
    paths: "Weights over the steps",
    histogram: "Counts of weights",
    singular_values: "Singular values",
  };
  /* True for what a reader can point at to read a value. */
  const isReadable = ({ places, value }) => Boolean(places || value);

  const CONTROLS = `
      <div class="transport">
        <button type="button" class="toggle" aria-label="Play"><svg viewBox="0 0 16 16" aria-hidden="true"><path class="start" d="M4 2v12l10-6z"/><path class="stop" d="M3.5 2h3.2v12H3.5zM9.3 2h3.2v12H9.3z"/></svg></button>
        <button type="button" class="back" aria-label="One record back"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M12.5 2.5v11L5.5 8zM3 2.5h1.8v11H3z"/></svg></button>
        <input type="range" class="position" min="0" max="1" value="0" aria-label="Position">
        <button type="button" class="forward" aria-label="One record on"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3.5 2.5v11l7-5.5zM11.2 2.5H13v11h-1.8z"/></svg></button>
        <span class="step"></span>
      </div>
      <div class="choices">
        <label><span class="aside">Run</span> <select class="run"></select> <span class="whose"></span></label>
        <label><span class="aside">Speed</span> <select class="speed"><option value="0.25">¼×</option><option value="0.5">½×</option><option value="1" selected>1×</option><option value="2">2×</option><option value="4">4×</option></select></label>
      </div>`;

  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isPaused = () => document.getElementById("pause-all")?.checked;

  /* Recorded weights */

  /* Runs that differ by their seeds, by their number on the page: the first figure that shows them brings them. */
  const series = {};
  const decoded = new Map();

  function take(data) {
    for (const [index, { arm, trajectories }] of Object.entries(data.series)) {
      const runs = trajectories.map((t) => {
        const resolved = { ...t };
        for (const name of ["steps", "layers", "samples"]) resolved[name] = data.shared[t[name]];
        return resolved;
      });
      series[index] = { arm, runs };
    }
  }

  function decode(packed) {
    if (!decoded.has(packed)) decoded.set(packed, plots.unpack(packed));
    return decoded.get(packed);
  }

  /* A group of players: its clock, and its controls */

  /* True if a reader has used a control; after that nothing starts automatically. */
  let taken = false;
  const groups = new Map();

  function groupOf(figure) {
    const root = figure.closest(".players, details.numbers") ?? figure.closest(".chapter") ?? figure.parentElement;
    if (!groups.has(root)) groups.set(root, makeGroup(root));
    return groups.get(root);
  }

  function makeGroup(root) {
    const controls = document.createElement("div");
    controls.className = "controls";
    controls.setAttribute("role", "group");
    controls.innerHTML = CONTROLS;
    const part = (name) => controls.querySelector(`.${name}`);
    const slider = part("position");
    const players = [];
    /* `at` is the share of the training that is done: figures whose trainings have different lengths move together. */
    const clock = { at: 1, playing: false, speed: 1, run: 0, before: null };
    let waiting = false;

    function refresh() {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame((now) => {
        waiting = false;
        if (clock.playing) {
          // A page that was hidden continues where it was.
          const passed = Math.min(0.1, (now - (clock.before ?? now)) / 1000);
          clock.before = now;
          clock.at = Math.min(1, clock.at + (passed * clock.speed) / DURATION);
          if (clock.at >= 1) clock.playing = false;
        }
        players.forEach((player) => player.show());
        show();
        if (clock.playing) refresh();
      });
    }

    /* The record of a training of `length` steps: the last one not after the clock. One that diverged has no later ones. */
    const recordOf = ({ steps, length }) => Math.max(0, steps.findLastIndex((step) => step <= clock.at * length + 1e-6));
    const longest = () => {
      const all = players.map(({ finest }) => finest()).filter(Boolean);
      return all.reduce((a, b) => (b.steps.length > a.steps.length ? b : a), all[0] ?? { steps: [0], length: 1 });
    };

    function show() {
      const { steps } = longest();
      const now = recordOf(longest());
      const words = `step ${plots.number(steps[now], 9)}`;
      slider.max = steps.length - 1;
      slider.value = now;
      slider.setAttribute("aria-valuetext", words);
      part("step").textContent = words;
      part("toggle").setAttribute("aria-label", clock.playing ? "Pause" : "Play");
      controls.classList.toggle("playing", clock.playing);
      part("speed").value = clock.speed;
      part("run").value = clock.run;
    }

    function play(playing) {
      if (playing && clock.at >= 1) clock.at = 0;
      Object.assign(clock, { playing, before: null });
      refresh();
    }

    function go(to) {
      const { steps, length } = longest();
      const at = Math.min(steps.length - 1, Math.max(0, to));
      Object.assign(clock, { at: at === steps.length - 1 ? 1 : steps[at] / length, playing: false });
      refresh();
    }

    /* The controls stand inside a figure that is alone, else below the last one and in view with all. */
    function add(player) {
      players.push(player);
      place();
      const { panels } = player;
      const many = Math.max(...panels.map((panel) => series[panel.series].runs.length));
      const menu = part("run");
      if (many <= menu.options.length) return;
      const { runs } = panels.map((panel) => series[panel.series]).find((one) => one.runs.length === many);
      menu.replaceChildren(...runs.map(({ label }, run) => new Option(label ?? `run ${run + 1}`, run)));
      menu.parentElement.hidden = many < 2;
      part("whose").textContent = runs[0].ranked_by ? `by total test error under ${runs[0].ranked_by}` : "";
    }

    function place() {
      if (players.length === 1) players[0].frame.append(controls);
      else if (players.length) {
        let last = players.at(-1).figure;
        while (last.parentElement !== root) last = last.parentElement;
        last.after(controls);
      } else controls.remove();
      controls.classList.toggle("shared", players.length > 1);
      const name = players.length === 1 ? players[0].name : `${players.length} figures in step`;
      controls.setAttribute("aria-label", `${name}: controls`);
    }

    function remove(player) {
      players.splice(players.indexOf(player), 1);
      place();
    }

    controls.addEventListener("pointerdown", () => (taken = true));
    controls.addEventListener("keydown", () => (taken = true));
    part("toggle").addEventListener("click", () => play(!clock.playing));
    part("back").addEventListener("click", () => go(recordOf(longest()) - 1));
    part("forward").addEventListener("click", () => go(recordOf(longest()) + 1));
    slider.addEventListener("input", () => go(slider.valueAsNumber));
    part("speed").addEventListener("change", (event) => {
      clock.speed = Number(event.target.value);
      refresh();
    });
    part("run").parentElement.hidden = true;
    part("run").addEventListener("change", (event) => {
      clock.run = Number(event.target.value);
      players.forEach((player) => player.load());
    });
    return { clock, players, refresh, play, add, remove, recordOf };
  }

  /* One figure */

  function attach(figure) {
    const data = JSON.parse(figure.querySelector(".player-data").textContent);
    const { scenes, panels } = data;
    take(data);
    const fallback = figure.querySelector(".frame");
    const frame = document.createElement("div");
    frame.className = "frame player";
    frame.innerHTML = '<canvas class="canvas" tabindex="0" role="application"></canvas><output class="reading"></output>';
    const [canvas, said] = frame.children;
    const group = groupOf(figure);
    const { clock, refresh } = group;
    const name = figure.querySelector(".label")?.textContent ?? "Player";

    let trajectories = [];
    let theme = null;
    let visible = false;
    let cursor = null;
    let areas = [];
    let drawn = "";
    /* True if even a canvas out of view must be drawn, since its size may have changed. */
    let stale = true;

    async function load() {
      const packed = panels.map(({ series: place }) => {
        const { runs } = series[place];
        return runs[Math.min(clock.run, runs.length - 1)];
      });
      const loaded = await Promise.all(packed.map(decode));
      trajectories = loaded;
      redraw();
    }

    const longest = () => trajectories.reduce((a, b) => (b.steps.at(-1) > a.steps.at(-1) ? b : a));

    function show() {
      if (!trajectories.length) return;
      const { steps } = longest();
      const now = group.recordOf(longest());
      const state = [now, clock.playing, clock.run, visible, JSON.stringify(cursor)].join();
      if (state === drawn) return;
      drawn = state;
      frame.dataset.step = steps[now];
      const words = `step ${plots.number(steps[now], 9)}`;
      // A screen reader would read every frame aloud.
      said.setAttribute("aria-live", clock.playing ? "off" : "polite");
      said.textContent = reading();
      canvas.setAttribute("aria-label", label(words));
      if (visible || stale) draw();
      stale = false;
    }

    function label(words) {
      const who = panels.map((panel) => panel.title).filter(Boolean);
      const what = scenes.map((scene) => NAMES[scene]).join(" and ");
      const keys = areas.some(isReadable) ? " Arrow keys read values." : "";
      return `${what}${who.length ? ` of ${who.join(" and ")}` : ""}, ${words}.${keys}`;
    }

    /* Drawing */

    const items = scenes.flatMap((scene) => panels.map((_, panel) => ({ scene, panel })));

    /* The layout; it is known before the weights, so that the page does not jump when they are read. */
    function layout() {
      const columns = canvas.clientWidth < 520 ? 1 : Math.min(items.length, 2);
      const wide = (canvas.clientWidth - 32 - 28 * (columns - 1)) / columns;
      const head = panels.some((panel) => panel.title) ? 28 : 0;
      const high = Math.min(0.9 * wide, 400) + head;
      const rows = Math.ceil(items.length / columns);
      const foot = scenes.includes("weights") || scenes.includes("fit") ? 46 : 0;
      return { columns, wide, head, high, height: 14 + rows * (high + 14) + foot };
    }

    function draw() {
      theme ??= plots.theme(frame);
      const { columns, wide, head, high, height } = layout();
      const { context, width } = plots.fitCanvas(canvas, height);
      const limit = Math.max(...trajectories.map((t) => t.limit));
      areas = items.map(({ scene, panel }, i) => {
        const t = trajectories[panel];
        const x = 16 + (i % columns) * (wide + 28);
        const top = 14 + Math.floor(i / columns) * (high + 14);
        const box = { x, y: top + head, width: wide, height: high - head };
        if (head) title(context, notes(panels[panel].title, t), x, top, wide);
        const layers = t.at(group.recordOf(t));
        const drawn = { scene, panel, layers };
        if (scene === "network") plots.network(context, box, layers, limit, t.band || limit / 1000, theme);
        if (scene === "paths") plots.paths(context, box, t, group.recordOf(t), limit, theme);
        if (scene === "histogram") plots.histogram(context, box, layers, limit, theme);
        if (scene === "singular_values") plots.singularValues(context, box, layers, t.at(0), theme);
        if (scene === "weights") return { ...drawn, places: plots.weights(context, box, layers, limit, theme) };
        if (scene !== "fit") return drawn;
        const range = plots.range(t.samples);
        const grid = points(range.x, t.activation === "linear" ? 2 : 97);
        const line = plots.outputs(layers, grid, t.activation);
        return { ...drawn, ...plots.fit(context, box, t.samples, grid, line, range, theme) };
      });
      const bar = Math.min(220, width / 2);
      if (scenes.includes("weights")) {
        plots.bar(context, { x: width - 30 - bar, y: height - 40, width: bar, height: 12 }, limit, theme);
      } else if (scenes.includes("fit")) plots.legend(context, { x: 16, y: height - 38, height: 16 }, trajectories[0].samples, theme);
      mark(context);
    }

    function points([low, high], count) {
      return Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));
    }

    function notes(words, t) {
      return t.diverged === null ? words : `${words} (diverged at step ${plots.number(t.diverged, 9)})`;
    }

    function title(context, words, x, y, wide) {
      context.font = `600 14px ${plots.FONT}`;
      context.fillStyle = theme.ink;
      context.textAlign = "left";
      context.textBaseline = "top";
      let cut = words;
      while (cut && context.measureText(cut === words ? cut : `${cut}…`).width > wide) cut = cut.slice(0, -1);
      context.fillText(cut === words ? cut : `${cut}…`, x, y + 2);
    }

    function mark(context) {
      const area = cursor && areas[cursor.area];
      if (!area) return;
      if (area.scene === "weights") plots.outline(context, area.places, cursor, theme);
      else plots.point(context, area, cursor.x, output(area), theme);
    }

    /* Reading */

    const output = (area) => plots.outputs(area.layers, [cursor.x], trajectories[area.panel].activation)[0];

    function reading() {
      const old = cursor && areas[cursor.area];
      if (!old) return "";
      const t = trajectories[old.panel];
      const area = { ...old, layers: t.at(group.recordOf(t)) };
      const who = panels.length > 1 && panels[area.panel].title ? `${panels[area.panel].title}: ` : "";
      if (area.scene === "fit") return `${who}x = ${plots.number(cursor.x)}, output ${plots.number(output(area))}`;
      const { layer, row, column } = cursor;
      const w = area.layers[layer].values[row * area.layers[layer].columns + column];
      const value = w === 0 ? "exactly 0" : Number.isNaN(w) ? "not a number" : fixed(w, t.digits);
      return `${who}layer ${layer + 1}, input ${row + 1} → output ${column + 1}: ${value}`;
    }

    const fixed = (w, digits) => w.toFixed(digits).replace("-", "−");

    function under(event) {
      const { left, top } = canvas.getBoundingClientRect();
      const [x, y] = [event.clientX - left, event.clientY - top];
      for (const [place, area] of areas.entries()) {
        const box = area.area;
        if (area.scene === "weights") {
          const cell = plots.cellAt(area.places, x, y);
          if (cell) return { area: place, ...cell };
        } else if (isReadable(area) && x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height) {
          return { area: place, x: area.value(x) };
        }
      }
      return null;
    }

    function point(to) {
      cursor = to;
      refresh();
    }

    /* Arrow keys move from cell to cell, across the edge of a matrix into its neighbor, or along the line. */
    function moved(key) {
      const [right, down] = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[key];
      if (!cursor) return enter(areas.findIndex(isReadable), 1);
      const area = areas[cursor.area];
      if (area.scene === "fit") {
        const { x } = plots.range(trajectories[area.panel].samples);
        const to = cursor.x + ((right - down) * (x[1] - x[0])) / 50;
        return to < x[0] || to > x[1] ? enter(cursor.area + right - down, right - down) : { ...cursor, x: to };
      }
      const { rows, columns } = area.places[cursor.layer];
      const row = Math.min(rows - 1, Math.max(0, cursor.row + down));
      const column = cursor.column + right;
      if (column >= 0 && column < columns) return { ...cursor, row, column };
      const next = area.places[cursor.layer + right];
      if (!next) return enter(cursor.area + right, right);
      return {
        area: cursor.area,
        layer: next.layer,
        row: Math.min(row, next.rows - 1),
        column: right > 0 ? 0 : next.columns - 1,
      };
    }

    function enter(place, from) {
      const area = areas[place];
      if (!area || !isReadable(area)) return cursor;
      if (area.scene === "fit") {
        const { x } = plots.range(trajectories[area.panel].samples);
        return { area: place, x: from > 0 ? x[0] : x[1] };
      }
      const { layer, columns } = area.places.at(from > 0 ? 0 : -1);
      return { area: place, layer, row: 0, column: from > 0 ? 0 : columns - 1 };
    }

    /* Controls */

    frame.addEventListener("pointerdown", () => (taken = true));
    frame.addEventListener("keydown", () => (taken = true));
    canvas.addEventListener("pointermove", (event) => point(under(event)));
    canvas.addEventListener("pointerdown", (event) => point(under(event)));
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") point(null);
    });
    canvas.addEventListener("blur", () => point(null));
    canvas.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.key.startsWith("Arrow")) point(moved(event.key));
      else if (event.key === " ") group.play(!clock.playing);
      else if (event.key === "Escape") point(null);
      else return;
      event.preventDefault();
    });

    function redraw() {
      theme = null;
      drawn = "";
      stale = true;
      refresh();
    }

    function look(entries) {
      const { isIntersecting, intersectionRatio, intersectionRect, rootBounds } = entries.at(-1);
      visible = isIntersecting;
      const whole = intersectionRatio > 0.6 || intersectionRect.height > 0.6 * (rootBounds?.height ?? Infinity);
      if (isIntersecting && whole && !group.seen) {
        group.seen = true;
        if (!taken && !reduced.matches && !isPaused() && !clock.playing) group.play(true);
      }
      refresh();
    }

    function remove() {
      frame.remove();
      fallback.hidden = false;
      group.remove(player);
    }

    const finest = () => (trajectories.length ? longest() : null);
    const player = { figure, frame, name, panels, show, redraw, finest, load: () => load().catch(remove) };
    fallback.hidden = true;
    fallback.after(frame);
    group.add(player);
    plots.fitCanvas(canvas, layout().height);
    player.load();
    new IntersectionObserver(look, { threshold: [0, 0.3, 0.6, 0.7, 1] }).observe(frame);
    new ResizeObserver(redraw).observe(canvas);
  }

  plots.each("figure[data-player]", attach);
  const stopAll = () => groups.forEach((group) => group.play(false));
  dark.addEventListener("change", () => groups.forEach(({ players }) => players.forEach((player) => player.redraw())));
  reduced.addEventListener("change", () => reduced.matches && stopAll());
  document.addEventListener("change", (event) => event.target.id === "pause-all" && event.target.checked && stopAll());
})();
