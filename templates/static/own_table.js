/* A table of the reader: a CSV file that is dropped into the page, chosen or pasted is read and fitted here, and goes
   nowhere.

   ownTable.read(bytes or text, name)   a promise of a table; see there
   ownTable.prepare(table, target, used)   a promise of a problem for trainer.rest; see there
   ownTable.path(problem, mix)       a promise of the weights and errors at each strength; see there

   Each rejects with an Error whose message is for the reader; `command` is true if the command can do what a page cannot.
   All of them pause often, so that the page stays alive; the content policy allows no worker. */

const ownTable = (() => {
  "use strict";

  const MOST = { bytes: 5_000_000, rows: 50_000, columns: 200, inputs: 300, levels: 20 };
  const FEWEST_ROWS = 10;
  /* A column with so large a share of numbers is one of numbers, and its words are mistakes. */
  const NUMBERS = 0.8;

  const MISSING = /^(|na|n\/a|nan|null|none|\?|-|\.)$/i;
  const PLAIN = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;
  const DATE = /^(\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?|\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2}))([T ].*)?$|^\d{1,2}:\d\d(:\d\d)?$/;
  const IDENTIFIER = /(^|[^a-z])id$|^(index|row|no|nr|#)$/i;
  /* Numbers with thousands, and the part behind their decimal sign. */
  const GROUPED = {
    ".": /^[-+]?\d{1,3}([,' \u00a0\u202f])\d{3}(\1\d{3})*(\.\d*)?$/,
    ",": /^[-+]?\d{1,3}([.' \u00a0\u202f])\d{3}(\1\d{3})*(,\d*)?$/,
  };
  const SEPARATORS = { "\t": "tabs", ";": "semicolons", "|": "bars", ",": "commas" };
  /* First bytes of files that are no text. */
  const OTHERS = [
    [[0x50, 0x4b, 3, 4], "is an Excel workbook or another zip archive"],
    [[0xd0, 0xcf, 0x11, 0xe0], "is an old Excel workbook"],
    [[0x1f, 0x8b], "is compressed (gzip)"],
    [[0x50, 0x41, 0x52, 0x31], "is a Parquet file"],
    [[0x25, 0x50, 0x44, 0x46], "is a PDF"],
  ];

  const count = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

  function refuse(message, command = false) {
    return Object.assign(new Error(message), { command, told: true });
  }

  /* A name inside a sentence: without control characters and marks of direction, isolated, and not too long. */
  function quote(name) {
    const clean = shown(name);
    return `“\u2068${clean.length > 60 ? `${clean.slice(0, 59)}…` : clean}\u2069”`;
  }

  const shown = (text) => text.replace(/[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/g, "\ufffd");

  /* Gives the browser a turn if the last one is some time ago. */
  function pauses() {
    let last = performance.now();
    return async () => {
      if (performance.now() - last < 25) return;
      await new Promise((resume) => setTimeout(resume));
      last = performance.now();
    };
  }

  /* Text */

  function decode(bytes) {
    const other = OTHERS.find(([start]) => start.every((byte, i) => bytes[i] === byte));
    if (other) throw refuse(`This file ${other[1]}, not text. Save the table as CSV.`, true);
    const words = (encoding, options) => new TextDecoder(encoding, options).decode(bytes);
    const [first, second] = bytes;
    if (first === 0xff && second === 0xfe) return { encoding: "UTF-16", text: words("utf-16le") };
    if (first === 0xfe && second === 0xff) return { encoding: "UTF-16", text: words("utf-16be") };
    const zeros = [0, 0];
    const seen = Math.min(bytes.length, 4096);
    for (let i = 0; i < seen; i += 1) if (bytes[i] === 0) zeros[i % 2] += 1;
    // Every second byte of plain text in UTF-16 is zero.
    if (zeros[1] > 0.4 * seen && zeros[0] === 0) return { encoding: "UTF-16", text: words("utf-16le") };
    if (zeros[0] > 0.4 * seen && zeros[1] === 0) return { encoding: "UTF-16", text: words("utf-16be") };
    if (bytes.includes(0)) throw refuse("This file is not text: it has zero bytes. Save the table as CSV.");
    try {
      return { encoding: "UTF-8", text: words("utf-8", { fatal: true }) };
    } catch {
      return { encoding: "Latin-1", text: words("windows-1252") };
    }
  }

  /* The character that divides most of the first lines as it divides the first one. */
  function separator(text) {
    const lines = text.slice(0, 65_536).replace(/"(?:[^"]|"")*"/g, "").split(/\r\n?|\n/).filter(Boolean).slice(0, 50);
    let best = [0, null];
    for (const character of Object.keys(SEPARATORS)) {
      const counts = lines.map((line) => line.split(character).length - 1);
      const agree = counts[0] > 0 ? counts.filter((number) => number === counts[0]).length : 0;
      if (agree > best[0]) best = [agree, character];
    }
    return best[1];
  }

  /* Columns of cells, from RFC 4180 with any separator; `lines` has the line of the file where each row begins. */
  async function cells(text, by) {
    const pause = pauses();
    const [end, split] = [text.length, by.charCodeAt(0)];
    const lines = [];
    let [names, columns, at, line] = [null, null, 0, 1];
    while (at < end) {
      const [begun, row] = [line, []];
      for (;;) {
        let quoted = null;
        while (text[at] === " ") at += 1;
        if (text[at] === '"') {
          quoted = "";
          for (;;) {
            const close = text.indexOf('"', at + 1);
            if (close < 0) throw refuse(`The quote that begins in line ${begun} does not end.`);
            quoted += text.slice(at + 1, close);
            at = close + 1;
            if (text[at] !== '"') break;
            quoted += '"';
          }
          line += quoted.split("\n").length - 1;
        }
        const from = at;
        let code = text.charCodeAt(at);
        while (at < end && code !== split && code !== 10 && code !== 13) code = text.charCodeAt((at += 1));
        const plain = text.slice(from, at).trim();
        row.push(quoted === null ? plain : quoted.trim() + plain);
        at += 1;
        if (at > end || code !== split) {
          if (code === 13 && text[at] === "\n") at += 1;
          break;
        }
      }
      line += 1;
      if (row.length === 1 && row[0] === "") continue;
      if (!names) {
        names = row;
        columns = names.map(() => []);
        check(names);
        continue;
      }
      if (row.length !== names.length) {
        const found = count(row.length, "cell");
        throw refuse(`Line ${begun} has ${found}, the first line ${names.length}. Correct it; cells with a separator need quotes.`);
      }
      for (let i = 0; i < row.length; i += 1) columns[i].push(row[i]);
      lines.push(begun);
      if (lines.length > MOST.rows) {
        throw refuse(`This table has more than ${count(MOST.rows, "row")}, the most that a page fits.`, true);
      }
      if (lines.length % 500 === 0) await pause();
    }
    return { names: names ?? [], columns: columns ?? [], lines };
  }

  function check(names) {
    if (names.length < 2) {
      throw refuse("Only one column was found. Columns are separated by a comma, a semicolon, a tab or a bar (|).");
    }
    if (names.length > MOST.columns) {
      throw refuse(`This table has ${count(names.length, "column")}; a page fits ${MOST.columns}.`, true);
    }
    if (names.every((name) => MISSING.test(name) || PLAIN.test(name.replace(",", ".")))) {
      throw refuse("The first line has no names of columns, only numbers. Add a line with names above it.");
    }
    const twice = names.find((name, i) => name && names.indexOf(name) < i);
    if (twice) throw refuse(`Two columns are called ${quote(twice)}. Give each a name of its own.`);
  }

  /* Numbers and kinds of columns */

  /* "," if the table has decimal commas. A cell such as 1,234 tells nothing, unless no other cell tells more. */
  function decimalSign(columns, by) {
    let [points, commas, open] = [0, 0, 0];
    for (const column of columns) {
      for (const cell of column.slice(0, 1000)) {
        if (GROUPED["."].test(cell) && GROUPED[","].test(cell)) continue;
        if (/^[-+]?\d{1,3}[.,]\d{3}$/.test(cell)) open += cell.includes(",");
        else if (/^[-+]?[\d.' \u00a0\u202f]*,\d+$/.test(cell)) commas += 1;
        else if (/^[-+]?[\d,' \u00a0\u202f]*\.\d+$/.test(cell)) points += 1;
      }
    }
    return commas > points || (commas === points && by === ";" && open > 0) ? "," : ".";
  }

  function toNumber(cell, sign) {
    if (sign === "." && PLAIN.test(cell)) return Number(cell);
    const text = cell.replace("−", "-");
    const grouped = GROUPED[sign].test(text);
    const bare = grouped ? text.replace(sign === "," ? /[.' \u00a0\u202f]/g : /[,' \u00a0\u202f]/g, "") : text;
    if (sign === "," && !grouped && bare.includes(".")) return NaN;
    const plain = sign === "," ? bare.replace(",", ".") : bare;
    return PLAIN.test(plain) ? Number(plain) : NaN;
  }

  /* { name, kind, … }: "number" with values (NaN if missing), "category" with levels and values (their indices), or
     "left out" with `why`. */
  function column(name, texts, lines, sign) {
    const rows = texts.length;
    const values = new Float64Array(rows);
    let [missing, numbers, dates, word] = [0, 0, 0, -1];
    for (let i = 0; i < rows; i += 1) {
      const text = texts[i];
      values[i] = NaN;
      if (MISSING.test(text)) {
        missing += 1;
        continue;
      }
      const number = toNumber(text, sign);
      if (Number.isFinite(number)) {
        values[i] = number;
        numbers += 1;
      } else {
        if (word < 0) word = i;
        if (DATE.test(text)) dates += 1;
      }
    }
    const present = rows - missing;
    const out = (why) => ({ name, kind: "left out", why, missing });
    if (present === 0) return out("has no values");
    if (dates > NUMBERS * present) return out("has dates");
    if (numbers < present && numbers >= NUMBERS * present) {
      throw refuse(
        `Column ${quote(name)} has numbers, but line ${lines[word]} has ${quote(texts[word])}, which is none that can be used. Correct the cell or leave it empty.`,
      );
    }
    if (numbers === present) {
      const first = values.find((value) => !Number.isNaN(value));
      if (values.every((value) => value === first || Number.isNaN(value))) return out("has the same value in every row");
      return { name, kind: "number", values, missing, identifier: missing === 0 && isIdentifier(name, values) };
    }
    const most = Math.min(MOST.levels, Math.floor(rows / 2));
    const different = new Set();
    for (const text of texts) {
      if (!MISSING.test(text)) different.add(text);
      if (different.size > most) return out(`has more than ${most} different texts`);
    }
    if (different.size === 1) return out("has the same value in every row");
    const levels = [...different].sort();
    const places = new Map(levels.map((level, i) => [level, i]));
    return { name, kind: "category", levels, values: values.map((_, i) => places.get(texts[i]) ?? NaN), missing };
  }

  function isIdentifier(name, values) {
    if (!values.every(Number.isInteger)) return false;
    const counted = values.every((value, i) => value === values[0] + i);
    return counted || (IDENTIFIER.test(name) && new Set(values).size === values.length);
  }

  /* { name, rows, columns, preview, told }: columns of `column`, the first rows as text, and how the file was read. */
  async function read(source, name) {
    const text = typeof source === "string" ? { text: source, encoding: null } : decode(source);
    const whole = text.text;
    if (!whole.trim()) throw refuse("There is nothing in it. A table has a line with names and then rows.");
    const stated = /^sep=(.)\r?\n/i.exec(whole);
    const body = stated ? whole.slice(stated[0].length) : whole;
    const by = stated?.[1] ?? separator(body);
    if (by === null) check([""]);
    const found = await cells(body, by);
    const rows = found.lines.length;
    if (rows < FEWEST_ROWS) {
      throw refuse(`The table has ${count(rows, "row")} below its names; a fit needs at least ${FEWEST_ROWS}.`);
    }
    const sign = decimalSign(found.columns, by);
    const pause = pauses();
    const columns = [];
    for (const [i, texts] of found.columns.entries()) {
      columns.push(column(found.names[i] || `column ${i + 1}`, texts, found.lines, sign));
      await pause();
    }
    return {
      name,
      rows,
      columns,
      preview: [0, 1, 2, 3].map((row) => found.columns.map((texts) => texts[row])),
      told: [
        text.encoding,
        `columns separated by ${SEPARATORS[by] ?? quote(by)}`,
        sign === "," ? "decimal commas" : null,
      ].filter(Boolean).join(", "),
    };
  }

  /* Columns that can be a target: numbers, and two texts, which become 0 and 1. */
  const isTarget = ({ kind, levels }) => kind === "number" || levels?.length === 2;

  /* The problem */

  /* Random numbers from 0 to 1: mulberry32. */
  function random(seed) {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  /* A problem for trainer.rest from the columns of a table whose indices are in `used`.

     A fifth of the rows is held out. All that is learned about a column (its mean, which takes the place of missing
     values, and its standard deviation, which becomes 1) is learned from the other rows; the target is scaled as well.
     A category has a column for each of its levels, which form one group. */
  async function prepare(table, target, used) {
    const pause = pauses();
    const goal = table.columns[target];
    const rows = Array.from(goal.values.keys()).filter((row) => !Number.isNaN(goal.values[row]));
    if (rows.length < FEWEST_ROWS) {
      throw refuse(`Only ${count(rows.length, "row")} have a value of the target ${quote(goal.name)}; a fit needs ${FEWEST_ROWS}.`);
    }
    const draw = random(1);
    for (let i = rows.length - 1; i > 0; i -= 1) {
      const j = Math.floor(draw() * (i + 1));
      [rows[i], rows[j]] = [rows[j], rows[i]];
    }
    const training = rows.length - Math.floor(rows.length / 5);
    const scale = (values) => scaled(values, training);
    const y = scale(Float64Array.from(rows, (row) => goal.values[row]));
    if (!y) throw refuse(`The target ${quote(goal.name)} has the same value in every row of training.`);
    const [x, groups, features, constant] = [[], [], [], []];
    for (const index of used) {
      const { name, kind, values, levels } = table.columns[index];
      const all = Float64Array.from(rows, (row) => values[row]);
      const parts = kind === "number" ? [all] : indicators(all, levels.length);
      const found = parts.map(scale);
      const kept = found.flatMap((part, i) => (part ? [{ ...part, level: levels?.[i] }] : []));
      if (!kept.length) {
        constant.push(name);
        continue;
      }
      groups.push([x.length, x.length + kept.length]);
      features.push({ name, index, category: kind === "category", parts: kept.map(({ mean, deviation, level }) => ({ mean, deviation, level })) });
      for (const part of kept) x.push(part.values);
      if (x.length > MOST.inputs) {
        throw refuse(`With one column for each value of a category the table has more than ${MOST.inputs} columns, too many for a page. Leave some out.`, true);
      }
      await pause();
    }
    if (!x.length) throw refuse("No column is left to predict the target from.");
    const size = x.length;
    const [gram, moments] = [new Float64Array(size * size), new Float64Array(size)];
    // In blocks of rows that stay in the cache of the processor.
    for (let from = 0; from < training; from += 1024) {
      const to = Math.min(training, from + 1024);
      for (let i = 0; i < size; i += 1) {
        products(x, i, from, to, gram, training);
        moments[i] += product(x[i], y.values, from, to) / training;
        await pause();
      }
    }
    for (let i = 0; i < size; i += 1) for (let j = 0; j < i; j += 1) gram[j * size + i] = gram[i * size + j];
    return { gram, target: moments, groups, features, x, y, training, rows, constant, goal };
  }

  /* A column of zeros and ones for each level; NaN stays NaN in all. */
  function indicators(values, levels) {
    const parts = Array.from({ length: levels }, () => new Float64Array(values.length));
    for (let i = 0; i < values.length; i += 1) {
      if (Number.isNaN(values[i])) for (const part of parts) part[i] = NaN;
      else parts[values[i]][i] = 1;
    }
    return parts;
  }

  function product(a, b, from, to) {
    let sum = 0;
    for (let i = from; i < to; i += 1) sum += a[i] * b[i];
    return sum;
  }

  /* Adds the mean products of column i with the columns up to it to its row of the Gram matrix, four at a time: sums
     that do not wait for each other take a third of the time. */
  function products(x, i, from, to, gram, training) {
    const [a, row] = [x[i], i * x.length];
    let j = 0;
    for (; j + 3 <= i; j += 4) {
      const [b, c, d, e] = [x[j], x[j + 1], x[j + 2], x[j + 3]];
      let [s, t, u, v] = [0, 0, 0, 0];
      for (let k = from; k < to; k += 1) {
        const value = a[k];
        s += value * b[k];
        t += value * c[k];
        u += value * d[k];
        v += value * e[k];
      }
      gram[row + j] += s / training;
      gram[row + j + 1] += t / training;
      gram[row + j + 2] += u / training;
      gram[row + j + 3] += v / training;
    }
    for (; j <= i; j += 1) gram[row + j] += product(a, x[j], from, to) / training;
  }

  /* { values, mean, deviation } of a column with mean 0 and standard deviation 1 over the first, the training rows;
     null if these are all equal. */
  function scaled(values, training) {
    let [number, mean, largest] = [0, 0, 0];
    for (let i = 0; i < training; i += 1) if (!Number.isNaN(values[i])) number += 1;
    for (let i = 0; i < training; i += 1) if (!Number.isNaN(values[i])) mean += values[i] / number;
    const result = new Float64Array(values.length);
    for (let i = 0; i < values.length; i += 1) {
      if (!Number.isNaN(values[i])) result[i] = values[i] - mean;
      largest = Math.max(largest, Math.abs(result[i]));
    }
    // Divided first, so that squares of any number are numbers.
    if (largest > 0) for (let i = 0; i < values.length; i += 1) result[i] /= largest;
    const share = Math.sqrt(product(result, result, 0, training) / training);
    const deviation = share * largest;
    if (!(deviation > 1e-12 * Math.abs(mean)) || !Number.isFinite(deviation)) return null;
    for (let i = 0; i < values.length; i += 1) result[i] /= share;
    return { values: result, mean, deviation };
  }

  /* Round strengths, 20 for each power of ten: of L1 and the elastic net down from the least that leaves no weight, of
     L2 from one that leaves hardly any. */
  function strengths({ target, groups }, mix) {
    const pull = groups.map(([from, to]) => Math.hypot(...target.subarray(from, to)) / Math.sqrt(to - from));
    const most = mix ? (2 * Math.max(...pull)) / mix : 1000;
    const last = Math.ceil(20 * Math.log10(most || 1) - 1e-9);
    const round = (place) => Number((10 ** (place / 20)).toPrecision(2));
    const stops = [];
    for (let place = last + (round(last) < most ? 1 : 0); stops.length < (mix ? 61 : 121); place -= 1) stops.push(round(place));
    return stops;
  }

  /* { strength, w, errors: [training, held out] } at each strength, the least first; errors are roots of mean squares
     in units of the target. mix is null for no penalty. */
  async function path(problem, mix) {
    const pause = pauses();
    const { gram, target, x, y, training, rows } = problem;
    const size = target.length;
    const held = y.values.subarray(training);
    const found = [];
    let w = new Float64Array(size);
    for (const strength of mix === null ? [0] : strengths(problem, mix)) {
      w = trainer.rest(problem, strength, mix ?? 0, Float64Array.from(w));
      // The mean square in training is 1 - 2 w · target + w · gram · w, since the target is scaled.
      let square = 1;
      const left = Float64Array.from(held);
      for (let k = 0; k < size; k += 1) {
        if (w[k] === 0) continue;
        square += w[k] * (product(w, gram.subarray(k * size, (k + 1) * size), 0, size) - 2 * target[k]);
        const column = x[k];
        for (let i = 0; i < left.length; i += 1) left[i] -= w[k] * column[training + i];
      }
      const errors = [Math.max(square, 0), product(left, left, 0, left.length) / (rows.length - training)];
      found.unshift({ strength, w, errors: errors.map((error) => y.deviation * Math.sqrt(error)) });
      await pause();
    }
    return found;
  }

  return { read, prepare, path, isTarget, refuse, quote, shown, count, MOST };
})();

plots.each("#own-table", (figure) => {
  "use strict";

  const { quote, shown, count } = ownTable;
  const find = (selector) => figure.querySelector(selector);
  const [drop, file, pasted, wrong, command] = [".drop", ".drop input", ".drop textarea", ".wrong span", ".wrong code"].map(find);
  const [said, target, penalty, slider, canvas] = [".own-said", ".target", ".penalty", ".strength", "canvas"].map(find);
  /* Lines of the chart that have colors and names; the others are gray. */
  const COLORS = ["blue", "vermillion", "green", "purple", "sky", "orange"];

  /* What is on view: { table, used, target, mix, problem, path, baseline }. */
  let state = null;
  let work = 0;
  let waiting = false;
  let area = null;

  /* A new element with text. */
  function make(tag, text = "", more = {}) {
    return Object.assign(document.createElement(tag), { textContent: text }, more);
  }

  const number = (value, digits = 3) => plots.number(value, digits);
  const strength = (value) => number(value, 2);

  /* Does `task`, whose result becomes the state unless a later one has begun; an error is told, and the old state stays. */
  async function attempt(words, task, name = null) {
    const mine = (work += 1);
    figure.setAttribute("aria-busy", "true");
    said.textContent = words;
    wrong.parentElement.hidden = true;
    try {
      const found = await task();
      if (mine !== work) return;
      state = found;
      fill();
    } catch (error) {
      if (mine !== work) return;
      wrong.textContent = error.told ? error.message : "The file could not be read: it is a folder, or it has changed or gone.";
      command.parentElement.hidden = !error.command;
      command.textContent = `reportgen build ${argument(name ?? state?.table.name ?? "FILE", true)} --target NAME`;
      wrong.parentElement.hidden = false;
      said.textContent = state ? `Still shown: ${shown(state.table.name)}.` : "";
      if (state) choose();
    } finally {
      if (mine === work) figure.removeAttribute("aria-busy");
    }
  }

  /* A name as one argument of a shell. */
  function argument(name, isFile = false) {
    const text = isFile && name.startsWith("-") ? `./${name}` : name;
    return /^[\w./+-]+$/.test(text) ? text : `'${shown(text).replaceAll("'", "'\\''")}'`;
  }

  async function fit(table, goal, used, mix) {
    const problem = await ownTable.prepare(table, goal, used.filter((index) => index !== goal));
    return withPath({ table, used, target: goal, problem }, mix);
  }

  async function withPath(before, mix) {
    const { y, training, rows } = before.problem;
    const path = await ownTable.path(before.problem, mix);
    const held = y.values.subarray(training);
    const baseline = y.deviation * Math.sqrt(held.reduce((sum, value) => sum + value * value, 0) / held.length);
    const best = path.reduce((least, one, i) => (one.errors[1] <= path[least].errors[1] ? i : least), 0);
    return { ...before, mix, path, baseline, best, at: best, names: before.problem.features.map(({ name }) => name), count: rows.length };
  }

  const mixOf = () => (penalty.value === "" ? null : Number(penalty.value));

  async function open(source, name) {
    const table = await ownTable.read(source, name);
    const { columns } = table;
    const used = [...columns.keys()].filter((i) => columns[i].kind !== "left out" && !columns[i].identifier);
    const goal = used.findLast((i) => columns[i].kind === "number") ?? used.findLast((i) => ownTable.isTarget(columns[i]));
    if (goal === undefined) {
      throw ownTable.refuse("No column can be the target, which needs numbers (or two texts) that are not the same in every row. The command fits several classes.", true);
    }
    return fit(table, goal, used, mixOf());
  }

  function openFile(given) {
    const name = given.name;
    attempt("Reading …", async () => {
      const { bytes } = ownTable.MOST;
      if (given.size > bytes) {
        throw ownTable.refuse(`This file has ${number(given.size / 1e6)} MB; a page fits ${number(bytes / 1e6)} MB.`, true);
      }
      return open(new Uint8Array(await given.arrayBuffer()), name);
    }, name);
  }

  function openText(text) {
    attempt("Reading …", () => {
      if (text.length > ownTable.MOST.bytes) throw ownTable.refuse("This text is too long for a page. Save it as a file.", true);
      return open(text, "pasted.csv");
    }, "pasted.csv");
  }

  /* The page as the state wants it */

  function choose() {
    target.value = state.target;
    penalty.value = state.mix ?? "";
    for (const box of figure.querySelectorAll(".preview input")) box.checked = state.used.includes(Number(box.value));
  }

  function fill() {
    const { table, problem, path, at } = state;
    find(".fitted").hidden = false;
    target.replaceChildren(...table.columns.flatMap((column, i) => (ownTable.isTarget(column) ? [make("option", shown(column.name), { value: i })] : [])));
    preview();
    find(".told").replaceChildren(...told().map((words) => make("li", words)));
    slider.max = path.length - 1;
    slider.value = at;
    slider.disabled = path.length === 1;
    choose();
    show();
    const [held, all] = [state.count - problem.training, state.count];
    said.textContent = `${shown(table.name)}: ${count(all, "row")}, ${count(state.names.length, "column")} to predict ${quote(problem.goal.name)} from. ${summary()} ${count(held, "row")} were held out.`;
    figure.dataset.fitted = Number(figure.dataset.fitted ?? 0) + 1;
  }

  function preview() {
    const { table, used } = state;
    const head = make("tr");
    table.columns.forEach((column, i) => {
      const cell = make("th", "", { scope: "col" });
      const label = make("label");
      const usable = column.kind !== "left out";
      const goal = i === state.target;
      if (usable && !goal) label.append(make("input", "", { type: "checkbox", value: i, checked: used.includes(i) }));
      label.append(make("span", shown(column.name)));
      cell.append(label, make("small", goal ? "target" : column.identifier ? "identifier" : column.kind));
      head.append(cell);
    });
    const rows = table.preview.map((cells) => {
      const row = make("tr");
      row.append(...cells.map((text) => make("td", shown(text.length > 40 ? `${text.slice(0, 39)}…` : text))));
      return row;
    });
    const [top, body] = [make("thead"), make("tbody")];
    top.append(head);
    body.append(...rows);
    find(".preview").replaceChildren(top, body);
  }

  /* What became of the columns, in sentences. */
  function told() {
    const { table, problem, used } = state;
    const { goal } = problem;
    const out = table.columns.filter(({ kind }) => kind === "left out").map(({ name, why }) => `${quote(name)} ${why}`);
    out.push(...table.columns.filter(({ identifier }, i) => identifier && !used.includes(i) && i !== state.target).map(({ name }) => `${quote(name)} looks like an identifier`));
    out.push(...problem.constant.map((name) => `${quote(name)} has the same value in all rows of training`));
    const gaps = table.columns.filter(({ missing, kind }, i) => missing && kind !== "left out" && used.includes(i) && i !== state.target);
    const lacking = table.rows - state.count;
    return [
      `Read as ${table.told}.`,
      out.length && `Left out: ${listed(out)}.`,
      gaps.length && `Missing values count as the mean of training: ${listed(gaps.map(({ name, missing }) => `${quote(name)} (${count(missing, "row")})`))}.`,
      lacking && `${count(lacking, "row")} without a target ${lacking === 1 ? "is" : "are"} left out.`,
      goal.levels && `The target counts as a number: ${quote(goal.levels[0])} is 0, ${quote(goal.levels[1])} is 1.`,
      isBinary(goal) && "The page fits two classes by squared error; the command fits a logistic model.",
    ].filter(Boolean);
  }

  const isBinary = ({ values }) => values.every((value) => value === 0 || value === 1 || Number.isNaN(value));

  const listed = (all) => (all.length > 8 ? `${all.slice(0, 7).join(", ")} and ${all.length - 7} more` : all.join(", "));

  /* Reading off a strength */

  /* Each feature: its share of the prediction as a standard deviation in units of the target, signed for a number, and
     its coefficients in original units. Those of a category are differences from the mean row of training. */
  function effects({ w }) {
    const { groups, features, gram, target: moments, y } = state.problem;
    return features.map(({ name, category, parts }, i) => {
      const [from, to] = groups[i];
      const units = parts.map(({ deviation }, k) => (w[from + k] / deviation) * y.deviation);
      if (!category) return { name, size: w[from] * y.deviation, units };
      let square = 0;
      for (let a = from; a < to; a += 1) for (let b = from; b < to; b += 1) square += w[a] * w[b] * gram[a * moments.length + b];
      const middle = units.reduce((sum, unit, k) => sum + unit * parts[k].mean, 0);
      const levels = parts.map(({ level }, k) => [level, units[k] - middle]);
      return { name, size: Math.sqrt(Math.max(square, 0)) * y.deviation, units, levels };
    });
  }

  const isZero = ({ units }) => units.every((unit) => unit === 0);

  function summary() {
    const { path, at, mix, best, baseline } = state;
    const { strength: λ, errors } = path[at];
    const kept = effects(path[at]).filter((effect) => !isZero(effect)).length;
    const where = mix === null ? "Without a penalty" : `At λ = ${strength(λ)}${at === best ? ", where the held-out error is least" : ""},`;
    return `${where} ${kept} of ${count(state.names.length, "column")} ${kept === 1 ? "is" : "are"} kept; the held-out error is ${number(errors[1])}, that of the mean alone ${number(baseline)}.`;
  }

  function show() {
    const { path, at, mix, best, baseline, problem } = state;
    const { strength: λ, errors } = path[at];
    const all = effects(path[at]);
    const kept = all.filter((effect) => !isZero(effect)).sort((a, b) => Math.abs(b.size) - Math.abs(a.size));
    const zero = all.filter(isZero);
    find(".setting output").textContent = mix === null ? "–" : strength(λ);
    slider.setAttribute("aria-valuetext", summary());
    const readings = { training: number(errors[0]), held: number(errors[1]), baseline: number(baseline), kept: `${kept.length} of ${all.length}`, best: mix === null ? "–" : strength(path[best].strength) };
    for (const [name, words] of Object.entries(readings)) find(`[data-value="${name}"]`).textContent = words;
    find(".least").setAttribute("aria-label", `${readings.best}: set this λ`);
    find(".kept-columns tbody").replaceChildren(...kept.map(row));
    const { goal } = problem;
    find(".unit").textContent = `Coefficients are in units of ${quote(goal.name)} per unit of the column.`;
    find(".zero-columns").textContent = zero.length ? `Zero at this λ: ${zero.map(({ name }) => quote(name)).join(", ")}.` : "No column is zero at this λ.";
    const build = `reportgen build ${argument(state.table.name, true)} --target ${argument(goal.name)}`;
    find(".proper").textContent = build;
    redraw();
  }

  function row({ name, size, units, levels }) {
    const made = make("tr");
    const words = levels
      ? levels.map(([level, unit]) => `${quote(level)} ${signed(unit)}`).join(", ")
      : signed(units[0]);
    made.append(make("th", shown(name), { scope: "row" }), make("td", words, { className: levels ? "number levels" : "number" }), make("td", levels ? number(size) : signed(size), { className: "number" }));
    return made;
  }

  const signed = (value) => `${value > 0 ? "+" : ""}${number(value)}`;

  /* The chart: effects over λ above, errors below */

  function redraw() {
    if (waiting || !state) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  }

  function draw() {
    const wide = canvas.clientWidth;
    if (!wide) return;
    const theme = plots.theme(figure);
    const [upper, lower] = [Math.round(Math.min(300, 0.35 * wide + 120)), 110];
    const { context } = plots.fitCanvas(canvas, upper + lower + 88);
    const { path, at, best, mix, baseline } = state;
    const one = path.length === 1;
    const left = Math.round(Math.min(170, Math.max(92, 0.24 * wide)));
    area = { x: left, width: wide - left - 50 };
    const logarithms = path.map((step) => Math.log10(step.strength));
    const share = (i) => (logarithms[i] - logarithms[0]) / (logarithms.at(-1) - logarithms[0]);
    area.places = one ? [] : path.map((_, i) => area.x + share(i) * area.width);
    const x = (i) => area.places[i];
    const write = (words, across, up, align, color = theme.muted, weight = 400) => {
      context.font = `${weight} 12px ${plots.FONT}`;
      [context.textAlign, context.textBaseline, context.fillStyle] = [align, "middle", color];
      context.fillText(words, across, up);
    };
    const rule = (points, color, width, dash = []) => {
      context.beginPath();
      for (const [across, up] of points) context.lineTo(across, up);
      [context.strokeStyle, context.lineWidth] = [color, width];
      context.setLineDash(dash);
      context.stroke();
      context.setLineDash([]);
    };
    const line = (values, y, color, width, dash) => {
      rule(one ? [[area.x, y(values[0])], [area.x + area.width, y(values[0])]] : values.map((value, i) => [x(i), y(value)]), color, width, dash);
    };
    const panel = (top, height, low, high, title) => {
      const y = (value) => top + height - ((value - low) / (high - low)) * height;
      write(title, area.x, top - 14, "left", theme.ink, 600);
      for (const tick of plots.ticks([low, high], height > 150 ? 5 : 3)) {
        rule([[area.x, y(tick)], [area.x + area.width, y(tick)]], theme.grid, 1);
        write(number(tick), area.x + area.width + 7, y(tick), "left");
      }
      return y;
    };

    const sizes = state.names.map(() => []);
    for (const step of path) effects(step).forEach(({ size }, i) => sizes[i].push(size));
    const all = sizes.flat();
    const [low, high] = [Math.min(0, ...extent(all)), Math.max(0, ...extent(all))];
    const room = 0.04 * (high - low || 1);
    const top = 28;
    const y = panel(top, upper, low - room, high + room, wide < 480 ? "Effect of each column" : "Effect of one standard deviation of each column");
    rule([[area.x, y(0)], [area.x + area.width, y(0)]], theme.muted, 1);
    const order = [...sizes.keys()].sort((a, b) => reach(sizes[b]) - reach(sizes[a]));
    const colors = new Map(order.slice(0, COLORS.length).map((i, k) => [i, plots.inColor(theme, figure, COLORS[k]).network]));
    for (const i of [...order].reverse()) line(sizes[i], y, colors.get(i) ?? theme.nothing, colors.has(i) ? 2.2 : 1, state.problem.features[i].category ? [6, 3] : []);
    // Many names would crowd where lines are hardly above zero.
    const worth = order.filter((i, k) => order.length <= 12 || k < COLORS.length || reach(sizes[i]) > 0.05 * reach(all));
    names(worth.slice(0, Math.floor(upper / 15)), (i) => y(sizes[i][0]), top, upper).forEach(([i, up]) => {
      rule([[area.x - 12, up], [area.x - 2, y(sizes[i][0])]], colors.get(i) ?? theme.nothing, 1);
      write(fitting(context, shown(state.names[i]), area.x - 16), area.x - 16, up, "right", theme.ink);
    });

    const errors = [0, 1].map((which) => path.map((step) => step.errors[which]));
    const top2 = top + upper + 36;
    const [least, most] = extent([...errors.flat(), baseline]);
    const margin = 0.06 * (most - least || most || 1);
    const y2 = panel(top2, lower, least - margin, most + margin, "Error");
    [context.font, context.textAlign] = [`400 12px ${plots.FONT}`, "left"];
    let across = area.x + 48;
    for (const [words, color, dash] of [["training", theme.muted, [4, 3]], ["held out", theme.ink, []]]) {
      rule([[across, top2 - 14], [across + 18, top2 - 14]], color, 2, dash);
      write(words, across + 23, top2 - 14, "left");
      across += 84;
    }
    line(errors[0], y2, theme.muted, 2, [4, 3]);
    line(errors[1], y2, theme.ink, 2.2);
    const bottom = top2 + lower;
    if (!one) {
      for (const [up, down] of [[top, top + upper], [top2, bottom]]) {
        rule([[x(at), up], [x(at), down]], plots.inColor(theme, figure, "accent").network, 2);
        rule([[x(best), up], [x(best), down]], theme.muted, 1, [2, 3]);
      }
      const decade = area.width / (logarithms.at(-1) - logarithms[0]);
      path.forEach((step, i) => {
        const ending = logarithms[i] - Math.floor(logarithms[i] + 1e-9);
        const whole = ending < 1e-6 && (decade > 42 || Math.round(logarithms[i]) % 2 === 0);
        const shownHere = whole || (decade > 100 && Math.abs(ending - 0.5) < 0.01);
        if (shownHere) write(strength(step.strength), x(i), bottom + 12, "center");
      });
      write("λ", area.x - 26, bottom + 12, "right", theme.ink);
    }
    context.beginPath();
    context.arc(x(at), y2(errors[1][at]), 4.5, 0, 2 * Math.PI);
    context.fillStyle = theme.ink;
    context.fill();
    canvas.setAttribute("aria-label", `Effect of each column and errors ${mix === null ? "without a penalty" : "over λ"}. ${summary()}`);
  }

  const reach = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

  const extent = (values) => values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

  /* Heights for names beside the ends of their lines: at least 15 pixels apart, within the panel. */
  function names(some, end, top, height) {
    const placed = some.map((i) => [i, end(i)]).sort((a, b) => a[1] - b[1]);
    placed.forEach((one, k) => (one[1] = Math.max(one[1], k ? placed[k - 1][1] + 15 : top + 6)));
    let floor = top + height - 2;
    for (const one of placed.reverse()) {
      one[1] = Math.min(one[1], floor);
      floor = one[1] - 15;
    }
    return placed;
  }

  function fitting(context, text, room) {
    context.font = `400 12px ${plots.FONT}`;
    if (context.measureText(text).width <= room) return text;
    let end = Math.min(text.length, 60);
    while (end > 1 && context.measureText(`${text.slice(0, end)}…`).width > room) end -= 1;
    return `${text.slice(0, end)}…`;
  }

  /* Controls */

  function select(at) {
    slider.value = at;
    state.at = slider.valueAsNumber;
    show();
  }

  slider.addEventListener("input", () => select(slider.valueAsNumber));
  const turn = ({ offsetX }) => {
    const distance = (i) => Math.abs(area.places[i] - offsetX);
    if (state && !slider.disabled) select(area.places.reduce((least, _, i) => (distance(i) < distance(least) ? i : least), 0));
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse") canvas.setPointerCapture(event.pointerId);
    turn(event);
  });
  canvas.addEventListener("pointermove", (event) => event.buttons && turn(event));

  const again = (changes) => {
    const { table, used, target: goal, mix } = { ...state, ...changes };
    attempt("Fitting …", () => fit(table, goal, used, mix));
  };
  target.addEventListener("change", () => again({ target: Number(target.value) }));
  penalty.addEventListener("change", () => attempt("Fitting …", () => withPath(state, mixOf())));
  find(".preview").addEventListener("change", () => {
    const boxes = [...figure.querySelectorAll(".preview input")];
    again({ used: [state.target, ...boxes.filter(({ checked }) => checked).map(({ value }) => Number(value))].sort((a, b) => a - b) });
  });
  find(".least").addEventListener("click", () => select(state.best));

  file.addEventListener("change", () => {
    if (file.files.length) openFile(file.files[0]);
    // The same file can be chosen again after it was corrected.
    file.value = "";
  });
  find(".use").addEventListener("click", () => openText(pasted.value));
  pasted.addEventListener("paste", () => setTimeout(() => openText(pasted.value)));

  for (const kind of ["dragenter", "dragover"]) {
    figure.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  figure.addEventListener("dragleave", (event) => figure.contains(event.relatedTarget) || drop.classList.remove("over"));
  figure.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    const { files } = event.dataTransfer;
    if (files.length === 1) openFile(files[0]);
    else if (files.length) attempt("", () => Promise.reject(ownTable.refuse("Drop one file at a time.")));
    else openText(event.dataTransfer.getData("text/plain"));
  });

  new ResizeObserver(redraw).observe(canvas);
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", redraw);
  figure.hidden = false;
});
