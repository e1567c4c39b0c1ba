/**
 * Checks this folder: reads the example images, and compares with the texts that crnn-deploy read in them.
 *
 *     node verify.js
 *
 * It prints one line, and ends with 0 if all texts are the same and no confidence is far off, or else with 1.
 */

import { openReader } from "./crnn-reader.js";
import { verify } from "./verifying.js";

await verify(openReader);
