package dev.throughline.tests;

/**
 * The size of the attacks: small enough for every build, or, with {@code ./throughline attack}, as large as an attacker on a
 * host of this size would make them.
 */
final class AttackSize {
    private static final boolean FULL = Boolean.getBoolean("throughline.attack.full");

    private AttackSize() {}

    static int of(int small, int full) {
        return FULL ? full : small;
    }
}
