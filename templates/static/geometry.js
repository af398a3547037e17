/* Three figures that the reader moves: a curve over λ (.overfit), one weight under two penalties (.decay), and a loss
   that meets the constraint of two penalties (.meet). Each has its data beside it as JSON, and a still that is shown
   without scripts. Sliders are those of the browser, so that keys, mouse and touch move them; a drag in a drawing moves
   the same value.

   geometry.polynomial(coefficients, x)        the sum of Legendre polynomials
   geometry.steps.l1(w, scale), steps.l2       one proximal step of one weight
   geometry.solve.l1(loss, strength), solve.l2 the two weights of least loss + strength · penalty, where a loss is
                                               { minimum: [w1, w2], curvature: [[a, b], [b, c]] } */

const geometry = (() => {
  "use strict";

  const NAMESPACE = "http://www.w3.org/2000/svg";
  const scale = (from, to) => (value) => to[0] + ((value - from[0]) / (from[1] - from[0])) * (to[1] - to[0]);
  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

  /* Mathematics */

  function polynomial(coefficients, x) {
    let [before, now] = [0, 1];
    let sum = 0;
    coefficients.forEach((coefficient, n) => {
      sum += coefficient * now;
      [before, now] = [now, ((2 * n + 1) * x * now - n * before) / (n + 1)];
    });
    return sum;
  }

  const steps = {
    l1: (w, scale) => w - clamp(w, -scale, scale),
    l2: (w, scale) => w / (1 + scale),
  };

  const solve = {
    /* One weight after the other, each at its exact minimum, which may be zero. */
    l1({ minimum, curvature: [[a, b], [, c]] }, strength) {
      const w = [0, 0];
      for (let sweep = 0; sweep < 400; sweep += 1) {
        w[0] = steps.l1(a * minimum[0] + b * (minimum[1] - w[1]), strength) / a;
        w[1] = steps.l1(c * minimum[1] + b * (minimum[0] - w[0]), strength) / c;
      }
      return w;
    },
    l2({ minimum: [m, n], curvature: [[a, b], [, c]] }, strength) {
      const [p, q] = [a * m + b * n, b * m + c * n];
      const [first, last] = [a + strength, c + strength];
      const determinant = first * last - b * b;
      return [(last * p - b * q) / determinant, (first * q - b * p) / determinant];
    },
  };

  /* Drawing: elements of SVG, styled by article.css */

  function element(name, attributes = {}, words = "") {
    const made = document.createElementNS(NAMESPACE, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (words) made.textContent = words;
    return made;
  }

  const points = (pairs) => pairs.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
  const line = (pairs, name) => element("polyline", { points: points(pairs), class: name });
  const rule = ([x1, y1], [x2, y2], name) => element("line", { x1, y1, x2, y2, class: name });
  const dot = ([cx, cy], r, name) => element("circle", { cx, cy, r, class: name });
  const label = ([x, y], words, anchor = "start") => element("text", { x, y, "text-anchor": anchor }, words);

  /* An empty drawing of this size in the place of the former one, in CSS pixels. */
  function paper(svg, width, height) {
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    svg.setAttribute("width", width);
    svg.setAttribute("height", height);
    svg.replaceChildren();
    return (...parts) => svg.append(...parts);
  }

  /* Calls `draw` now, whenever the drawing gets another width, and from then on once in the frame after `ask`. */
  function drawn(svg, draw) {
    let due = 0;
    const ask = () => {
      due ||= requestAnimationFrame(() => {
        due = 0;
        const width = svg.parentElement.clientWidth;
        if (width) draw(width);
      });
    };
    draw(svg.parentElement.clientWidth || 320);
    new ResizeObserver(ask).observe(svg.parentElement);
    return ask;
  }

  /* Calls `move(x, y)` with pixels of the drawing while a pointer drags from where `grabs(x, y)` is true. */
  function dragged(svg, grabs, move, drop = () => {}) {
    let held = false;
    const at = (event) => {
      const box = svg.getBoundingClientRect();
      return [event.clientX - box.left, event.clientY - box.top];
    };
    svg.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !grabs(...at(event))) return;
      held = true;
      svg.setPointerCapture(event.pointerId);
      move(...at(event));
    });
    svg.addEventListener("pointermove", (event) => {
      if (held) move(...at(event));
    });
    svg.addEventListener("pointerup", () => {
      if (held) drop();
      held = false;
    });
    svg.addEventListener("pointercancel", () => {
      held = false;
    });
    // A finger that holds the point must not scroll the page; elsewhere in the drawing it may.
    svg.addEventListener("touchstart", (event) => {
      const [finger] = event.touches;
      if (event.touches.length === 1 && grabs(...at(finger))) event.preventDefault();
    }, { passive: false });
  }

  /* Shows what a script draws in the place of the still; returns the data of the figure and a way to find its parts. */
  function begin(figure) {
    figure.classList.add("drawn");
    const find = (selector) => figure.querySelector(selector);
    return { find, data: JSON.parse(find("script[type='application/json']").textContent) };
  }

  const fixed = (value, digits = 2) => value.toFixed(digits).replace("-", "−");

  /* The curve over λ */

  function overfit(figure) {
    const { find, data } = begin(figure);
    const { x, y, strengths, paths, noise, limit, margin } = data;
    const [svg, slider, output] = [find("svg.plot"), find("input[type=range]"), find("output")];
    const grid = Array.from({ length: 241 }, (_, i) => i / 120 - 1);
    const high = 1.5 + Math.max(...y.map(Math.abs)) * 0.5;
    let errors = null;
    slider.max = strengths.length - 1;
    slider.value = 0;

    const chosen = () => find("input[type=radio]:checked").value;
    const place = () => slider.valueAsNumber;

    function describe() {
      const { title, train, test, terms, best } = paths[chosen()];
      const at = place();
      const state =
        at === 0
          ? "No penalty: the curve passes through every sample."
          : test[at] < test[best] + margin
            ? "About right."
            : at < best
              ? "Too weak."
              : "Too strong.";
      output.textContent =
        `λ = ${strengths[at]}. ${state} Training error ${fixed(train[at])}, test error ${fixed(test[at])}; ` +
        `${terms[at]} of ${paths[chosen()].coefficients[0].length - 1} terms are not zero.`;
      slider.setAttribute("aria-valuetext", `${title}, λ = ${strengths[at]}`);
    }

    const ask = drawn(svg, (width) => {
      const { coefficients, train, test, best, color } = paths[chosen()];
      const at = place();
      const wide = width > 480;
      const height = wide ? 300 : 230;
      const [split, low] = [Math.round(width * (wide ? 0.66 : 0.64)), height + (wide ? 132 : 118)];
      const add = paper(svg, width, low);
      svg.classList.value = `plot hue-${color}`;

      // Samples and curve
      const [px, py] = [scale([-1.04, 1.04], [0, split - 12]), scale([-high, high], [height - 6, 6])];
      const clip = element("clipPath", { id: `${figure.id}-clip` });
      clip.append(element("rect", { x: 0, y: 6, width: split - 12, height: height - 12 }));
      const inside = element("g", { "clip-path": `url(#${figure.id}-clip)` });
      inside.append(
        rule([0, py(0)], [split - 12, py(0)], "axis"),
        line(grid.map((g) => [px(g), py(Math.sin(Math.PI * g))]), "truth"),
        line(grid.map((g) => [px(g), py(polynomial(coefficients[at], g))]), "curve"),
        ...x.map((value, i) => dot([px(value), py(y[i])], wide ? 4.5 : 4, "sample")),
      );
      add(clip, inside);

      // Bars
      const bars = [split + (wide ? 34 : 14), width - 2];
      const [bottom, top] = [height - 22, 22];
      const up = scale([0, limit], [bottom, top]);
      const thick = Math.min(48, (bars[1] - bars[0]) * 0.36);
      [["training", train[at], 0.26], ["test", test[at], 0.74]].forEach(([name, value, share]) => {
        const middle = bars[0] + share * (bars[1] - bars[0]);
        add(
          element("rect", { x: middle - thick / 2, y: up(value), width: thick, height: bottom - up(value), class: `bar ${name}` }),
          label([middle, bottom + 16], name, "middle"),
        );
        const number = label([middle, up(value) - 6], fixed(value), "middle");
        number.classList.add("strong");
        add(number);
      });
      add(
        rule([bars[0], bottom], [bars[1], bottom], "axis"),
        rule([bars[0], up(noise)], [bars[1], up(noise)], "floor"),
        label([bars[0], up(noise) - 5], "noise"),
      );

      // Errors over λ; the slider below has its ends under those of the lines.
      const [from, to] = [height + 24, low - 6];
      const along = scale([0, strengths.length - 1], [9, width - 9]);
      const down = scale([0, limit], [to, from]);
      add(
        rule([9, to], [width - 9, to], "axis"),
        line(train.map((value, i) => [along(i), down(value)]), "train"),
        line(test.map((value, i) => [along(i), down(value)]), "test"),
        rule([along(best), from - 4], [along(best), to], "mark"),
        rule([along(at), from - 10], [along(at), to], "here"),
        dot([along(at), down(train[at])], 4.5, "at train"),
        dot([along(at), down(test[at])], 4.5, "at test"),
        label([along(best), from - 8], "best λ", "middle"),
        label([width - 9, down(test.at(-1)) - 7], "test error", "end"),
        label([width - 9, to - 6], "training error", "end"),
      );
      errors = { from: from - 20, to: to + 4, place: (left) => Math.round(scale([9, width - 9], [0, strengths.length - 1])(left)) };
    });

    const changed = () => {
      describe();
      ask();
    };
    slider.addEventListener("input", changed);
    for (const choice of figure.querySelectorAll("input[type=radio]")) choice.addEventListener("change", changed);
    dragged(
      svg,
      (left, top) => top > errors.from && top < errors.to,
      (left) => {
        slider.value = errors.place(left);
        changed();
      },
    );
    describe();
  }

  /* One weight, step after step */

  function decay(figure) {
    const { find, data } = begin(figure);
    const { count, scale: per, most, colors } = data;
    const [svg, slider, output] = [find("svg.plot"), find("input[type=range]"), find("output")];
    let height = 0;

    const walk = (name, w) => {
      const values = [w];
      while (values.length <= count) values.push(steps[name](values.at(-1), per));
      return values;
    };

    function describe() {
      const w = slider.valueAsNumber;
      const [one, two] = [walk("l1", w), walk("l2", w)];
      const arrived = one.indexOf(0);
      output.textContent =
        `A weight of ${fixed(w)}: L1 takes ${per} at each step and ` +
        (arrived >= 0 ? `arrives at exactly 0 after ${arrived} steps.` : `leaves ${fixed(one.at(-1))} after ${count}.`) +
        ` L2 takes the same share each time and leaves ${fixed(two.at(-1), 3)} after ${count}.`;
      slider.setAttribute("aria-valuetext", fixed(w));
    }

    const ask = drawn(svg, (width) => {
      height = width > 480 ? 230 : 190;
      const w = slider.valueAsNumber;
      const add = paper(svg, width, height);
      const [px, py] = [scale([0, count], [34, width - 12]), scale([0, most], [height - 26, 14])];
      for (const value of [0, most / 2, most]) {
        add(rule([34, py(value)], [width - 12, py(value)], value ? "grid" : "axis"), label([26, py(value) + 4], String(value), "end"));
      }
      const apart = width > 480 ? 10 : 20;
      for (let step = 0; step < count; step += apart) add(label([px(step), height - 8], String(step), "middle"));
      add(label([px(count) + 12, height - 8], `${count} steps`, "end"));
      for (const name of ["l2", "l1"]) {
        const values = walk(name, w);
        const group = element("g", { class: `hue-${colors[name]}` });
        group.append(
          line(values.map((value, i) => [px(i), py(value)]), "thin"),
          ...values.map((value, i) => dot([px(i), py(value)], width > 480 ? 3 : 2, value === 0 ? "empty" : "step")),
        );
        // Where the two lines are apart.
        const middle = name === "l1" ? Math.min(count, Math.round((0.7 * w) / per)) : Math.round(0.45 * count);
        const words = label([px(middle) + (name === "l1" ? -12 : 6), py(values[middle]) + (name === "l1" ? 12 : -8)], name.toUpperCase(), name === "l1" ? "end" : "start");
        words.classList.add("strong");
        group.append(words);
        add(group);
      }
      add(dot([px(0), py(w)], 8, "handle"));
    });

    const changed = () => {
      describe();
      ask();
    };
    slider.addEventListener("input", changed);
    dragged(
      svg,
      (left) => left < 80,
      (left, top) => {
        slider.value = scale([height - 26, 14], [0, most])(top);
        changed();
      },
    );
    describe();
  }

  /* The loss meets the constraint */

  function meet(figure) {
    const { find, data } = begin(figure);
    const { reach, colors } = data;
    const [svg, slider, output] = [find("svg.plot"), find("input[type=range]"), find("output")];
    const [another, tally] = [find("button"), find(".tally")];
    const loss = { minimum: [...data.minimum], curvature: data.curvature };
    const counts = { losses: 0, l1: 0, l2: 0 };
    const titles = { l1: "L1", l2: "L2" };
    let panels = [];

    const found = () => Object.fromEntries(Object.entries(solve).map(([name, solution]) => [name, solution(loss, slider.valueAsNumber)]));
    const zeros = (w) => w.filter((value) => value === 0).length;
    const pair = (w) => `(${w.map((value) => (value === 0 ? "0" : fixed(value))).join(", ")})`;
    const words = (w) => ["no weight is exactly zero", "one weight is exactly zero", "both weights are exactly zero"][zeros(w)];

    function describe() {
      const w = found();
      output.textContent = Object.entries(w)
        .map(([name, solution]) => `${titles[name]}: w = ${pair(solution)}, ${words(solution)}.`)
        .join(" ");
      svg.setAttribute("aria-label", `Best fit at ${pair(loss.minimum)}. The arrow keys move it. ${output.textContent}`);
      slider.setAttribute("aria-valuetext", `λ = ${fixed(slider.valueAsNumber)}`);
      find(".value").textContent = fixed(slider.valueAsNumber);
    }

    /* The ellipse of all weights with the same loss as w. */
    function level(w) {
      const { minimum: [m, n], curvature: [[a, b], [, c]] } = loss;
      const [u, v] = [w[0] - m, w[1] - n];
      const value = a * u * u + 2 * b * u * v + c * v * v;
      return Array.from({ length: 73 }, (_, i) => {
        const [x, y] = [Math.cos((i * Math.PI) / 36), Math.sin((i * Math.PI) / 36)];
        const size = Math.sqrt(value / (a * x * x + 2 * b * x * y + c * y * y));
        return [m + size * x, n + size * y];
      });
    }

    function ball(name, w) {
      if (name === "l1") {
        const size = Math.abs(w[0]) + Math.abs(w[1]);
        return [[size, 0], [0, size], [-size, 0], [0, -size]];
      }
      const size = Math.hypot(...w);
      return Array.from({ length: 73 }, (_, i) => [size * Math.cos((i * Math.PI) / 36), size * Math.sin((i * Math.PI) / 36)]);
    }

    const ask = drawn(svg, (width) => {
      const gap = width > 480 ? 24 : 12;
      const side = Math.floor((width - gap) / 2);
      const add = paper(svg, width, side + 26);
      panels = ["l1", "l2"].map((name, i) => ({ name, left: i * (side + gap), side }));
      const w = found();
      for (const { name, left } of panels) {
        const [px, py] = [scale([-reach, reach], [left, left + side]), scale([-reach, reach], [side + 26, 26])];
        const to = ([x, y]) => [px(x), py(y)];
        const clip = element("clipPath", { id: `${figure.id}-${name}` });
        clip.append(element("rect", { x: left, y: 26, width: side, height: side }));
        const group = element("g", { class: `hue-${colors[name]}`, "clip-path": `url(#${figure.id}-${name})` });
        group.append(
          rule([left, py(0)], [left + side, py(0)], "axis"),
          rule([px(0), 26], [px(0), side + 26], "axis"),
          ...[0.3, 0.6, 1, 1.5].map((share) => line(level(loss.minimum.map((w) => w * (1 - share))).map(to), "level")),
          element("polygon", { points: points(ball(name, w[name]).map(to)), class: "ball" }),
          line(level(w[name]).map(to), "touch"),
          dot(to(w[name]), 6.5, zeros(w[name]) ? "solution zero" : "solution"),
          label([left + side - 4, py(0) - 5], "w₁", "end"),
          label([px(0) - 6, 40], "w₂", "end"),
        );
        const handle = element("g", { class: "handle" });
        const [x, y] = to(loss.minimum);
        handle.append(dot([x, y], 13, "halo"), rule([x - 6, y], [x + 6, y], "cross"), rule([x, y - 6], [x, y + 6], "cross"));
        group.append(handle);
        const title = label([left, 16], `${titles[name]}: w = ${pair(w[name])}`);
        title.classList.add("strong");
        add(clip, element("rect", { x: left + 0.5, y: 26.5, width: side - 1, height: side - 1, class: "frame" }), group, title);
      }
    });

    const changed = () => {
      describe();
      ask();
    };

    function count() {
      const w = found();
      counts.losses += 1;
      for (const name of Object.keys(w)) counts[name] += zeros(w[name]) > 0 ? 1 : 0;
      tally.textContent =
        `${counts.losses} ${counts.losses === 1 ? "loss" : "losses"} so far: L1 ended with a zero in ${counts.l1}, L2 in ${counts.l2}.`;
    }

    const own = (left) => panels.findLast((panel) => left >= panel.left) ?? panels[0];
    const value = (left, top) => {
      const { left: start, side } = own(left);
      return [scale([start, start + side], [-reach, reach])(left), scale([side + 26, 26], [-reach, reach])(top)];
    };
    const move = (minimum) => {
      loss.minimum = minimum.map((w) => clamp(Math.round(w * 100) / 100, -0.96 * reach, 0.96 * reach));
      changed();
    };

    let panel = null;
    dragged(
      svg,
      (left, top) => {
        panel = own(left);
        const near = value(left, top).map((w, i) => ((w - loss.minimum[i]) * panel.side) / 2 / reach);
        return Math.hypot(...near) < 26;
      },
      (left, top) => move(value(clamp(left, panel.left, panel.left + panel.side), top)),
      count,
    );
    svg.addEventListener("keydown", (event) => {
      const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!by) return;
      event.preventDefault();
      const size = event.shiftKey ? 0.5 : 0.1;
      move(loss.minimum.map((w, i) => w + by[i] * size));
    });
    slider.addEventListener("input", changed);
    another.addEventListener("click", () => {
      const turn = Math.random() * Math.PI;
      const [long, x, y] = [0.1 + 0.9 * Math.random(), Math.cos(turn), Math.sin(turn)];
      loss.curvature = [
        [x * x + long * y * y, (1 - long) * x * y],
        [(1 - long) * x * y, y * y + long * x * x],
      ];
      // About normal, and inside the drawing.
      move([0, 0].map(() => (Math.random() + Math.random() + Math.random() + Math.random() - 2) * 1.7));
      count();
    });
    describe();
  }

  plots.each("figure.overfit", overfit);
  plots.each("figure.decay", decay);
  plots.each("figure.meet", meet);

  return { polynomial, steps, solve };
})();
