/** Pixels at the top of the window that the bar of the console covers, and some air. */
export const BAR = 76;
