/* Writes animated GIFs: one palette for all frames, changed rectangles only, compressed by LZW. No page, no worker.

   gif.palette(images)           at most 255 colors of ImageData-like { data } (RGBA): [[red, green, blue], …]
   gif.writer({ width, height, palette })   { add(rgba, hundredths), finish() }: `add` takes the pixels of the next
                                 frame and how long it stays, `finish` returns the file as a Blob. It repeats forever. */

const gif = (() => {
  "use strict";

  /* The palette has this many colors; the next index stands for a pixel that stays as it was. */
  const COLORS = 255;
  const SAME = COLORS;

  function palette(images) {
    const counts = new Map();
    for (const { data } of images) {
      const pixels = new Uint32Array(data.buffer, data.byteOffset, data.length / 4);
      for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    }
    const common = [...counts].sort(([, a], [, b]) => b - a).slice(0, COLORS);
    return common.map(([pixel]) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255]);
  }

  function writer({ width, height, palette: colors }) {
    const parts = [header(width, height, colors)];
    const nearest = finder(colors);
    let before = null;

    function add(rgba, hundredths) {
      const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, rgba.length / 4);
      const now = Uint8Array.from(pixels, nearest);
      const box = before ? changed(before, now, width, height) : { x: 0, y: 0, width, height };
      const indices = new Uint8Array(box.width * box.height);
      for (let y = 0, k = 0; y < box.height; y += 1) {
        for (let at = (box.y + y) * width + box.x, end = at + box.width; at < end; at += 1, k += 1) {
          indices[k] = before?.[at] === now[at] ? SAME : now[at];
        }
      }
      before = now;
      parts.push(control(hundredths), descriptor(box), compress(indices));
    }

    function finish() {
      return new Blob([...parts, Uint8Array.of(0x3b)], { type: "image/gif" });
    }

    return { add, finish };
  }

  const low = (number) => number & 255;
  const high = (number) => number >> 8;

  function header(width, height, colors) {
    const table = new Uint8Array(3 * 256);
    colors.forEach((color, i) => table.set(color, 3 * i));
    const size = [low(width), high(width), low(height), high(height)];
    return Uint8Array.of(
      ...bytes("GIF89a"), ...size, 0xf7, 0, 0, ...table,
      // Repeats forever.
      0x21, 0xff, 11, ...bytes("NETSCAPE2.0"), 3, 1, 0, 0, 0,
    );
  }

  const bytes = (text) => Array.from(text, (letter) => letter.charCodeAt(0));

  /* A frame stays where the next one does not draw, and SAME is transparent. */
  function control(hundredths) {
    return Uint8Array.of(0x21, 0xf9, 4, 0b0000_0101, low(hundredths), high(hundredths), SAME, 0);
  }

  function descriptor({ x, y, width, height }) {
    return Uint8Array.of(0x2c, ...[x, y, width, height].flatMap((number) => [low(number), high(number)]), 0);
  }

  /* From a pixel to the index of the nearest color, which is remembered. */
  function finder(colors) {
    const known = new Map();
    return (pixel) => {
      let found = known.get(pixel);
      if (found === undefined) {
        const [red, green, blue] = [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
        let least = Infinity;
        colors.forEach((color, i) => {
          const distance = (color[0] - red) ** 2 + (color[1] - green) ** 2 + (color[2] - blue) ** 2;
          if (distance < least) [least, found] = [distance, i];
        });
        known.set(pixel, found);
      }
      return found;
    };
  }

  /* The smallest rectangle with all pixels that differ; one pixel if none does, since a frame must have one. */
  function changed(before, now, width, height) {
    let [left, right, top, bottom] = [width, -1, -1, -1];
    for (let y = 0, at = 0; y < height; y += 1) {
      for (let x = 0; x < width; x += 1, at += 1) {
        if (before[at] === now[at]) continue;
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        if (top < 0) top = y;
        bottom = y;
      }
    }
    if (top < 0) return { x: 0, y: 0, width: 1, height: 1 };
    return { x: left, y: top, width: right - left + 1, height: bottom - top + 1 };
  }

  /* LZW with codes of up to 12 bits, in blocks of at most 255 bytes. */
  function compress(indices) {
    const [BITS, MOST] = [8, 4096];
    const [CLEAR, END] = [1 << BITS, (1 << BITS) + 1];
    const out = [BITS];
    let [block, buffer, filled] = [[], 0, 0];
    let table = new Map();
    let [size, next] = [BITS + 1, END + 1];

    function write(code) {
      buffer |= code << filled;
      filled += size;
      for (; filled >= 8; filled -= 8, buffer >>>= 8) put(buffer & 255);
    }
    function put(byte) {
      block.push(byte);
      if (block.length === 255) flush();
    }
    function flush() {
      if (block.length) out.push(block.length, ...block);
      block = [];
    }

    write(CLEAR);
    let prefix = indices[0];
    for (let i = 1; i < indices.length; i += 1) {
      const key = (prefix << 8) | indices[i];
      const code = table.get(key);
      if (code !== undefined) {
        prefix = code;
        continue;
      }
      write(prefix);
      if (next < MOST) {
        // A code needs one bit more as soon as the table holds one that does.
        if (next === 1 << size) size += 1;
        table.set(key, next);
        next += 1;
      } else {
        write(CLEAR);
        table = new Map();
        [size, next] = [BITS + 1, END + 1];
      }
      prefix = indices[i];
    }
    write(prefix);
    write(END);
    if (filled) put(buffer & 255);
    flush();
    out.push(0);
    return Uint8Array.from(out);
  }

  return { palette, writer };
})();
