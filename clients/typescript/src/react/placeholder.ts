const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
const SIDE = 8;
const GAMMA = 2.2; // near enough to sRGB for a blur

/** The head of a bitmap of 8 × 8 pixels in 24 bits, the bottom row first; little-endian (BITMAPINFOHEADER). */
const HEAD = [
  ...[0x42, 0x4d, 246, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0],
  ...[40, 0, 0, 0, SIDE, 0, 0, 0, SIDE, 0, 0, 0, 1, 0, 24, 0],
  ...new Array<number>(24).fill(0),
];

/**
 * Paints a blurhash (https://blurha.sh) as a small bitmap that a browser smooths when it enlarges it.
 *
 * Returns it as a CSS background, which is empty if the hash is broken.
 */
export function placeholderOf(hash: string): string {
  const digits = Array.from(hash, (digit) => DIGITS.indexOf(digit));
  const number = (from: number, to: number) => digits.slice(from, to).reduce((sum, digit) => sum * 83 + digit, 0);
  const across = (digits[0]! % 9) + 1;
  const count = across * (Math.floor(digits[0]! / 9) + 1);
  if (digits.includes(-1) || digits.length !== 4 + 2 * count) return "";

  const greatest = (digits[1]! + 1) / 166;
  const average = number(2, 6);
  // Blue, green, red: the order of a bitmap.
  const waves = [[average & 255, (average >> 8) & 255, average >> 16].map((level) => (level / 255) ** GAMMA)];
  for (let at = 1; at < count; at++) {
    const value = number(4 + 2 * at, 6 + 2 * at);
    const parts = [value % 19, Math.floor(value / 19) % 19, Math.floor(value / 361)];
    waves.push(parts.map((part) => Math.sign(part - 9) * ((part - 9) / 9) ** 2 * greatest));
  }

  const bytes = [...HEAD];
  for (let y = SIDE - 1; y >= 0; y--) {
    for (let x = 0; x < SIDE; x++) {
      for (let color = 0; color < 3; color++) {
        const light = waves.reduce(
          (sum, wave, at) =>
            sum +
            wave[color]! *
              Math.cos((Math.PI * (x + 0.5) * (at % across)) / SIDE) *
              Math.cos((Math.PI * (y + 0.5) * Math.floor(at / across)) / SIDE),
          0,
        );
        bytes.push(255 * Math.min(1, Math.max(0, light)) ** (1 / GAMMA));
      }
    }
  }
  return `url(data:image/bmp;base64,${btoa(String.fromCharCode(...bytes))}) 0 0 / 100% 100%`;
}
