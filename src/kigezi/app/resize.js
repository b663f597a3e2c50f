/**
 * Make a photograph as square and small as the network was taught with.
 *
 * Network and page must see the same pixels, so this repeats to the last bit what Pillow does:
 * its bicubic resampling, its fixed point numbers and its rounding (Resample.c), and the rules of
 * kigezi.photos.geometry. An image is {data, width, height}, data being RGB bytes row by row.
 */

const SUPPORT = 2; // of the bicubic filter, in pixels
const BITS = 32 - 8 - 2; // of a coefficient: 8 for a pixel, 2 for sums outside of 0 to 255
const HALF = 1 << (BITS - 1);
const STRIP = 1 << 21; // pixels that are read at once, so that a large photograph fits into memory

/** By what Python's decoder divides the sides of a JPEG: 1, 2, 4 or 8. See JpegImageFile.draft. */
export function jpegDivisor(width, height, size) {
  const spare = Math.min(Math.floor(width / (2 * size)), Math.floor(height / (2 * size)));
  return [8, 4, 2].find((divisor) => spare >= divisor) ?? 1;
}

/**
 * Collect a photograph's pixels strip by strip, laid over white and with blocks of them averaged.
 *
 * libjpeg's small decoding gives the averages of such blocks, so a JPEG is treated likewise here.
 *
 * readRows(top, count): the RGBA bytes of these rows.
 * partial: whether the incomplete blocks lie at the left and at the top, as in a turned JPEG.
 */
export function collect(width, height, divisor, readRows, partial = {}) {
  const skippedX = partial.left ? (divisor - (width % divisor)) % divisor : 0;
  const skippedY = partial.top ? (divisor - (height % divisor)) % divisor : 0;
  const columns = Math.ceil(width / divisor);
  const rows = Math.ceil(height / divisor);
  const data = new Uint8Array(columns * rows * 3);
  const sums = new Float64Array(columns * 3);
  const atOnce = Math.max(1, Math.floor(STRIP / (width * divisor)));
  for (let first = 0; first < rows; first += atOnce) {
    const last = Math.min(first + atOnce, rows);
    const top = Math.max(0, first * divisor - skippedY);
    const bottom = Math.min(height, last * divisor - skippedY);
    const rgba = readRows(top, bottom - top);
    layOverWhite(rgba);
    for (let row = first; row < last; row += 1) {
      const from = Math.max(0, row * divisor - skippedY);
      const to = Math.min(height, (row + 1) * divisor - skippedY);
      sums.fill(0);
      for (let y = from; y < to; y += 1) {
        addRow(sums, rgba, (y - top) * width * 4, width, divisor, skippedX);
      }
      for (let column = 0; column < columns; column += 1) {
        const left = Math.max(0, column * divisor - skippedX);
        const right = Math.min(width, (column + 1) * divisor - skippedX);
        const count = (right - left) * (to - from);
        for (let channel = 0; channel < 3; channel += 1) {
          const mean = Math.floor(sums[column * 3 + channel] / count + 0.5);
          data[(row * columns + column) * 3 + channel] = mean;
        }
      }
    }
  }
  return { data, width: columns, height: rows };
}

function addRow(sums, rgba, start, width, divisor, skipped) {
  let at = 0;
  let inBlock = skipped;
  for (let index = start; index < start + width * 4; index += 4) {
    sums[at] += rgba[index];
    sums[at + 1] += rgba[index + 1];
    sums[at + 2] += rgba[index + 2];
    inBlock += 1;
    if (inBlock === divisor) {
      inBlock = 0;
      at += 3;
    }
  }
}

/** Lay RGBA pixels over white in place, with the rounding of Pillow's Image.paste. */
export function layOverWhite(rgba) {
  for (let index = 0; index < rgba.length; index += 4) {
    const alpha = rgba[index + 3];
    if (alpha === 255) continue;
    for (let channel = index; channel < index + 3; channel += 1) {
      const sum = 255 * (255 - alpha) + rgba[channel] * alpha + 128;
      rgba[channel] = ((sum >> 8) + sum) >> 8;
    }
    rgba[index + 3] = 255;
  }
}

/** The photograph as a square of `size` pixels; how: crop, pad or squash. */
export function fit(image, size, how) {
  if (image.width === size && image.height === size) return image;
  if (how === "pad") return padded(image, size);
  if (how === "squash") return resized(image, size, size);
  if (how !== "crop") throw new Error(`fit is "${how}", but it may be crop, pad or squash.`);
  const side = Math.min(image.width, image.height);
  const left = (image.width - side) / 2;
  const top = (image.height - side) / 2;
  return resized(image, size, size, [left, top, left + side, top + side]);
}

function padded(image, size) {
  const scale = size / Math.max(image.width, image.height);
  const width = Math.max(1, roundHalfToEven(image.width * scale));
  const height = Math.max(1, roundHalfToEven(image.height * scale));
  const inside = resized(image, width, height);
  const data = new Uint8Array(size * size * 3);
  const left = Math.floor((size - width) / 2);
  const top = Math.floor((size - height) / 2);
  for (let y = 0; y < height; y += 1) {
    const row = inside.data.subarray(y * width * 3, (y + 1) * width * 3);
    data.set(row, ((top + y) * size + left) * 3);
  }
  return { data, width: size, height: size };
}

/** Python's round(). */
function roundHalfToEven(number) {
  const below = Math.floor(number);
  if (number - below !== 0.5) return Math.round(number);
  return below % 2 === 0 ? below : below + 1;
}

/** Pillow's Image.resize((width, height), BICUBIC, box) of RGB pixels. */
export function resized(image, width, height, box = [0, 0, image.width, image.height]) {
  const [left, top, right, bottom] = box;
  const across = coefficients(image.width, left, right, width);
  const down = coefficients(image.height, top, bottom, height);
  const widthChanges = width !== image.width || left !== 0 || right !== width;
  const heightChanges = height !== image.height || top !== 0 || bottom !== height;
  let { data } = image;
  // Each pass rounds, so their order shows. From version 13 on, Pillow makes a tall image low first.
  const lost = image.height - height;
  if (lost > 0 && lost > 2 * (image.width - width)) {
    if (heightChanges) data = vertical(data, image.width, down);
    if (widthChanges) data = horizontal(data, image.width, height, across);
    return { data, width, height };
  }
  if (widthChanges) {
    // Rows that no result needs are left out, as a square of a wide photograph needs few.
    const first = down.starts[0];
    const count = down.starts[height - 1] + down.counts[height - 1] - first;
    data = horizontal(data.subarray(first * image.width * 3), image.width, count, across);
    down.starts = down.starts.map((start) => start - first);
  }
  if (heightChanges) data = vertical(data, width, down);
  return { data, width, height };
}

/** For each result along a line: the first pixel that it is made of, how many, and their shares. */
function coefficients(length, from, to, results) {
  // Pillow holds the box in single precision.
  const scale = Math.fround(Math.fround(to) - Math.fround(from)) / results;
  const widened = Math.max(1, scale);
  const support = SUPPORT * widened;
  const most = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(results);
  const counts = new Int32Array(results);
  const shares = new Int32Array(results * most);
  const exact = new Float64Array(most);
  const shrink = 1 / widened;
  for (let result = 0; result < results; result += 1) {
    const center = Math.fround(from) + (result + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const count = Math.min(length, Math.trunc(center + support + 0.5)) - start;
    let sum = 0;
    for (let tap = 0; tap < count; tap += 1) {
      exact[tap] = bicubic((tap + start - center + 0.5) * shrink);
      sum += exact[tap];
    }
    for (let tap = 0; tap < count; tap += 1) {
      const share = (sum === 0 ? exact[tap] : exact[tap] / sum) * 2 ** BITS;
      shares[result * most + tap] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
    }
    starts[result] = start;
    counts[result] = count;
  }
  return { starts, counts, shares, most };
}

function bicubic(distance) {
  const a = -0.5;
  const x = Math.abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

function horizontal(data, width, rows, { starts, counts, shares, most }) {
  const columns = starts.length;
  const result = new Uint8ClampedArray(columns * rows * 3);
  for (let y = 0, at = 0; y < rows; y += 1) {
    for (let x = 0; x < columns; x += 1, at += 3) {
      let red = HALF;
      let green = HALF;
      let blue = HALF;
      let pixel = (y * width + starts[x]) * 3;
      for (let tap = x * most; tap < x * most + counts[x]; tap += 1, pixel += 3) {
        red += data[pixel] * shares[tap];
        green += data[pixel + 1] * shares[tap];
        blue += data[pixel + 2] * shares[tap];
      }
      result[at] = red >> BITS;
      result[at + 1] = green >> BITS;
      result[at + 2] = blue >> BITS;
    }
  }
  return new Uint8Array(result.buffer);
}

function vertical(data, width, { starts, counts, shares, most }) {
  const rows = starts.length;
  const stride = width * 3;
  const result = new Uint8ClampedArray(stride * rows);
  for (let y = 0, at = 0; y < rows; y += 1) {
    for (let x = 0; x < stride; x += 1, at += 1) {
      let sum = HALF;
      let pixel = starts[y] * stride + x;
      for (let tap = y * most; tap < y * most + counts[y]; tap += 1, pixel += stride) {
        sum += data[pixel] * shares[tap];
      }
      result[at] = sum >> BITS;
    }
  }
  return new Uint8Array(result.buffer);
}
