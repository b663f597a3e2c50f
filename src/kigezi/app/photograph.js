/** Open a photograph in the browser and hand out the pixels that the network looks at. */

import { collect, fit, jpegDivisor } from "./resize.js";

export const MOST_PIXELS = 100e6;

/** Why a file cannot be looked at; `reason` is the key of a sentence in texts.json. */
export class PhotographError extends Error {
  constructor(reason, cause) {
    super(reason, { cause });
    this.reason = reason;
  }
}

/** Decode a file: {bitmap, jpeg}. Close the bitmap when it is done with. */
export async function openPhotograph(file) {
  let bytes;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new PhotographError("problem_unreadable", error);
  }
  const jpeg = readJpeg(bytes);
  const declared = jpeg ?? readPng(bytes);
  // Before it is decoded: a picture of 400 MB would take the page down without a word.
  if (declared) refuseLarge(declared);
  let bitmap;
  try {
    bitmap = await decode(new Blob([bytes]));
  } catch (error) {
    throw new PhotographError("problem_unreadable", error);
  }
  try {
    refuseLarge(bitmap);
  } catch (error) {
    bitmap.close();
    throw error;
  }
  return { bitmap, jpeg };
}

/** The square of `size` pixels as RGB bytes. */
export function squarePixels({ bitmap, jpeg }, size, how) {
  const { width, height } = bitmap;
  const divisor = jpeg ? jpegDivisor(width, height, size) : 1;
  const canvas = document.createElement("canvas");
  canvas.width = width;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const readRows = (top, count) => {
    if (canvas.height !== count) canvas.height = count;
    context.globalCompositeOperation = "copy";
    context.drawImage(bitmap, 0, top, width, count, 0, 0, width, count);
    const rgba = context.getImageData(0, 0, width, count).data;
    // A browser that lacks memory for a canvas gives emptiness instead of an error.
    if (jpeg && rgba[3] !== 255) throw new PhotographError("problem_memory");
    return rgba;
  };
  try {
    const image = collect(width, height, divisor, readRows, partialBlocks(jpeg));
    return fit(image, size, how).data;
  } catch (error) {
    if (error instanceof PhotographError) throw error;
    throw new PhotographError("problem_memory", error);
  } finally {
    canvas.width = canvas.height = 0; // frees its memory now
  }
}

function refuseLarge({ width, height }) {
  if (width * height > MOST_PIXELS) throw new PhotographError("problem_large");
}

async function decode(blob) {
  const exactly = {
    imageOrientation: "from-image",
    colorSpaceConversion: "none",
    premultiplyAlpha: "none",
  };
  try {
    return await createImageBitmap(blob, exactly);
  } catch (error) {
    // An older browser does not know one of the options and turns photographs by itself.
    if (!(error instanceof TypeError)) throw error;
    return createImageBitmap(blob);
  }
}

/** libjpeg's incomplete blocks lie at the right and below, before EXIF turns the photograph. */
function partialBlocks(jpeg) {
  return {
    left: [2, 3, 6, 7].includes(jpeg?.orientation),
    top: [3, 4, 7, 8].includes(jpeg?.orientation),
  };
}

/** Size and EXIF orientation of a JPEG, from its markers; null for anything else. */
export function readJpeg(bytes) {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8 || bytes[2] !== 0xff) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = { width: 0, height: 0, orientation: 1 };
  try {
    for (let at = 2; ; at += 2 + view.getUint16(at + 2)) {
      while (view.getUint8(at) === 0xff && view.getUint8(at + 1) === 0xff) at += 1;
      if (view.getUint8(at) !== 0xff) break;
      const marker = view.getUint8(at + 1);
      if (marker === 0xe1) found.orientation = exifOrientation(view, at + 4) ?? found.orientation;
      const startsFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
      if (startsFrame) {
        found.height = view.getUint16(at + 5);
        found.width = view.getUint16(at + 7);
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // it is cut short; the decoder will say so
  }
  return found;
}

function exifOrientation(view, at) {
  if (view.getUint32(at) !== 0x45786966) return null; // "Exif"
  const tiff = at + 6;
  const little = view.getUint16(tiff) === 0x4949;
  const directory = tiff + view.getUint32(tiff + 4, little);
  const entries = view.getUint16(directory, little);
  for (let entry = 0; entry < entries; entry += 1) {
    const field = directory + 2 + 12 * entry;
    if (view.getUint16(field, little) === 0x0112) return view.getUint16(field + 8, little);
  }
  return null;
}

function readPng(bytes) {
  const signature = [0x89, 0x50, 0x4e, 0x47];
  if (bytes.length < 24 || signature.some((byte, index) => bytes[index] !== byte)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}
