/*
 * Doubles as decimal text and back, by whole numbers alone: exact, whatever the host's locale and
 * rounding mode are, and without memory.
 */
#ifndef NAI_FILE_DECIMAL_H
#define NAI_FILE_DECIMAL_H

/* Bytes that a printed number takes, with the 0 at its end. */
#define NAI__DECIMAL 32

/*
 * A finite number, with the fewest of 15, 16 or 17 digits that are read as the same number. There
 * is a point or an exponent in it, as in "20.0".
 */
void nai__decimal_print(char text[NAI__DECIMAL], double value);

/*
 * The double nearest to the JSON number at `text`, which ends at the first character that cannot be
 * part of one. 1; 0 when it is larger than all doubles.
 */
int nai__decimal_read(double *out, const char *text);

#endif
