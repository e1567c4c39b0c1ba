/** Rows of 8-bit pixels, from the top left: grey, grey and opacity, RGB, or RGBA. */
export interface Pixels {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  channels: 1 | 2 | 3 | 4;
}

export interface Reading {
  /** Text of a line, or name of a class. */
  text: string;
  /** From 0 to 1: the probability that all of the text, or the class, is right. */
  confidence: number;
}

/** A model that is loaded once. */
export declare class Reader {
  private constructor();
  /** The `spec.json` of the model. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Throws a RangeError for what is no image, and an Error if the model fails. */
  read(image: Pixels): Promise<Reading>;
  read(images: Pixels[]): Promise<Reading[]>;
}

/** Load the model. `threads`: cores that one reading uses; 0, the default: all. */
export declare function openReader(options?: { threads?: number }): Promise<Reader>;
