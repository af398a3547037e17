/* What all moving figures of the page share: when they begin, and drawings of a network on a canvas.

   plots.each(selector, attach)      calls attach(element) for each element that matches, once it is complete in the
                             page: at once for those that are there, and while the page is still loading for later ones
   plots.unpack(packed)      a promise of what sections/player.py packed: { steps, at(record), … }
   plots.theme(element)      the colors that style gives `element`: those of `--signed` as levels, paper, ink and so on
   plots.fitCanvas(canvas, height)   as many device pixels as its width on the page and `height` need;
                             returns { context, width, height }, to draw on in CSS pixels
   plots.weights(context, box, kernels, limit, theme, across)   heat maps, `across` of them side by side or by default
                             in a square; a kernel is { rows, columns, values } with its rows, the inputs, one after
                             another; returns places: { layer, rows, columns, x, y, width, height }
   plots.network(context, box, layers, limit, band, theme, look)   units and lines: a weight is a line as wide as |w|, red
                             or blue; a unit is pale if all weights on one side of it are within the band. `look` has
                             unfold, from 0 to 1 the way of the lines to the cells of the matrices, and cut, from 0 to 1
                             how far pale units are gone
   plots.cellAt(places, x, y)        { layer, row, column } under a point of the canvas, or null
   plots.outline(context, places, cell, theme)          marks a cell
   plots.bar(context, box, limit, theme)                the scale of the colors
   plots.fit(context, box, samples, grid, line, range, theme)   samples { x, y, outlier, truth: { x, y } or null },
                             the line through (grid, line) where it lies in range { x: [low, high], y: [low, high] };
                             returns { x(value), y(value), value(x) } from values to pixels and back
   plots.areas(context, box, samples, range, chances, theme)   samples { x, y, of, classes } of two classes in a plane, on
                             cells in the color of the likelier class, paler where chances(points) is near 1/2
   plots.paths(context, box, t, record, limit, theme)   each weight over the steps up to a record of { steps, length, at }
   plots.histogram(context, box, layers, limit, theme)  counts of weights, those that are exactly zero in ink
   plots.singularValues(context, box, layers, start, theme)   those of each layer, with marks at those of `start`
   plots.singular(layer)     the singular values of one matrix, the largest first
   plots.range(samples)      that range, with some room around the samples
   plots.point(context, place, x, y, theme)             marks a point of what `fit` returned
   plots.legend(context, box, samples, theme)           what `fit` draws, in words
   plots.outputs(layers, grid, activation)              a network of one input; a layer is { rows, columns, values, bias }
   plots.ticks([low, high], most)    at most so many round numbers inside an interval
   plots.number(value, digits)       for reading: so many significant digits
   plots.FONT                        the family of letters of all drawings

   A box is { x, y, width, height } in CSS pixels. */

const plots = (() => {
  "use strict";

  const LEVELS = 101;
  const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Helvetica Neue', Arial, sans-serif";
  const ACTIVATIONS = {
    linear: (z) => z,
    relu: (z) => Math.max(z, 0),
    tanh: Math.tanh,
    sigmoid: (z) => 1 / (1 + Math.exp(-z)),
  };

  const searches = [];

  /* The end of an element has been read if something of the page follows it, or if the page has been read. Controls of
     players are put after elements that may still be read. */
  function isComplete(element) {
    if (document.readyState !== "loading") return true;
    for (let node = element; node; node = node.parentNode) {
      let next = node.nextSibling;
      while (next?.classList?.contains("controls")) next = next.nextSibling;
      if (next) return true;
    }
    return false;
  }

  function search({ selector, attach, found }) {
    for (const element of document.querySelectorAll(selector)) {
      if (found.has(element) || !isComplete(element)) continue;
      found.add(element);
      try {
        attach(element);
        element.dataset.alive = ""; // for tests, and for benchmarks/page_load.py
      } catch (error) {
        // One figure that fails must not stop the others.
        reportError(error);
      }
    }
  }

  function each(selector, attach) {
    searches.push({ selector, attach, found: new WeakSet() });
    search(searches.at(-1));
  }

  if (document.readyState === "loading") {
    const observer = new MutationObserver(() => searches.forEach(search));
    observer.observe(document, { childList: true, subtree: true });
    document.addEventListener("readystatechange", () => {
      observer.disconnect();
      searches.forEach(search);
    }, { once: true });
  }

  function theme(element) {
    const style = getComputedStyle(element);
    const color = (name) => style.getPropertyValue(`--${name}`).trim();
    const stops = color("signed").split(/\s+/).map((hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16)));
    const levels = Array.from({ length: LEVELS }, (_, level) => {
      const place = (level / (LEVELS - 1)) * (stops.length - 1);
      const low = Math.min(Math.floor(place), stops.length - 2);
      // Truncated as matplotlib does, so that these are the colors of the GIF.
      const parts = stops[low].map((part, i) => Math.trunc(part + (stops[low + 1][i] - part) * (place - low)));
      return `rgb(${parts.join(" ")})`;
    });
    return {
      levels,
      paper: color("paper"),
      ink: color("ink"),
      muted: color("muted"),
      grid: color("line"),
      network: color("network"),
      nothing: color("no-number"),
    };
  }

  function fitCanvas(canvas, height) {
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const size = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return { context, width, height };
  }

  function number(value, digits = 3) {
    if (!Number.isFinite(value)) return "–";
    return value.toLocaleString("en", { maximumSignificantDigits: digits }).replace("-", "−");
  }

  function text(context, words, x, y, color, { size = 12, align = "left", baseline = "top", weight = 400 } = {}) {
    context.font = `${weight} ${size}px ${FONT}`;
    context.fillStyle = color;
    context.textAlign = align;
    context.textBaseline = baseline;
    context.fillText(words, x, y);
  }

  /* Weights */

  function level(share) {
    return Math.min(LEVELS - 1, Math.max(0, Math.floor(((share + 1) / 2) * LEVELS)));
  }

  /* Where the matrices stand: as many in a row as below each other, each under its name. */
  function places(context, box, kernels, across = Math.ceil(Math.sqrt(kernels.length))) {
    const ratio = context.getTransform().a;
    const whole = (length) => Math.floor(length * ratio) / ratio;
    // Cells of whole device pixels have equal sizes and sharp edges.
    const cells = (length, count) => (Math.floor((length * ratio) / count) * count || length * ratio) / ratio;
    const down = Math.ceil(kernels.length / across);
    const [gap, head] = [18, 20];
    const wide = (box.width - gap * (across - 1)) / across;
    const high = (box.height - gap * (down - 1)) / down - head;
    return kernels.map(({ rows, columns }, layer) => {
      const x = whole(box.x + (layer % across) * (wide + gap));
      const top = whole(box.y + Math.floor(layer / across) * (high + head + gap));
      const name = wide > 120 ? `layer ${layer + 1} · ${rows}×${columns}` : `${layer + 1} · ${rows}×${columns}`;
      // Square cells where they fit, but no matrix thinner than a tenth of its length.
      const cell = Math.min(wide / columns, high / rows);
      const width = cells(Math.min(wide, Math.max(columns * cell, (rows * cell) / 10)), columns);
      const height = cells(Math.min(high, Math.max(rows * cell, (columns * cell) / 10)), rows);
      return { layer, rows, columns, x, y: top + head, width, height, name };
    });
  }

  function weights(context, box, kernels, limit, theme, across) {
    return places(context, box, kernels, across).map((place, layer) => {
      const { rows, columns, values } = kernels[layer];
      const { x, width, height } = place;
      text(context, place.name, x, place.y - 18, theme.muted, { size: 12 });
      context.strokeStyle = theme.grid;
      context.lineWidth = 1.5;
      context.strokeRect(x - 0.75, place.y - 0.75, width + 1.5, height + 1.5);
      for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column < columns; column += 1) {
          const w = values[row * columns + column];
          context.fillStyle = Number.isFinite(w) ? theme.levels[level(w / limit)] : theme.nothing;
          const { x: left, y, width: w1, height: h1 } = cellBox(place, { row, column });
          context.fillRect(left, y, w1, h1);
        }
      }
      return place;
    });
  }

  /* Networks */

  const mix = (from, to, share) => from + (to - from) * share;

  function network(context, box, layers, limit, band, theme, { unfold = 0, cut = 0 } = {}) {
    const counts = [layers[0].rows, ...layers.map(({ columns }) => columns)];
    const pitch = Math.min(30, box.height / Math.max(...counts));
    const radius = Math.min(7, 0.32 * pitch);
    const gap = (box.width - 2 * radius - 4) / layers.length;
    const widest = Math.min(7, 0.3 * pitch, 0.1 * gap);
    const at = (column, unit) => ({
      x: box.x + radius + 2 + gap * column,
      y: box.y + box.height / 2 + pitch * (unit - (counts[column] - 1) / 2),
    });
    const beyond = (w) => !(Math.abs(w) <= band);
    const alive = counts.map((count, column) => {
      const [before, after] = [layers[column - 1], layers[column]];
      return Array.from({ length: count }, (_, unit) => {
        const fed = !before || Array.from({ length: before.rows }, (_, row) => before.values[row * count + unit]).some(beyond);
        const read = !after || after.values.slice(unit * after.columns, (unit + 1) * after.columns).some(beyond);
        return fed && read;
      });
    });
    const cells = unfold > 0 ? places(context, box, layers) : null;
    const [low, high] = [theme.levels[10], theme.levels[90]];
    layers.forEach(({ rows, columns, values }, layer) => {
      if (cells) {
        context.globalAlpha = unfold;
        text(context, cells[layer].name, cells[layer].x, cells[layer].y - 18, theme.muted, { size: 12 });
        context.strokeStyle = theme.grid;
        context.lineWidth = 1.5;
        const { x, y, width, height } = cells[layer];
        context.strokeRect(x - 0.75, y - 0.75, width + 1.5, height + 1.5);
        context.globalAlpha = 1;
      }
      for (let row = 0; row < rows; row += 1) {
        for (let column = 0; column < columns; column += 1) {
          const w = values[row * columns + column];
          const thick = Number.isFinite(w) ? widest * Math.min(1, Math.abs(w) / limit) : 1;
          if (thick < 0.06 && !cells) continue;
          let [from, to, line] = [at(layer, row), at(layer + 1, column), thick];
          context.strokeStyle = Number.isFinite(w) ? (w > 0 ? high : low) : theme.nothing;
          context.globalAlpha = alive[layer][row] && alive[layer + 1][column] ? 1 : 1 - cut;
          if (cells) {
            const cell = cellBox(cells[layer], { row, column });
            const middle = cell.y + cell.height / 2;
            from = { x: mix(from.x, cell.x, unfold), y: mix(from.y, middle, unfold) };
            to = { x: mix(to.x, cell.x + cell.width, unfold), y: mix(to.y, middle, unfold) };
            line = mix(thick, cell.height, unfold);
            // Halfway, where lines lie across each other, nothing hides what is below.
            context.globalAlpha = unfold < 1 ? Math.max(0.15, Math.abs(2 * unfold - 1)) : 1;
            if (unfold > 0.5) context.strokeStyle = Number.isFinite(w) ? theme.levels[level(w / limit)] : theme.nothing;
            if (line < 0.06) continue;
          }
          context.beginPath();
          context.moveTo(from.x, from.y);
          context.lineTo(to.x, to.y);
          context.lineWidth = line;
          context.stroke();
        }
      }
    });
    counts.forEach((count, column) => {
      for (let unit = 0; unit < count; unit += 1) {
        const lives = alive[column][unit];
        context.globalAlpha = (1 - unfold) * (lives ? 1 : 1 - cut);
        context.beginPath();
        context.arc(at(column, unit).x, at(column, unit).y, radius, 0, 2 * Math.PI);
        context.fillStyle = lives ? theme.muted : theme.paper;
        context.fill();
        context.strokeStyle = lives ? theme.muted : theme.grid;
        context.lineWidth = 1.5;
        context.stroke();
      }
    });
    context.globalAlpha = 1;
  }

  function cellBox(place, { row, column }) {
    const [width, height] = [place.width / place.columns, place.height / place.rows];
    return { x: place.x + column * width, y: place.y + row * height, width, height };
  }

  function cellAt(places, x, y) {
    const place = places.find((p) => x >= p.x && x < p.x + p.width && y >= p.y && y < p.y + p.height);
    if (!place) return null;
    const row = Math.floor(((y - place.y) / place.height) * place.rows);
    const column = Math.floor(((x - place.x) / place.width) * place.columns);
    return { layer: place.layer, row, column };
  }

  function outline(context, places, cell, theme) {
    const { x, y, width, height } = cellBox(places[cell.layer], cell);
    context.lineWidth = 4;
    context.strokeStyle = theme.paper;
    context.strokeRect(x - 1, y - 1, width + 2, height + 2);
    context.lineWidth = 2;
    context.strokeStyle = theme.ink;
    context.strokeRect(x - 1, y - 1, width + 2, height + 2);
  }

  function bar(context, box, limit, theme) {
    const words = number(limit, 2);
    const at = (level) => Math.round(box.x + (box.width * level) / LEVELS);
    theme.levels.forEach((color, i) => {
      context.fillStyle = color;
      context.fillRect(at(i), box.y, at(i + 1) - at(i), box.height);
    });
    context.strokeStyle = theme.grid;
    context.lineWidth = 1;
    context.strokeRect(box.x - 0.5, box.y - 0.5, box.width + 1, box.height + 1);
    const below = box.y + box.height + 4;
    text(context, `−${words}`, box.x, below, theme.muted, { size: 11, align: "center" });
    text(context, "0", box.x + box.width / 2, below, theme.muted, { size: 11, align: "center" });
    text(context, words, box.x + box.width, below, theme.muted, { size: 11, align: "center" });
    const middle = { align: "right", baseline: "middle" };
    text(context, "weight", box.x - 20, box.y + box.height / 2, theme.ink, middle);
  }

  /* Packed weights */

  const [TOP, NO_NUMBER] = [32767, -32768];

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

  /* Fit */

  function outputs(layers, grid, activation) {
    return Array.from(grid, (input) => {
      let units = [input];
      layers.forEach(({ rows, columns, values, bias }, layer) => {
        const act = layer === layers.length - 1 ? ACTIVATIONS.linear : ACTIVATIONS[activation];
        const next = new Array(columns);
        for (let column = 0; column < columns; column += 1) {
          let sum = bias.length ? bias[column] : 0;
          for (let row = 0; row < rows; row += 1) sum += units[row] * values[row * columns + column];
          next[column] = act(sum);
        }
        units = next;
      });
      return units[0];
    });
  }

  function range({ x, y, truth }) {
    const spread = (values, share) => {
      const [low, high] = [Math.min(...values), Math.max(...values)];
      const room = share * (high - low || 1);
      return [low - room, high + room];
    };
    return { x: spread(x, 0.06), y: spread(truth ? [...y, ...truth.y] : y, 0.06) };
  }

  /* At most `most` round numbers inside an interval. */
  function ticks([low, high], most) {
    const rough = (high - low) / most;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = power * ([1, 2, 2.5, 5].find((s) => s * power >= rough) || 10);
    const first = Math.ceil(low / step - 1e-9);
    const count = Math.floor(high / step + 1e-9) - first + 1;
    return Array.from({ length: Math.max(0, count) }, (_, i) => (first + i) * step);
  }

  const scale = ([low, high], from, to) => (value) => from + ((value - low) / (high - low)) * (to - from);

  /* The grid of a plot and its numbers; of the ticks of an axis, those that `shown` names, by default round numbers. */
  function axes(context, box, range, theme, shown = {}) {
    const area = { x: box.x + 34, y: box.y + 4, width: box.width - 42, height: box.height - 26 };
    const x = scale(range.x, area.x, area.x + area.width);
    const y = scale(range.y, area.y + area.height, area.y);
    context.strokeStyle = theme.grid;
    context.lineWidth = 1;
    const rule = (...ends) => {
      context.beginPath();
      ends.forEach(([left, top]) => context.lineTo(left, top));
      context.stroke();
    };
    for (const value of shown.x ?? ticks(range.x, area.width > 360 ? 6 : 4)) {
      rule([x(value), area.y], [x(value), area.y + area.height]);
      text(context, number(value), x(value), area.y + area.height + 7, theme.muted, { size: 11, align: "center" });
    }
    for (const value of shown.y ?? ticks(range.y, area.height > 200 ? 5 : 3)) {
      rule([area.x, y(value)], [area.x + area.width, y(value)]);
      const right = { size: 11, align: "right", baseline: "middle" };
      text(context, number(value), area.x - 7, y(value), theme.muted, right);
    }
    return { area, x, y };
  }

  /* The theme with the color of an arm for the fitted function: the name of a variable of the page, or a code. */
  function inColor(theme, element, color) {
    const found = color.startsWith("#") ? color : getComputedStyle(element).getPropertyValue(`--${color}`).trim();
    return { ...theme, network: found || theme.network };
  }

  function fit(context, box, samples, grid, line, range, theme) {
    const { area, x, y } = axes(context, box, range, theme);
    const stroke = (xs, ys, color, width, dash = []) => {
      context.beginPath();
      xs.forEach((value, i) => context.lineTo(x(value), y(ys[i])));
      context.strokeStyle = color;
      context.lineWidth = width;
      context.setLineDash(dash);
      context.stroke();
      context.setLineDash([]);
    };
    context.save();
    context.beginPath();
    context.rect(area.x, area.y, area.width, area.height);
    context.clip();
    samples.x.forEach((value, i) => dot(context, x(value), y(samples.y[i]), samples.outlier[i], theme));
    context.lineCap = "round";
    stroke(Array.from(grid), line, theme.network, 3);
    context.lineCap = "butt";
    if (samples.truth) stroke(samples.truth.x, samples.truth.y, theme.ink, 1.3, [5, 4]);
    context.restore();
    return { x, y, area, value: scale([area.x, area.x + area.width], ...range.x) };
  }

  /* Other views of the weights: over the steps, as counts, and as singular values */

  const MOST_PATHS = 400;

  function paths(context, box, t, record, limit, theme) {
    const { x, y } = axes(context, box, { x: [0, t.length], y: [-limit, limit] }, theme);
    const records = Array.from({ length: record + 1 }, (_, i) => t.at(i).map(({ values }) => values));
    const count = records[0].reduce((sum, values) => sum + values.length, 0);
    const every = Math.ceil(count / MOST_PATHS);
    context.lineWidth = 1;
    context.globalAlpha = 0.7;
    records[0].forEach((values, layer) => {
      for (let i = 0; i < values.length; i += every) {
        const last = records[record][layer][i];
        context.strokeStyle = last === 0 ? theme.grid : last > 0 ? theme.levels[90] : theme.levels[10];
        context.beginPath();
        records.forEach((all, at) => context.lineTo(x(t.steps[at]), y(all[layer][i])));
        context.stroke();
      }
    });
    context.globalAlpha = 1;
  }

  /* Odd, so that zero lies in the middle of one. */
  const BINS = 41;

  function histogram(context, box, layers, limit, theme) {
    const weights = layers.flatMap(({ values }) => Array.from(values)).filter(Number.isFinite);
    const counts = new Array(BINS).fill(0);
    for (const w of weights) counts[Math.min(BINS - 1, Math.floor(((w / limit + 1) / 2) * BINS))] += 1;
    const zeros = weights.filter((w) => w === 0).length;
    // Square roots, so that a single weight is visible beside hundreds of zeros.
    const top = Math.sqrt(weights.length) * 1.03;
    const shown = [1, 5, 20, 50, 100, 200, 500, 1000, 2000, 5000].filter((count) => count <= weights.length);
    const { area, x, y } = axes(context, box, { x: [-limit, limit], y: [0, top] }, theme, { y: [] });
    for (const count of shown.slice(-5)) {
      const right = { size: 11, align: "right", baseline: "middle" };
      text(context, number(count, 9), area.x - 7, y(Math.sqrt(count)), theme.muted, right);
    }
    const bar = (bin, count, color) => {
      const left = x(-limit + (2 * limit * bin) / BINS);
      context.fillStyle = color;
      context.fillRect(left + 0.5, y(Math.sqrt(count)), area.width / BINS - 1, area.y + area.height - y(Math.sqrt(count)));
    };
    counts.forEach((count, bin) => bar(bin, count, theme.muted));
    bar((BINS - 1) / 2, zeros, theme.ink);
    text(context, `exactly zero: ${number(zeros, 9)}`, area.x + area.width, area.y + 4, theme.ink, { align: "right" });
  }

  /* Singular values of a matrix, the largest first, by rotating pairs of columns until all are orthogonal (one-sided
     Jacobi). */
  function singular({ rows, columns, values }) {
    const wide = columns > rows;
    const [height, width] = wide ? [columns, rows] : [rows, columns];
    const a = Array.from({ length: width }, (_, j) => {
      return Float64Array.from({ length: height }, (_, i) => (wide ? values[j * columns + i] : values[i * columns + j]));
    });
    const dot = (u, v) => u.reduce((sum, value, i) => sum + value * v[i], 0);
    for (let sweep = 0, rotated = true; rotated && sweep < 30; sweep += 1) {
      rotated = false;
      for (let p = 0; p < width; p += 1) {
        for (let q = p + 1; q < width; q += 1) {
          const [pp, qq, pq] = [dot(a[p], a[p]), dot(a[q], a[q]), dot(a[p], a[q])];
          if (Math.abs(pq) <= 1e-9 * Math.sqrt(pp * qq)) continue;
          rotated = true;
          const zeta = (qq - pp) / (2 * pq);
          const tan = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
          const cos = 1 / Math.hypot(1, tan);
          for (let i = 0; i < height; i += 1) {
            const u = a[p][i];
            a[p][i] = cos * (u - tan * a[q][i]);
            a[q][i] = cos * (tan * u + a[q][i]);
          }
        }
      }
    }
    return a.map((column) => Math.sqrt(dot(column, column))).sort((one, other) => other - one);
  }

  /* A bar for each of the largest singular values of each layer, with a mark at its initial value. */
  function singularValues(context, box, layers, start, theme) {
    const [now, before] = [layers, start].map((all) => all.map((layer) => singular(layer).slice(0, 12)));
    const top = 1.08 * Math.max(...before.flat(), ...now.flat(), 1e-9);
    const { area, y } = axes(context, box, { x: [0, 1], y: [0, top] }, theme, { x: [] });
    const room = area.width / layers.length;
    now.forEach((all, layer) => {
      const pitch = Math.min((0.84 * room) / Math.max(...now.map(({ length }) => length)), 22);
      const middle = area.x + room * (layer + 0.5);
      all.forEach((value, i) => {
        const left = middle + pitch * (i - all.length / 2);
        context.fillStyle = theme.muted;
        context.fillRect(left + 0.1 * pitch, y(value), 0.8 * pitch, area.y + area.height - y(value));
        context.fillStyle = theme.ink;
        context.fillRect(left + 0.1 * pitch, y(before[layer][i]) - 0.75, 0.8 * pitch, 1.5);
      });
      const name = room > 60 ? `layer ${layer + 1}` : `${layer + 1}`;
      text(context, name, middle, area.y + area.height + 7, theme.muted, { size: 11, align: "center" });
    });
  }

  function point(context, { area, x, y }, at, value, theme) {
    const [left, top] = [x(at), Math.min(area.y + area.height, Math.max(area.y, y(value)))];
    context.fillStyle = theme.muted;
    context.fillRect(left - 0.5, area.y, 1, area.height);
    context.beginPath();
    context.arc(left, top, 6, 0, 2 * Math.PI);
    context.fillStyle = theme.network;
    context.fill();
    context.strokeStyle = theme.paper;
    context.lineWidth = 2;
    context.stroke();
  }

  function dot(context, x, y, hollow, theme) {
    context.beginPath();
    context.arc(x, y, 3, 0, 2 * Math.PI);
    context.fillStyle = hollow ? theme.paper : theme.muted;
    context.fill();
    context.strokeStyle = theme.muted;
    context.lineWidth = 1.6;
    context.stroke();
  }

  const CELLS = 56;

  function areas(context, box, samples, range, chances, theme) {
    const mark = (left, top, second) => {
      context.beginPath();
      if (second) context.rect(left - 4, top - 4, 8, 8);
      else context.arc(left, top, 4.5, 0, 2 * Math.PI);
      [context.fillStyle, context.strokeStyle, context.lineWidth] = [theme.levels[second ? LEVELS - 12 : 11], theme.paper, 1.2];
      context.fill();
      context.stroke();
    };
    let left = box.x + 46;
    samples.classes.forEach((name, second) => {
      mark(left, box.y + 10, second);
      text(context, name, left + 10, box.y + 10, theme.ink, { size: 12, baseline: "middle" });
      left += context.measureText(name).width + 34;
    });
    const below = { ...box, y: box.y + 20, height: box.height - 20 };
    const { area, x, y } = axes(context, below, range, theme);
    const center = ([low, high], i) => low + ((i + 0.5) * (high - low)) / CELLS;
    const points = [];
    for (let up = 0; up < CELLS; up += 1) {
      for (let across = 0; across < CELLS; across += 1) points.push([center(range.x, across), center(range.y, up)]);
    }
    const [wide, high] = [area.width / CELLS, area.height / CELLS];
    chances(points).forEach((chance, i) => {
      // Half of the scale, so that samples stand out.
      context.fillStyle = theme.levels[level((Number.isFinite(chance) ? chance - 0.5 : 0) * 0.9)];
      context.fillRect(area.x + (i % CELLS) * wide, area.y + area.height - (Math.floor(i / CELLS) + 1) * high, wide + 0.5, high + 0.5);
    });
    samples.x.forEach((value, i) => mark(x(value), y(samples.y[i]), samples.of[i] > 0.5));
    return { x, y, area };
  }

  function legend(context, box, samples, theme) {
    const y = box.y + box.height / 2;
    let x = box.x;
    const entries = [];
    const entry = (word, draw) => entries.push([word, draw]);
    const rule = (color, width, dash) => () => {
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + 18, y);
      context.strokeStyle = color;
      context.lineWidth = width;
      context.setLineDash(dash);
      context.stroke();
      context.setLineDash([]);
    };
    const point = (hollow) => () => dot(context, x + 12, y, hollow, theme);
    entry("network", rule(theme.network, 3, []));
    if (samples.truth) entry("truth", rule(theme.ink, 1.3, [5, 4]));
    if (!samples.outlier.every(Boolean)) entry("sample", point(false));
    if (samples.outlier.some(Boolean)) entry("outlier", point(true));
    const measured = (size) => {
      context.font = `${size}px ${FONT}`;
      const widths = entries.map(([word]) => 23 + context.measureText(word).width);
      const room = (box.width ?? Infinity) - widths.reduce((sum, width) => sum + width, 0);
      return { size, widths, gap: Math.min(16, room / Math.max(1, entries.length - 1)) };
    };
    const { size, widths, gap } = [12, 11, 10].map(measured).find((fitting) => fitting.gap >= 5) ?? measured(10);
    entries.forEach(([word, draw], i) => {
      draw();
      text(context, word, x + 23, y + 0.5, theme.muted, { size, baseline: "middle" });
      x += widths[i] + gap;
    });
  }

  return {
    each, unpack, theme, inColor, fitCanvas, weights, network, paths, histogram, singular, singularValues, cellAt, cellBox, outline, bar, fit,
    point, range, legend, areas, outputs, ticks, number, FONT,
  };
})();
