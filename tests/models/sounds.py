"""Sounds at 16 kHz, made here: tones, chirps, noise, and something like vowels."""

import numpy as np

RATE, LENGTH = 16000, 8 * 512
TIME = np.arange(LENGTH) / RATE


def tone(frequency, loudness=0.5):
    return loudness * np.sin(2 * np.pi * frequency * TIME)


def chirp(first, last):
    """A tone whose frequency changes evenly."""
    return 0.5 * np.sin(2 * np.pi * (first * TIME + (last - first) * TIME**2 / (2 * TIME[-1])))


def vowel(pitch, *formants):
    """Harmonics of a pitch that wavers, as loud as resonances at the formants make them."""
    phase = 2 * np.pi * np.cumsum(pitch * (1 + 0.03 * np.sin(2 * np.pi * 5 * TIME))) / RATE
    sound = np.zeros(LENGTH)
    for harmonic in range(1, int(4000 / pitch)):
        at = harmonic * pitch
        sound += np.sin(harmonic * phase) * sum(1 / (1 + ((at - f) / 80)**2) for f in formants) / harmonic**0.5
    return 0.4 * sound / np.abs(sound).max() * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * TIME))


def sounds():
    """Twenty sounds of eight windows of 512 samples, of f32 from -1 to 1."""
    rng = np.random.default_rng(0)
    white = rng.normal(0, 0.1, LENGTH)
    brown = np.cumsum(white)
    clicks = np.where(np.arange(LENGTH) % 800 == 0, 0.9, 0)
    vowels = [vowel(110, 730, 1090, 2440), vowel(210, 270, 2290, 3010), vowel(140, 300, 870, 2240),
              vowel(95, 530, 1840, 2480), vowel(180, 570, 840, 2410)]
    half = np.arange(LENGTH) < LENGTH // 2
    all_sounds = [
        np.zeros(LENGTH), tone(50), tone(440), tone(1000, 0.01), tone(7000), tone(220) * (np.sin(2 * np.pi * 4 * TIME) > 0),
        chirp(100, 4000), chirp(7000, 200), white, 0.001 * white, 0.5 * brown / np.abs(brown).max(), clicks,
        *vowels, vowels[0] + 0.5 * white, np.where(half, vowels[1], vowels[2]), np.where(half, 0, vowels[3]),
    ]
    return [np.clip(sound, -1, 1).astype("f4") for sound in all_sounds]
