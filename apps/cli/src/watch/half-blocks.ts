/**
 * A picture in a terminal: the upper half of a character is one pixel, its lower half another, in greys of the 256 colours that
 * terminals have had for decades.
 */

/** A picture of one channel, a byte a pixel. */
export interface GreyImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Greys are colours 232 (nearly black) to 255 (nearly white). */
const FIRST_GREY = 232;
const GREYS = 24;
const RESET = '\u001b[0m';
/** Pixels between the images of a grid, and their grey: see the grids that are drawn in runs. */
const GUTTER = 2;
const GUTTER_GREY = 64;

/** Grey of an image of 1 to 4 channels: grey, grey and alpha, colours, colours and alpha. */
export function greyOf(shape: readonly [number, number, number], pixels: Uint8Array): GreyImage {
  const [height, width, channels] = shape;
  if (channels === 1) return { width, height, pixels };
  const grey = new Uint8Array(width * height);
  for (let i = 0; i < grey.length; i++) {
    const at = i * channels;
    // Rec. 601: how bright red, green and blue look.
    grey[i] =
      channels < 3 ? pixels[at] : Math.round(0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2]);
  }
  return { width, height, pixels: grey };
}

/**
 * The upper left of a sample grid at half its size, as many whole samples as fit.
 *
 * @param room columns and lines of text.
 * @returns lines with colours; none where not even one sample fits.
 */
export function gridInText(grid: GreyImage, room: { readonly columns: number; readonly rows: number }): string[] {
  const across = samplesThatFit(pitchOf(grid, 'across'), grid.width, 2 * room.columns);
  const down = samplesThatFit(pitchOf(grid, 'down'), grid.height, 4 * room.rows);
  if (across === 0 || down === 0) return [];
  const half = halved(grid, across, down);
  const lines: string[] = [];
  for (let y = 0; y < half.height; y += 2) {
    let line = '';
    let colours = '';
    for (let x = 0; x < half.width; x++) {
      const [upper, lower] = [colourAt(half, x, y), y + 1 < half.height ? colourAt(half, x, y + 1) : FIRST_GREY];
      const wanted = `\u001b[38;5;${upper};48;5;${lower}m`;
      line += wanted === colours ? '▀' : `${wanted}▀`;
      colours = wanted;
    }
    lines.push(`${line}${RESET}`);
  }
  return lines;
}

/** From one sample to the next, as the lines between them tell; the whole picture where there are none. */
function pitchOf({ width, height, pixels }: GreyImage, direction: 'across' | 'down'): number {
  const [length, others] = direction === 'across' ? [width, height] : [height, width];
  for (let at = GUTTER + 1; at < length; at++) {
    let isGutter = true;
    for (let other = 0; other < others && isGutter; other++) {
      isGutter = pixels[direction === 'across' ? other * width + at : at * width + other] === GUTTER_GREY;
    }
    if (isGutter) return at;
  }
  return length;
}

/** Pixels of as many whole samples, with their edges, as fit. */
function samplesThatFit(pitch: number, length: number, most: number): number {
  const samples = Math.min(Math.floor(length / pitch), Math.floor((most - GUTTER) / pitch));
  return samples < 1 ? 0 : Math.min(length, samples * pitch + GUTTER);
}

/** Each pixel the mean of four. */
function halved({ width, pixels }: GreyImage, across: number, down: number): GreyImage {
  const [newWidth, newHeight] = [Math.floor(across / 2), Math.floor(down / 2)];
  const half = new Uint8Array(newWidth * newHeight);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const at = 2 * y * width + 2 * x;
      half[y * newWidth + x] = (pixels[at] + pixels[at + 1] + pixels[at + width] + pixels[at + width + 1]) >> 2;
    }
  }
  return { width: newWidth, height: newHeight, pixels: half };
}

function colourAt({ width, pixels }: GreyImage, x: number, y: number): number {
  return FIRST_GREY + Math.floor((pixels[y * width + x] * GREYS) / 256);
}

/** Whether a terminal can be expected to show such pictures, and wants to. */
export function canShowPictures(environment: Readonly<Record<string, string | undefined>>): boolean {
  const { TERM = '', COLORTERM = '', NO_COLOR = '', LC_ALL, LC_CTYPE, LANG = '' } = environment;
  const locale = LC_ALL || LC_CTYPE || LANG;
  const hasColours = /256color|kitty|ghostty|alacritty|foot|wezterm|direct/.test(TERM) || COLORTERM !== '';
  return hasColours && NO_COLOR === '' && TERM !== 'dumb' && /utf-?8/i.test(locale);
}
