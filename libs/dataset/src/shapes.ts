/** Shapes of samples, as data sets and tasks write them. */

/** Grey images may be written without their channel: `[H, W]` is `[H, W, 1]`. */
export function imageShape(shape: readonly number[]): readonly number[] {
  return shape.length === 2 ? [...shape, 1] : shape;
}

/** As a sentence has it: `28x28x1`, or `single numbers`. */
export function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'single numbers' : shape.join('x');
}
