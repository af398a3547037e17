/* Trains a dense network as reportgen/training/compiled.py does, with each of its optimizers and any size of batches:
   with one sample a step and plain gradient descent number for number, otherwise up to rounding. Arithmetic only,
   nothing here knows of a page.

   trainer.train(task)       what becomes of a network; see there
   trainer.layers(task, w)   weights w as a list of { rows, columns, values, bias }, views into w
   trainer.measures(task, w, test, threshold)   { loss, error, zero, below, size }; see there
   trainer.rest(problem, strength, mix, w)      the weights of a linear model with a penalty, where training would rest

   The Python trainer computes in float32, and where an absolute loss or a subgradient of L1 meets its kink, the last
   bit of a number decides which way a step goes: a thousand steps later the weights would differ in their second digit.
   So this file rounds wherever that one does. Math.fround rounds to float32, and so does storing into a Float32Array.
   The product of two float32 is exact in the doubles that JavaScript computes in, so `fround(sum + a * b)` rounds
   once; it is the fused multiply-add that a compiler makes of the Python code. */

const trainer = (() => {
  "use strict";

  const { abs, floor, fround, max, min, sign, sqrt } = Math;

  /* Value of each loss, and its derivative, from an output and a target. */
  const LOSSES = {
    absolute: ofResidual(abs, sign),
    squared: ofResidual((r) => r * r, (r) => 2 * r),
    huber: ofResidual((r) => (abs(r) <= 1 ? (r * r) / 2 : abs(r) - 0.5), (r) => clip(r, 1)),
    logistic: [
      (z, y) => max(z, 0) - z * y + Math.log1p(Math.exp(-abs(z))),
      (z, y) => fround(probability(z) - y),
    ],
  };

  function ofResidual(value, derivative) {
    return [(z, y) => value(fround(z - y)), (z, y) => derivative(fround(z - y))];
  }

  /* Of class 1, as losses/logistic.py computes it: the exponential is of a number below zero. */
  function probability(z) {
    const small = exp(-abs(z));
    return fround((z >= 0 ? 1 : small) / fround(1 + small));
  }

  /* Each activation, and its derivative from its own value. */
  const ACTIVATIONS = {
    linear: [(z) => z, () => 1],
    relu: [(z) => max(z, 0), sign],
    tanh: [tanh, (a) => fround(1 - a * a)],
    sigmoid: [(z) => fround(1 / fround(1 + exp(-z))), (a) => fround(a * fround(1 - a))],
  };

  const SCHEDULES = {
    constant: () => 1,
    linear: (done) => 1 - done,
    cosine: (done) => 0.5 + 0.5 * Math.cos(Math.PI * done),
  };

  /* The penalties of reportgen/penalties. Of a layer's kernel w, `push` writes strength times a subgradient into p, and
     `prox` takes the proximal step, whose scale is `scale` times the factor of each weight, or `scale` without factors. */
  const PENALTIES = {
    none: { push() {}, prox() {} },
    l1: elementwise(
      (w) => sign(w),
      // Soft thresholding without a sign function: a weight within the band becomes exactly zero.
      (w, scale) => w - clip(w, fround(scale)),
    ),
    l2: elementwise(
      (w) => w,
      // The product and the sum are rounded once.
      (w, scale) => w / fround(1 + scale),
    ),
    elastic_net: elementwise(
      (w, mix) => fround(mix * sign(w) + fround((1 - mix) * w)),
      (w, scale, mix) => fround(w - clip(w, fround(fround(scale) * mix))) / fround(1 + fround(fround(scale) * (1 - mix))),
    ),
    group_lasso: {
      push(p, w, layer, strength) {
        const weight = fround(sqrt(layer.columns));
        eachUnit(w, layer, (from, to, norm) => {
          for (let k = from; k < to; k += 1) p[k] = strength * fround(fround(weight * w[k]) / norm);
        });
      },
      prox(w, layer, scale, mix, factors) {
        const weight = fround(sqrt(layer.columns));
        if (factors) return shrinkGroups(w, layer, scale, weight, factors);
        return eachUnit(w, layer, (from, to, norm) => {
          const kept = max(fround(1 - fround(fround(scale * weight) / norm)), 0);
          for (let k = from; k < to; k += 1) w[k] *= kept;
        });
      },
    },
  };

  /* As in penalties/group_lasso.py: the floor avoids 0 / 0. */
  const [FLOOR, NEWTON_STEPS] = [1e-18, 10];

  /* The scale that `proximal` gets is a product of float32 that is not rounded yet. */
  function elementwise(subgradient, proximal) {
    return {
      push(p, w, { kernel, bias }, strength, mix) {
        for (let k = kernel; k < bias; k += 1) p[k] = strength * subgradient(w[k], mix);
      },
      prox(w, { kernel, bias }, scale, mix, factors) {
        for (let k = kernel; k < bias; k += 1) {
          w[k] = proximal(w[k], factors ? scale * factors[k] : scale, mix);
        }
      },
    };
  }

  /* The proximal step of the group lasso with a scale for each weight: Newton's method of penalties/group_lasso.py. */
  function shrinkGroups(w, { kernel, bias, columns }, scale, weight, factors) {
    if (scale === 0) return;
    for (let from = kernel; from < bias; from += columns) {
      const unit = w.slice(from, from + columns);
      const band = unit.map((_, k) => fround(scale * factors[from + k]) * weight);
      let r = unit.reduce((most, value, k) => max(most, abs(value) - band[k]), 0);
      for (let turn = 0; turn < NEWTON_STEPS; turn += 1) {
        const divisors = band.map((b) => max(r + b, FLOOR));
        const squares = unit.map((value, k) => (value / divisors[k]) ** 2);
        const total = squares.reduce((sum, square) => sum + square, 0);
        const slope = squares.reduce((sum, square, k) => sum + square / divisors[k], 0);
        r += max((total * (sqrt(total) - 1)) / max(slope, FLOOR), 0);
      }
      unit.forEach((value, k) => (w[from + k] = value * (r / max(r + band[k], FLOOR))));
    }
  }

  /* Calls `visit` with the index and the norm of each unit's outgoing weights. */
  function eachUnit(w, { kernel, bias, columns }, visit) {
    for (let from = kernel; from < bias; from += columns) {
      let sum = 0;
      for (let k = from; k < from + columns; k += 1) sum = fround(sum + w[k] * w[k]);
      visit(from, from + columns, max(fround(sqrt(sum)), FLOOR));
    }
  }

  /* The optimizers of training/compiled.py: each moves weights w down gradients g, which are rounded here. `state` holds
     what it remembers. Adam also leaves the sizes of its own step for each weight, relative to the rate, in
     `state.factors`. */
  const OPTIMIZERS = {
    sgd(w, g, rate) {
      for (let k = 0; k < w.length; k += 1) w[k] -= rate * fround(g[k]);
    },
    momentum(w, g, rate, state) {
      state.velocity ??= new Float32Array(w.length);
      const [v, { momentum }] = [state.velocity, state];
      for (let k = 0; k < w.length; k += 1) {
        v[k] = momentum * v[k] - fround(rate * fround(g[k]));
        w[k] += v[k];
      }
    },
    adam(w, g, rate, state, step) {
      for (const name of ["means", "squares", "factors"]) state[name] ??= new Float32Array(w.length);
      const { means, squares, factors } = state;
      const correction = fround(sqrt(fround(1 - power(0.999, step + 1))));
      const size = fround(rate * fround(correction / fround(1 - power(0.9, step + 1))));
      for (let k = 0; k < w.length; k += 1) {
        const gradient = fround(g[k]);
        means[k] += fround(gradient - means[k]) * ADAM[0];
        squares[k] += fround(gradient * gradient - squares[k]) * ADAM[1];
        const root = fround(fround(sqrt(squares[k])) + ADAM[2]);
        w[k] -= fround(fround(size * means[k]) / root);
        factors[k] = squares[k] > 0 ? correction / root : 1;
      }
    },
  };
  const ADAM = Float32Array.of(0.1, 0.001, 1e-7);

  function power(base, exponent) {
    return fround(fround(base) ** exponent);
  }

  function clip(value, bound) {
    return min(max(value, -bound), bound);
  }

  /* tanh as Eigen's ratio of polynomials, and the exponential function as that of Cephes, reduced to a small number and
     a power of two: XLA compiles these, and the true values would differ in the last bit. */
  function tanh(z) {
    if (abs(z) < SMALL) return z;
    const x = clip(z, LARGE);
    const square = fround(x * x);
    let [above, below] = [0, 0];
    for (let i = 0; i < ABOVE.length; i += 1) above = fround(square * above + ABOVE[i]);
    for (let i = 0; i < BELOW.length; i += 1) below = fround(square * below + BELOW[i]);
    return fround(fround(x * above) / below);
  }
  const [SMALL, LARGE] = [fround(0.0004), fround(7.99881172180175781)];
  const ABOVE = Float32Array.of(
    -2.76076847742355e-16, 2.00018790482477e-13, -8.60467152213735e-11, 5.12229709037114e-8, 1.48572235717979e-5,
    6.37261928875436e-4, 4.89352455891786e-3,
  );
  const BELOW = Float32Array.of(1.19825839466702e-6, 1.18534705686654e-4, 2.268434632439e-3, 4.89352518554385e-3);

  function exp(z) {
    const whole = floor(clip(z, MOST) * LOG2E + 0.5);
    const x = fround(fround(clip(z, MOST) - whole * LN2[0]) - whole * LN2[1]);
    let sum = 0;
    for (let i = 0; i < SERIES.length; i += 1) sum = fround(sum * x + SERIES[i]);
    return fround(fround(fround(sum * fround(x * x) + x) + 1) * 2 ** whole);
  }
  const [MOST, LOG2E] = [fround(88.376262664795), fround(Math.LOG2E)];
  /* Logarithm of 2 in two parts, so that the product with the first is exact. */
  const LN2 = Float32Array.of(0.693359375, -2.1219444e-4);
  const SERIES = Float32Array.of(
    1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
  );

  /* Where the numbers of each layer lie among the weights: its kernel, the weights that leave an input one after
     another, and then its biases. */
  function places(widths) {
    let end = 0;
    return widths.slice(1).map((columns, i) => {
      const [rows, kernel] = [widths[i], end];
      const bias = kernel + rows * columns;
      end = bias + columns;
      return { rows, columns, kernel, bias, end };
    });
  }

  function layers({ widths }, w) {
    return places(widths).map(({ rows, columns, kernel, bias, end }) => {
      return { rows, columns, values: w.subarray(kernel, bias), bias: w.subarray(bias, end) };
    });
  }

  /* From one layer's inputs to its outputs. */
  function forward(w, { rows, columns, kernel, bias }, inputs, outputs, value) {
    for (let column = 0; column < columns; column += 1) {
      let sum = inputs[0] * w[kernel + column];
      // A single product is rounded together with the bias.
      if (rows > 1) sum = fround(sum);
      for (let row = 1; row < rows; row += 1) sum = fround(sum + inputs[row] * w[kernel + row * columns + column]);
      outputs[column] = value(fround(sum + w[bias + column]));
    }
  }

  /* Adds the gradients of one layer to g, and gives the gradient with respect to its inputs from the one with respect to
     its outputs. */
  function backward(w, g, { rows, columns, kernel, bias }, inputs, delta, back, derivative, first) {
    for (let row = 0, k = kernel; row < rows; row += 1) {
      let sum = 0;
      for (let column = 0; column < columns; column += 1, k += 1) {
        g[k] = first ? inputs[row] * delta[column] : fround(g[k] + inputs[row] * delta[column]);
        sum = fround(sum + delta[column] * w[k]);
      }
      back[row] = sum * derivative(inputs[row]);
    }
    for (let column = 0, k = bias; column < columns; column += 1, k += 1) {
      g[k] = first ? delta[column] : fround(g[k] + delta[column]);
    }
  }

  /* The learning rate of each step, and the size of each update for the proximal step: see `Training.rates` and
     `Training.step_sizes` in training/run.py. */
  function stepSizes({ steps, fullBatchSteps = 0, rate, schedule, optimizer, momentum }) {
    const batches = steps - fullBatchSteps;
    const factor = (i) => (i < batches ? SCHEDULES[schedule](i / batches) : 1 - (i - batches) / fullBatchSteps);
    const rates = Float32Array.from({ length: steps }, (_, i) => rate * factor(i));
    const sizes = Float64Array.from(rates);
    if (optimizer === "momentum") for (let i = 1; i < batches; i += 1) sizes[i] += momentum * sizes[i - 1];
    return { rates, sizes: Float32Array.from(sizes) };
  }

  /* Trains a network of one output.

     A task has widths ([1, 10, 10, 10, 1]), activation, x and y (the training samples; with several inputs x has a list
     for each), weights (the initial ones, in
     the order of `places`), order (the sample that each step sees, or a list of them; begun again at its end), steps,
     every (steps between two records), loss, rate, schedule, penalty, mix, strength, and step ("subgradient" or
     "proximal"). It may have an optimizer ("sgd"), momentum (0), and fullBatchSteps (0), the number of the last steps
     that see all samples.

     Returns { steps, records, diverged }: the recorded steps from 0 on, the weights at each, and the first step whose
     numbers were not finite, or null. Records end before it. */
  function train(task) {
    const all = places(task.widths);
    const [value, derivative] = ACTIVATIONS[task.activation];
    const identity = ACTIVATIONS.linear[0];
    const slope = LOSSES[task.loss][1];
    const penalty = PENALTIES[task.strength > 0 ? task.penalty : "none"];
    const proximal = task.step === "proximal";
    const [x, y, strength, mix] = [rows(task.x), Float32Array.from(task.y), fround(task.strength), task.mix];
    const { rates, sizes } = stepSizes(task);
    const inBatches = task.steps - (task.fullBatchSteps ?? 0);
    const order = task.order.map((seen) => [seen].flat());
    const update = OPTIMIZERS[task.optimizer ?? "sgd"];
    const everySample = task.x.map((_, i) => i);
    const w = Float32Array.from(task.weights);
    // Products of float32 stay exact in the gradient of a single sample until the penalty's push is added.
    const [g, p] = [new Float64Array(w.length), new Float32Array(w.length)];
    const units = task.widths.map((width) => new Float32Array(width));
    const deltas = task.widths.map((width) => new Float32Array(width));
    const state = { momentum: fround(task.momentum ?? 0) };
    const last = all.length;
    const [steps, records] = [[0], [w.slice()]];
    for (let step = 0; step < task.steps; step += 1) {
      const whole = step >= inBatches;
      const batch = whole ? everySample : order[step % order.length];
      for (let i = 0; i < batch.length; i += 1) {
        units[0].set(x[batch[i]]);
        for (let l = 0; l < last; l += 1) forward(w, all[l], units[l], units[l + 1], l + 1 < last ? value : identity);
        const [output, target] = [units[last][0], y[batch[i]]];
        if (!Number.isFinite(fround(output - target))) return { steps, records, diverged: step + 1 };
        deltas[last][0] = slope(output, target) / batch.length;
        for (let l = last - 1; l >= 0; l -= 1) {
          backward(w, g, all[l], units[l], deltas[l + 1], deltas[l], derivative, i === 0);
        }
      }
      if (!proximal) for (let l = 0; l < last; l += 1) penalty.push(p, w, all[l], strength, mix);
      for (let k = 0; k < w.length; k += 1) g[k] += p[k];
      (whole ? OPTIMIZERS.sgd : update)(w, g, rates[step], state, step);
      if (proximal) {
        const factors = whole ? undefined : state.factors;
        for (let l = 0; l < last; l += 1) penalty.prox(w, all[l], fround(sizes[step] * strength), mix, factors);
      }
      if ((step + 1) % task.every === 0 || step + 1 === task.steps) {
        if (!w.every(Number.isFinite)) return { steps, records, diverged: step + 1 };
        steps.push(step + 1);
        records.push(w.slice());
      }
    }
    return { steps, records, diverged: null };
  }

  /* The inputs of samples: one number, or a list of them. */
  function rows(x) {
    return Array.from(x, (input) => Float32Array.from([input].flat()));
  }

  /* The output for each input; of two classes the log-odds of the second. */
  function predict({ widths, activation }, w, x) {
    const all = places(widths);
    const units = widths.map((width) => new Float32Array(width));
    return rows(x).map((input) => {
      units[0].set(input);
      all.forEach((layer, i) => {
        forward(w, layer, units[i], units[i + 1], ACTIVATIONS[i + 1 < all.length ? activation : "linear"][0]);
      });
      return units.at(-1)[0];
    });
  }

  /* Mean loss over the training samples, total |error| over the test samples { x, y } (of two classes the total
     log-loss, and `wrong`, the share of samples whose class is less likely than the other), shares of the weights that are
     exactly zero and within the threshold, and the sum of |w|; biases are no weights here. */
  function measures(task, w, test, threshold) {
    const kernels = layers(task, w).flatMap(({ values }) => Array.from(values, abs));
    const share = (bound) => kernels.filter((size) => size <= bound).length / kernels.length;
    const total = (numbers) => numbers.reduce((sum, number) => sum + number, 0);
    const [tested, classes] = [predict(task, w, test.x), task.loss === "logistic"];
    const losses = (outputs, y, [value]) => total(outputs.map((output, i) => value(output, y[i])));
    return {
      loss: losses(predict(task, w, task.x), task.y, LOSSES[task.loss]) / task.x.length,
      error: losses(tested, test.y, LOSSES[classes ? "logistic" : "absolute"]),
      wrong: classes ? tested.filter((z, i) => z >= 0 !== test.y[i] > 0.5).length / tested.length : NaN,
      zero: share(0),
      below: share(threshold),
      size: total(kernels),
    };
  }

  /* Linear models at rest. Nothing is repeated number for number here, so these compute in doubles. */

  const [SWEEPS, TOLERANCE] = [2000, 1e-7];

  /* Minimizes the mean of (y - x · w)² + strength · penalty over w, where the penalty of each group of weights is
     mix · √size · |group| + (1 - mix) / 2 · |group|²: of a single weight L1 (mix 1), L2 (mix 0) or the elastic net.

     A problem has gram (xᵀx / n, row after row), target (xᵀy / n) and groups ([from, to] of each, without gaps). w is
     where the search begins; it is changed and returned. */
  function rest(problem, strength, mix, w) {
    return strength === 0 || mix === 0 ? solve(problem, strength, w) : descend(problem, strength, mix, w);
  }

  /* Proximal steps on one group after another, each of the size that suits the group, until all rest. Groups that are
     zero are looked at again when the others rest. */
  function descend({ gram, target, groups }, strength, mix, w) {
    const size = target.length;
    const slope = target.map((value) => -value);
    for (let k = 0; k < size; k += 1) if (w[k] !== 0) move(k, w[k]);
    function move(k, change) {
      for (let i = 0, at = k * size; i < size; i += 1, at += 1) slope[i] += gram[at] * change;
    }
    const all = groups.map(([from, to]) => {
      const curve = largest(gram, size, from, to);
      return { from, to, curve, band: (strength * mix * sqrt(to - from)) / 2, divisor: curve + (strength * (1 - mix)) / 2 };
    });
    function step({ from, to, curve, band, divisor }) {
      if (curve === 0) return 0;
      let norm = 0;
      for (let k = from; k < to; k += 1) norm += (curve * w[k] - slope[k]) ** 2;
      const kept = max(1 - band / max(sqrt(norm), FLOOR), 0) / divisor;
      let furthest = 0;
      for (let k = from; k < to; k += 1) {
        const change = (curve * w[k] - slope[k]) * kept - w[k];
        if (change === 0) continue;
        w[k] = kept === 0 ? 0 : w[k] + change;
        move(k, change);
        furthest = max(furthest, abs(change));
      }
      return furthest;
    }
    const sweep = (some) => some.reduce((furthest, group) => max(furthest, step(group)), 0);
    for (let turn = 0; turn < SWEEPS && sweep(all) > TOLERANCE; turn += 1) {
      const active = all.filter(({ from, to }) => w.subarray(from, to).some((value) => value !== 0));
      while (turn < SWEEPS && sweep(active) > TOLERANCE) turn += 1;
    }
    return w;
  }

  /* The largest eigenvalue of a group's block of the Gram matrix, by powers of it. A little too small does no harm:
     steps of less than twice the right size still descend. */
  function largest(gram, size, from, to) {
    if (to - from === 1) return gram[from * size + from];
    let v = Array.from({ length: to - from }, (_, i) => 1 / (i + 1) - (i % 2));
    let norm = 0;
    for (let turn = 0; turn < 20; turn += 1) {
      const next = v.map((_, i) => v.reduce((sum, value, j) => sum + gram[(from + i) * size + from + j] * value, 0));
      norm = Math.hypot(...next) / Math.hypot(...v);
      v = next.map((value) => value / (norm || 1));
    }
    return norm;
  }

  /* Without L1 the minimum solves a linear system. Columns that repeat each other share their weight: the floor of the
     diagonal is what makes the solution one. */
  function solve({ gram, target }, strength, w) {
    const size = target.length;
    const root = Float64Array.from(gram);
    for (let i = 0; i < size; i += 1) {
      root[i * size + i] += max(strength / 2, 1e-9);
      // Cholesky's root row by row, and the first of the two substitutions with it.
      let value = target[i];
      for (let j = 0; j <= i; j += 1) {
        let sum = root[i * size + j];
        for (let k = 0; k < j; k += 1) sum -= root[i * size + k] * root[j * size + k];
        root[i * size + j] = j < i ? sum / root[j * size + j] : sqrt(max(sum, 1e-12));
        if (j < i) value -= root[i * size + j] * w[j];
      }
      w[i] = value / root[i * size + i];
    }
    for (let i = size - 1; i >= 0; i -= 1) {
      for (let k = i + 1; k < size; k += 1) w[i] -= root[k * size + i] * w[k];
      w[i] /= root[i * size + i];
    }
    return w;
  }

  return { train, layers, measures, predict, rest };
})();
