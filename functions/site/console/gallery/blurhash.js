// Decodes a blurhash (https://blurha.sh): the cosines behind a blurred picture, in a few characters.

const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
const SIDE = 24;

/** Paint a blurhash onto a canvas; answers whether it could be read. */
export function paintBlurhash(canvas, hash) {
  const components = read(hash);
  if (!components) return false;
  canvas.width = canvas.height = SIDE;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(SIDE, SIDE);
  const { across, down, colors } = components;
  for (let y = 0; y < SIDE; y += 1) {
    for (let x = 0; x < SIDE; x += 1) {
      let red = 0,
        green = 0,
        blue = 0;
      for (let j = 0; j < down; j += 1) {
        const vertical = Math.cos((Math.PI * y * j) / SIDE);
        for (let i = 0; i < across; i += 1) {
          const weight = Math.cos((Math.PI * x * i) / SIDE) * vertical;
          const color = colors[j * across + i];
          red += color[0] * weight;
          green += color[1] * weight;
          blue += color[2] * weight;
        }
      }
      picture.data.set([encoded(red), encoded(green), encoded(blue), 255], (y * SIDE + x) * 4);
    }
  }
  context.putImageData(picture, 0, 0);
  return true;
}

function read(hash) {
  const values = Array.from(hash ?? "", (digit) => DIGITS.indexOf(digit));
  if (values.length < 6 || values.includes(-1)) return null;
  const across = (values[0] % 9) + 1;
  const down = Math.floor(values[0] / 9) + 1;
  if (values.length !== 4 + 2 * across * down) return null;
  const largest = (values[1] + 1) / 166;
  const colors = [];
  for (let index = 0; index < across * down; index += 1) {
    if (index === 0) {
      const value = number(values.slice(2, 6));
      colors.push([linear(value >> 16), linear((value >> 8) & 255), linear(value & 255)]);
    } else {
      const value = number(values.slice(4 + index * 2, 6 + index * 2));
      colors.push(
        [Math.floor(value / 361), Math.floor(value / 19) % 19, value % 19].map(
          (part) => signedSquare((part - 9) / 9) * largest,
        ),
      );
    }
  }
  return { across, down, colors };
}

const number = (digits) => digits.reduce((sum, digit) => sum * 83 + digit, 0);
const signedSquare = (value) => Math.sign(value) * value * value;
const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);

function encoded(value) {
  const clamped = Math.min(1, Math.max(0, value));
  return Math.round((clamped <= 0.0031308 ? clamped * 12.92 : 1.055 * clamped ** (1 / 2.4) - 0.055) * 255);
}
