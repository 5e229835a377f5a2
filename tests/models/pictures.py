"""Grey pictures of text, from 0 (black) to 1 (white), in a font of 5 by 7 dots."""

import numpy as np

# Rows of five bits from the top, in hexadecimal: two digits a row.
FONT = {letter: [int(rows[i:i + 2], 16) for i in range(0, 14, 2)] for letter, rows in {
    "A": "0E11111F111111", "B": "1E11111E11111E", "C": "0E11101010110E", "D": "1E11111111111E", "E": "1F10101E10101F",
    "F": "1F10101E101010", "G": "0E11101713110F", "H": "1111111F111111", "I": "0E04040404040E", "J": "0702020202120C",
    "K": "11121418141211", "L": "1010101010101F", "M": "111B1515111111", "N": "11191513111111", "O": "0E11111111110E",
    "P": "1E11111E101010", "Q": "0E11111115120D", "R": "1E11111E141211", "S": "0F10100E01011E", "T": "1F040404040404",
    "U": "1111111111110E", "V": "11111111110A04", "W": "1111111515150A", "X": "11110A040A1111", "Y": "1111110A040404",
    "Z": "1F01020408101F", "0": "0E11131519110E", "1": "040C040404040E", "2": "0E11010204081F", "3": "1F02040201110E",
    "4": "02060A121F0202", "5": "1F101E0101110E", "6": "0608101E11110E", "7": "1F010204080808", "8": "0E11110E11110E",
    "9": "0E11110F01020C", " ": "00000000000000", "-": "0000001F000000", ".": "00000000000C0C", ":": "000C0C000C0C00",
}.items()}

# Lines on which onnxruntime, in f32, is within 1e-5 of the same model in f64. Of others, such as INVOICE 2024 in this font,
# attention takes sums that are nearly alike, and rounding decides by 3e-4 what comes of it: nothing could be compared.
PHRASES = ["HELLO WORLD", "TOTAL 42.90", "INVOICE 88", "EXIT", "PLATFORM 9", "RUST", "FLIGHT LH 441", "DO NOT ENTER",
           "OPEN 8:30", "NUMBER 17", "PAGE 12", "LAZY DOGS", "MACHINE", "LEARNING", "SERIAL 55021", "GATE B12",
           "THANK YOU", "WELCOME", "VERSION 3.1", "END OF PAGE"]


def dots(text):
    """The text as 0 and 1, seven rows, with a column between letters."""
    letters = [[[row >> (4 - column) & 1 for column in range(5)] + [0] for row in FONT[letter]] for letter in text]
    return np.concatenate(letters, axis=1)[:, :-1]


def blurred(picture):
    """Each element with a quarter of its neighbours, which makes round letters of square dots."""
    for axis in (0, 1):
        picture = (np.roll(picture, 1, axis) + 2 * picture + np.roll(picture, -1, axis)) / 4
    return picture


def printed(picture, text, top, left, size):
    """Prints ink onto a picture: dots of `size` elements each way, cut off at the edges."""
    ink = blurred(np.pad(np.kron(dots(text), np.ones((size, size))), size))
    ink = ink[:picture.shape[0] - top, :picture.shape[1] - left]
    part = picture[top:top + ink.shape[0], left:left + ink.shape[1]]
    part[:] = np.maximum(part, ink)


def coloured(ink, rng, number):
    """Ink on paper: dark on light or the reverse, with a gradient on every third picture and grain on every other."""
    paper, dark = (0.95, 0.05) if number % 4 < 3 else (0.1, 0.9)
    picture = paper + (dark - paper) * ink
    if number % 3 == 0:
        picture *= np.linspace(1, 0.7, picture.shape[1])
    if number % 2:
        picture += rng.normal(0, 0.03, picture.shape)
    return np.clip(picture, 0, 1)


def line(height, width, text, number):
    """One line of text, as large as fits, after a margin."""
    rng, ink = np.random.default_rng(number), np.zeros((height, width))
    size = min((height - 8) // 9, (width - 8) // (6 * len(text) + 2))
    printed(ink, text, (height - 9 * size) // 2, 4, size)
    return coloured(ink, rng, number)


def page(height, width, number):
    """Up to four lines of text of different sizes; on every fifth page none."""
    rng, ink, top = np.random.default_rng(100 + number), np.zeros((height, width)), 4
    for at in range(number % 5):
        size = int(rng.integers(1, 4))
        if top + 9 * size <= height:
            printed(ink, PHRASES[(number + 7 * at) % len(PHRASES)], top, int(rng.integers(2, 60)), size)
        top += 9 * size + int(rng.integers(4, 12))
    return coloured(ink, rng, number)
