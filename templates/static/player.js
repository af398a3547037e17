/* Players: animations that the page draws from recorded weights, with pause, search, comparison and reading of values.

   Without scripts, or where something fails, a figure keeps its GIF. All players of a page share one clock, so they show
   the same step and the same run. The weights come from reportgen/sections/player.py, which says how they are packed. */

(() => {
  "use strict";

  /* Seconds that a training takes at speed 1. */
  const DURATION = 4;
  const [TOP, NO_NUMBER] = [32767, -32768];

  if (!("DecompressionStream" in window)) return;

  const CONTROLS = `
    <canvas class="canvas" tabindex="0" role="application"></canvas>
    <div class="controls" role="group">
      <p class="state"><span class="step"></span> <output class="reading"></output></p>
      <div class="transport">
        <button type="button" class="toggle" aria-label="Play"><svg viewBox="0 0 16 16" aria-hidden="true"><path class="start" d="M4 2v12l10-6z"/><path class="stop" d="M3.5 2h3.2v12H3.5zM9.3 2h3.2v12H9.3z"/></svg></button>
        <button type="button" class="back" aria-label="One record back"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M12.5 2.5v11L5.5 8zM3 2.5h1.8v11H3z"/></svg></button>
        <input type="range" class="position" min="0" max="1" value="0" aria-label="Position">
        <button type="button" class="forward" aria-label="One record on"><svg viewBox="0 0 16 16" aria-hidden="true"><path d="M3.5 2.5v11l7-5.5zM11.2 2.5H13v11h-1.8z"/></svg></button>
      </div>
      <div class="choices">
        <label>Run <select class="run"></select></label>
        <label><span class="aside">Speed</span> <select class="speed"><option value="0.25">¼×</option><option value="0.5">½×</option><option value="1" selected>1×</option><option value="2">2×</option><option value="4">4×</option></select></label>
      </div>
    </div>`;

  const reduced = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const pauseAll = document.getElementById("pause-all");

  /* Recorded weights */

  /* Runs that differ by their seeds, by their number on the page: the first figure that shows them brings them. */
  const series = {};
  const decoded = new Map();

  function take(data) {
    for (const [index, trajectories] of Object.entries(data.series)) {
      series[index] = trajectories.map((t) => {
        const resolved = { ...t };
        for (const name of ["steps", "layers", "samples"]) resolved[name] = data.shared[t[name]];
        return resolved;
      });
    }
    const longest = Math.max(...data.panels.flatMap((panel) => series[panel.series].map((t) => t.steps.at(-1))));
    if (longest <= last) return;
    if (clock.step === last) clock.step = longest;
    last = longest;
  }

  function decode(packed) {
    if (!decoded.has(packed)) decoded.set(packed, unpack(packed));
    return decoded.get(packed);
  }

  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed.weights), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const planes = new Uint8Array(await new Response(stream).arrayBuffer());
    const { steps, layers } = packed;
    const all = planes.length / 2;
    const one = all / steps.length;
    const weights = new Float64Array(all);
    for (let weight = 0; weight < one; weight += 1) {
      let whole = 0;
      for (let record = 0; record < steps.length; record += 1) {
        const at = weight * steps.length + record;
        const folded = planes[at] | (planes[all + at] << 8);
        whole = ((whole + ((folded >>> 1) ^ -(folded & 1))) << 16) >> 16;
        weights[record * one + weight] = whole === NO_NUMBER ? NaN : (whole / TOP) * packed.largest;
      }
    }
    return {
      ...packed,
      // The packed weights have no more digits.
      digits: Math.max(0, Math.ceil(-Math.log10(packed.largest / TOP)) - 1),
      /* The record of a step: the last one not after it. */
      record: (step) => Math.max(0, steps.findLastIndex((recorded) => recorded <= step)),
      at(record) {
        let place = record * one;
        const next = (count) => weights.subarray(place, (place += count));
        return layers.map(([rows, columns, biases]) => ({
          rows,
          columns,
          values: next(rows * columns),
          bias: next(biases),
        }));
      },
    };
  }

  /* The clock of all players */

  let last = 0;
  const clock = { step: last, playing: false, speed: 1, run: 0, before: null };
  const players = [];
  let waiting = false;
  /* True if a reader has used a control; after that nothing starts automatically. */
  let taken = false;

  function refresh() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame((now) => {
      waiting = false;
      if (clock.playing) {
        // A page that was hidden continues where it was.
        const passed = Math.min(0.1, (now - (clock.before ?? now)) / 1000);
        clock.before = now;
        clock.step = Math.min(last, clock.step + (passed * clock.speed * last) / DURATION);
        if (clock.step >= last) clock.playing = false;
      }
      players.forEach((player) => player.show());
      if (clock.playing) refresh();
    });
  }

  function play(playing) {
    if (playing && clock.step >= last) clock.step = 0;
    Object.assign(clock, { playing, before: null });
    refresh();
  }

  function go(step) {
    Object.assign(clock, { step, playing: false });
    refresh();
  }

  /* One figure */

  function attach(figure) {
    const data = JSON.parse(figure.querySelector(".player-data").textContent);
    const { scenes, panels } = data;
    take(data);
    const fallback = figure.querySelector(".frame");
    const frame = document.createElement("div");
    frame.className = "frame player";
    frame.innerHTML = CONTROLS;
    const part = (name) => frame.querySelector(`.${name}`);
    const canvas = part("canvas");
    const slider = part("position");
    const name = figure.querySelector(".label")?.textContent ?? "Player";
    part("controls").setAttribute("aria-label", `${name}: controls`);

        let trajectories = [];
    let theme = null;
    let visible = false;
    let seen = false;
    let cursor = null;
    let areas = [];
    let drawn = "";
    /* True if even a canvas out of view must be drawn, since its size may have changed. */
    let stale = true;

    const many = Math.max(...panels.map((panel) => series[panel.series].length));
    part("run").parentElement.hidden = many < 2;
    part("run").append(...Array.from({ length: many }, (_, run) => new Option(`${run + 1}`, run)));

    async function load() {
      const packed = panels.map(({ series: place }) => {
        const runs = series[place];
        return runs[Math.min(clock.run, runs.length - 1)];
      });
      const loaded = await Promise.all(packed.map(decode));
      trajectories = loaded;
      slider.max = longest().steps.length - 1;
      redraw();
    }

    const longest = () => trajectories.reduce((a, b) => (b.steps.at(-1) > a.steps.at(-1) ? b : a));

    function show() {
      if (!trajectories.length) return;
      const { steps, record } = longest();
      const now = record(clock.step);
      const state = [now, clock.playing, clock.speed, clock.run, visible, JSON.stringify(cursor)].join();
      if (state === drawn) return;
      drawn = state;
      const words = `step ${plots.number(steps[now], 9)}`;
      slider.value = now;
      slider.setAttribute("aria-valuetext", words);
      part("step").textContent = words;
      part("toggle").setAttribute("aria-label", clock.playing ? "Pause" : "Play");
      frame.classList.toggle("playing", clock.playing);
      part("speed").value = clock.speed;
      part("run").value = clock.run;
      // A screen reader would read every frame aloud.
      part("reading").setAttribute("aria-live", clock.playing ? "off" : "polite");
      part("reading").textContent = reading();
      canvas.setAttribute("aria-label", label(words));
      if (visible || stale) draw();
      stale = false;
    }

    function label(words) {
      const what = { weights: "Weight matrices", fit: "Fitted function" };
      const who = panels.map((panel) => panel.title).filter(Boolean);
      return (
        `${scenes.map((scene) => what[scene]).join(" and ")}${who.length ? ` of ${who.join(" and ")}` : ""}, ${words}. ` +
        "Arrow keys read values."
      );
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
      return { columns, wide, head, high, height: 14 + rows * (high + 14) + 46 };
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
        const layers = t.at(t.record(clock.step));
        if (scene === "weights") return { scene, panel, layers, places: plots.weights(context, box, layers, limit, theme) };
        const range = plots.range(t.samples);
        const grid = points(range.x, t.activation === "linear" ? 2 : 97);
        const line = plots.outputs(layers, grid, t.activation);
        return { scene, panel, layers, ...plots.fit(context, box, t.samples, grid, line, range, theme) };
      });
      const bar = Math.min(220, width / 2);
      if (scenes.includes("weights")) {
        plots.bar(context, { x: width - 30 - bar, y: height - 40, width: bar, height: 12 }, limit, theme);
      } else plots.legend(context, { x: 16, y: height - 38, height: 16 }, trajectories[0].samples, theme);
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
      const area = { ...old, layers: t.at(t.record(clock.step)) };
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
        } else if (x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height) {
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
      if (!cursor) return enter(0, 1);
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
      if (!area) return cursor;
      if (area.scene === "fit") {
        const { x } = plots.range(trajectories[area.panel].samples);
        return { area: place, x: from > 0 ? x[0] : x[1] };
      }
      const { layer, columns } = area.places.at(from > 0 ? 0 : -1);
      return { area: place, layer, row: 0, column: from > 0 ? 0 : columns - 1 };
    }

    /* Controls */

    const step = (by) => {
      const { steps, record } = longest();
      go(steps[Math.min(steps.length - 1, Math.max(0, record(clock.step) + by))]);
    };

    frame.addEventListener("pointerdown", () => (taken = true));
    frame.addEventListener("keydown", () => (taken = true));
    part("toggle").addEventListener("click", () => play(!clock.playing));
    part("back").addEventListener("click", () => step(-1));
    part("forward").addEventListener("click", () => step(1));
    slider.addEventListener("input", () => go(longest().steps[slider.valueAsNumber]));
    part("speed").addEventListener("change", (event) => {
      clock.speed = Number(event.target.value);
      refresh();
    });
    part("run").addEventListener("change", (event) => {
      clock.run = Number(event.target.value);
      players.forEach((player) => player.load());
    });
    canvas.addEventListener("pointermove", (event) => point(under(event)));
    canvas.addEventListener("pointerdown", (event) => point(under(event)));
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") point(null);
    });
    canvas.addEventListener("blur", () => point(null));
    canvas.addEventListener("keydown", (event) => {
      if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
      if (event.key.startsWith("Arrow")) point(moved(event.key));
      else if (event.key === " ") play(!clock.playing);
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
      if (isIntersecting && whole && !seen) {
        seen = true;
        if (!taken && !reduced.matches && !pauseAll?.checked && !clock.playing) play(true);
      }
      refresh();
    }

    function remove() {
      frame.remove();
      fallback.hidden = false;
      players.splice(players.indexOf(player), 1);
    }

    const player = { show, redraw, load: () => load().catch(remove) };
    players.push(player);
    fallback.hidden = true;
    fallback.after(frame);
    plots.fitCanvas(canvas, layout().height);
    player.load();
    new IntersectionObserver(look, { threshold: [0, 0.3, 0.6, 0.7, 1] }).observe(frame);
    new ResizeObserver(redraw).observe(canvas);
  }

  plots.each("figure[data-player]", attach);
  dark.addEventListener("change", () => players.forEach((player) => player.redraw()));
  reduced.addEventListener("change", () => reduced.matches && play(false));
  pauseAll?.addEventListener("change", () => pauseAll.checked && play(false));
})();
